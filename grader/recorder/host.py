"""The host's side of a recording: sends the cells, answers the sandbox's questions, writes down what it says."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grader.errors import LabgradeError
from grader.recorder.data import DataDesk
from grader.recorder.evaluations import EvaluationDesk, vouched
from grader.recorder.events import EventLog, ForgedError
from grader.recorder.functions.desk import FunctionDesk
from grader.recorder.line import Line, StudentProcess
from grader.recorder.native import native_training
from grader.recorder.shown import ShownData
from grader.recorder.trainings import FinishedTraining, TrainingDesk, TrainingUnavailableError, fit_arguments
from grader.records.models import DataUse
from grader.records.progress import Progress
from grader.records.recording import Outcome, Recording, Trained
from grader.records.submission import Cell, DataFile
from grader.sandbox.frames import FrameError
from grader.training.handed_in.origin import HandedInWeights
from grader.training.plain import NotExpressibleError
from grader.training.pool import DataPool
from grader.training.service import EpochProgress

Array = NDArray[Any]
logger = logging.getLogger(__name__)


@dataclass
class Recorded:
    """A recording, and the trainings behind it with all that is needed to draw them again."""

    recording: Recording
    trainings: list[tuple[Trained, FinishedTraining]] = field(default_factory=list)
    asked: frozenset[str] = frozenset()
    """Data sets that its code asked for, also those that could not be had: what happened rests on them, too."""


class Recorder:
    """Records one submission."""

    def __init__(
        self,
        cells: Sequence[Cell],
        desk: TrainingDesk,
        data: DataDesk,
        pool: DataPool,
        progress: Progress,
        files: Sequence[DataFile] = (),
    ) -> None:
        self._cells = cells
        self._desk = desk
        self._data = data
        self._progress = progress
        self._log = EventLog(len(cells))
        self._trainings: list[tuple[Trained, FinishedTraining]] = []
        self._evaluations = EvaluationDesk(desk, data)
        self._shown = ShownData(data, pool, self._log)
        self._files = files
        self._handed_in = HandedInWeights(files)
        self._drafts: tuple[int, Any] = (-1, [])
        """The last cell that left figures open, and what they showed then."""
        self._code = [cell.index for cell in cells if cell.kind == "code"]

    def record(
        self, student: StudentProcess, effort: str, threads: int, functions: FunctionDesk | None = None
    ) -> Recorded:
        """Run the cells in `student`, try its `functions`, return what happened; the process is gone afterwards."""
        outcome = Outcome(status="crashed")
        try:
            files = [np.frombuffer(file.content, np.uint8) for file in self._files]
            job = {"effort": effort, "threads": threads, "cells": jobs(self._cells)}
            job |= {"files": [file.path for file in self._files]} | (functions.job if functions else {})
            student.channel.send(job, files)
            done = self._listen(student, functions)
            outcome = student.wait(timeout=10) if done else self._ended(student)
            if functions and functions.done and not functions.first_lives:
                outcome = Outcome(status="finished", seconds=outcome.seconds)
        except (FrameError, ForgedError) as error:
            student.kill()
            message = f"its process sent something that labgrade does not accept ({error})"
            outcome = Outcome(status="killed", message=message, last_cell=self._log.cell)
        except TimeoutError:
            outcome = Outcome(status="finished")
        finally:
            student.kill()
        if outcome.status != "finished":
            self._log.draw(*self._drafts)
        if functions is not None and not functions.done:
            functions.judge(None, self._log)
        testimony = Recording(
            testimony="rerun",
            events=tuple(self._log.events),
            architectures=self._log.architectures,
            data_sources=self._data.sources,
            outcome=outcome.model_copy(update={"last_cell": self._log.cell}),
        )
        return Recorded(testimony, self._trainings, frozenset(self._data.asked))

    def _ended(self, student: StudentProcess) -> Outcome:
        """The process went before it had run all cells."""
        try:
            outcome = student.wait(timeout=30)
        except TimeoutError:
            message = "its process closed its line to labgrade and went on without it"
            return Outcome(status="killed", message=message, last_cell=self._log.cell)
        if outcome.status == "finished":
            message = "the code ended its own process before the last cell"
            return outcome.model_copy(update={"status": "crashed", "message": message})
        return outcome

    def _listen(self, student: StudentProcess, functions: FunctionDesk | None) -> bool:
        """Answer until the sandbox says that it is done (True) or is gone (False)."""
        line = Line(student)
        while True:
            try:
                header, arrays = student.channel.receive()
                kind = header.get("type")
                if kind == "done":
                    return True
                if kind == "functions" and functions is not None and not functions.done:
                    functions.judge(student, self._log)
                    if not functions.first_lives:
                        return True
                    continue
                self._answered(line, header, arrays, str(kind))
            except (EOFError, ConnectionError):
                return False

    def _answered(self, line: Line, header: dict[str, Any], arrays: list[Array], kind: str) -> None:
        """Answer one message. Nothing that a sandbox sends may stop the host: what cannot be handled ends its run."""
        try:
            self._answer(line, header, arrays, kind)
        except (FrameError, ForgedError, LabgradeError, EOFError, OSError):
            raise
        except Exception as error:
            logger.exception("a message of type %r could not be handled", kind[:40])
            raise ForgedError(f"a message that could not be handled: {type(error).__name__}") from error

    def _answer(self, line: Line, header: dict[str, Any], arrays: list[Array], kind: str) -> None:
        if kind == "event":
            self._event(header)
            return
        line.count(kind)
        self._log.place(header)
        if kind == "fit":
            self._fit(line, header)
        elif kind == "native":
            self._native(line, header, arrays)
        elif kind == "data":
            self._shown.take(line, header)
        elif kind == "evaluated":
            self._evaluated(line, header)
        else:
            self._shown.serve(line, header)

    def _event(self, header: dict[str, Any]) -> None:
        kind = header.get("kind")
        if kind == "cell":
            cell = self._log.enter(header)
            if cell in self._code:
                self._progress.cell(self._code.index(cell) + 1, len(self._code))
        elif kind == "epoch":
            epoch, epochs = header.get("epoch"), header.get("epochs")
            if isinstance(epoch, int) and isinstance(epochs, int):
                self._progress.training(self._label(), epoch, epochs)
        elif kind == "drafts":
            self._drafts = self._log.place(header), header.get("figures")
        elif kind != "finished":
            self._log.said(header, self._shown.use(header.get("data")))

    def _label(self) -> str:
        cell = self._cells[self._log.cell] if self._log.cell >= 0 else None
        return f"cell {cell.number}" if cell else "training"

    def _fit(self, line: Line, header: dict[str, Any]) -> None:
        def progress(done: EpochProgress) -> None:
            self._progress.training(self._label(), done.epoch, done.epochs)

        try:
            with line.host_time():
                finished = self._desk.fit(header, lambda: line.fetch("arrays"), progress)
        except NotExpressibleError as why:
            line.tell({"type": "native", "why": str(why)})
            return
        except TrainingUnavailableError as why:
            self._log.note("limit", "training", f"A training was not done: {why}.")
            line.tell({"type": "unavailable", "why": str(why)})
            return
        self._tell_origin(finished.start)
        trained = self._trained(header, finished)
        reply = {
            "type": "trained",
            "history": {name: list(values) for name, values in finished.result.history.metrics.items()},
            "seconds": list(finished.result.history.epoch_seconds),
            "seq": trained.seq,
            "steps": finished.steps,
        }
        line.tell(reply, [*finished.result.weights, *finished.result.optimizer])

    def _trained(self, header: dict[str, Any], finished: FinishedTraining) -> Trained:
        model, architecture = self._log.model(header, self._log.cell, finished.train.shape)
        self._confirm(architecture, sum(int(weight.size) for weight in finished.result.weights))
        trained = Trained(
            seq=self._log.next_seq,
            cell=self._log.cell,
            model=model,
            name=str(header["description"].get("name"))[:100],
            architecture=architecture,
            compile=self._log.compiled(header),
            fit=fit_arguments(header["fit"]),
            history=finished.result.history,
            train=finished.train,
            validation=finished.validation,
            replica=finished.spec.replica,
            continued=bool(finished.start),
            key=finished.spec.key,
            test=finished.result.test,
        )
        self._log.add(trained)
        self._trainings.append((trained, finished))
        self._evaluations.remember(trained, finished)
        return trained

    def _confirm(self, architecture: str, parameters: int) -> None:
        """The trainer's own count of parameters stands above what the sandbox said."""
        known = self._log.architectures[architecture]
        layers = known.layers
        if sum(layer.parameters or 0 for layer in layers) != parameters:
            layers = tuple(layer.model_copy(update={"parameters": None}) for layer in layers)
        update = {"parameters": parameters, "layers": layers}
        self._log.architectures[architecture] = known.model_copy(update=update)

    def _native(self, line: Line, header: dict[str, Any], weights: list[Array]) -> None:
        train, validation, shown = (self._shown.use(header.get(name)) for name in ("train", "validation", "shown"))
        model, architecture = self._log.model(header, self._log.cell)
        trained = native_training(header, model, architecture, self._log, train, validation)
        with line.host_time():
            test = self._desk.score(header, shown or trained.train, weights)
        trained = trained.model_copy(update={"test": test, "vouched": vouched(trained.history, test)})
        self._log.add(trained)
        self._evaluations.remember_sent(trained, weights)
        line.tell({"type": "noted", "seq": trained.seq})

    def _evaluated(self, line: Line, header: dict[str, Any]) -> None:
        """The host evaluates too, where it knows the data or was shown some of it."""
        use = self._shown.use(header.get("data")) or DataUse(split="unknown", rows=0, used_rows=0, shape=())
        rows = self._shown.scored_rows(header.get("data")) if header.get("plain") is True else None

        def fetch() -> list[Array]:
            weights = line.fetch("weights")
            self._tell_origin(weights)
            return weights

        with line.host_time():
            measured = self._evaluations.measured(header, use, rows, fetch)
        trainings = [event for event in self._log.events if isinstance(event, Trained)]
        model = str(header.get("model"))
        trained = self._evaluations.trained(header.get("weights"), header.get("trained"), trainings, model)
        self._log.evaluated(header, use, trained, measured)
        line.tell({"type": "noted"})

    def _tell_origin(self, weights: Sequence[Array]) -> None:
        """A note where a model's weights were handed in as a file."""
        file = self._handed_in.origin(weights)
        if file is not None:
            self._log.note("warning", "handed-in weights", f"The weights of a model come from {file}, handed in.")


def jobs(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """The code cells as the probe takes them. Figures are collected where a notebook would show them: after each
    cell, but in a script only at its end, as one of its figures may be drawn over several pieces."""
    code = [cell for cell in cells if cell.kind == "code"]
    last = {cell.file: cell.index for cell in code}
    return [
        {
            "index": cell.index,
            "source": cell.source,
            "flush": not cell.file.endswith(".py") or last[cell.file] == cell.index,
        }
        for cell in code
    ]
