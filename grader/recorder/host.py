"""The host's side of a recording: sends the cells, answers the sandbox's questions, writes down what it says."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from grader.errors import LabgradeError
from grader.recorder.data import DataDesk
from grader.recorder.evaluations import EvaluationDesk, vouched
from grader.recorder.events import EventLog, ForgedError
from grader.recorder.line import Line, StudentProcess
from grader.recorder.native import native_training
from grader.recorder.probe.rows import sample_rows
from grader.recorder.trainings import FinishedTraining, TrainingDesk, TrainingUnavailableError, fit_arguments
from grader.records.models import DataUse
from grader.records.progress import Progress
from grader.records.recording import Outcome, Recording, Trained
from grader.records.submission import Cell
from grader.sandbox.frames import FrameError
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


class Recorder:
    """Records one submission."""

    def __init__(
        self, cells: Sequence[Cell], desk: TrainingDesk, data: DataDesk, pool: DataPool, progress: Progress
    ) -> None:
        self._cells = cells
        self._desk = desk
        self._data = data
        self._pool = pool
        self._progress = progress
        self._log = EventLog(len(cells))
        self._trainings: list[tuple[Trained, FinishedTraining]] = []
        self._evaluations = EvaluationDesk(desk, data)
        self._code = [cell.index for cell in cells if cell.kind == "code"]

    def record(self, student: StudentProcess, effort: str, threads: int) -> Recorded:
        """Run the cells in `student` and return what happened; the process is gone afterwards."""
        outcome = Outcome(status="crashed")
        try:
            job = {"effort": effort, "threads": threads, "cells": jobs(self._cells)}
            student.channel.send(job)
            done = self._listen(student)
            outcome = student.wait(timeout=10) if done else self._ended(student)
        except (FrameError, ForgedError) as error:
            student.kill()
            message = f"its process sent something that labgrade does not accept ({error})"
            outcome = Outcome(status="killed", message=message, last_cell=self._log.cell)
        except TimeoutError:
            outcome = Outcome(status="finished")
        finally:
            student.kill()
        testimony = Recording(
            testimony="rerun",
            events=tuple(self._log.events),
            architectures=self._log.architectures,
            data_sources=self._data.sources,
            outcome=outcome.model_copy(update={"last_cell": self._log.cell}),
        )
        return Recorded(testimony, self._trainings)

    def _ended(self, student: StudentProcess) -> Outcome:
        """The process went before it had run all cells."""
        outcome = student.wait(timeout=30)
        if outcome.status == "finished":
            message = "the code ended its own process before the last cell"
            return outcome.model_copy(update={"status": "crashed", "message": message})
        return outcome

    def _listen(self, student: StudentProcess) -> bool:
        """Answer until the sandbox says that it is done (True) or is gone (False)."""
        line = Line(student)
        while True:
            try:
                header, arrays = student.channel.receive()
                kind = header.get("type")
                if kind == "done":
                    return True
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
            self._shown(line, header)
        elif kind == "evaluated":
            self._evaluated(line, header)
        else:
            self._serve_dataset(line, header)

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
        elif kind != "finished":
            data = header.get("data")
            self._log.said(header, self._data_use(data) if isinstance(data, dict) else None)

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
        given = [header.get(name) for name in ("train", "validation", "shown")]
        train, validation, shown = [self._data_use(item) if isinstance(item, dict) else None for item in given]
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
        data = header.get("data")
        use = self._data_use(data if isinstance(data, dict) else {})
        rows = self._scored_rows(data) if isinstance(data, dict) and header.get("plain") is True else None
        with line.host_time():
            measured = self._evaluations.measured(header, use, rows, lambda: line.fetch("weights"))
        trainings = [event for event in self._log.events if isinstance(event, Trained)]
        model = str(header.get("model"))
        trained = self._evaluations.trained(header.get("weights"), header.get("trained"), trainings, model)
        self._log.evaluated(header, use, trained, measured)
        line.tell({"type": "noted"})

    def _scored_rows(self, data: dict[str, Any]) -> tuple[str, str] | None:
        rows, digest, labels = data.get("rows"), data.get("digest"), data.get("labels")
        if not isinstance(rows, int) or not isinstance(digest, str) or not isinstance(labels, str):
            return None
        known = self._data_use(data).shape and self._pool.get(digest) is not None
        return self._data.scored_rows(digest, labels, rows, sample_rows(rows)) if known else None

    def _shown(self, line: Line, header: dict[str, Any]) -> None:
        """The sandbox asks whether the host knows some data; if not, it sends a sample of rows."""
        digests = header.get("digests")
        if not isinstance(digests, list) or not all(isinstance(item, str) for item in digests):
            raise ForgedError("data without digests")
        if not all(self._pool.get(item) is not None for item in digests):
            for array in line.fetch("arrays", most=2):
                self._pool.add(array)
        line.tell({"type": "known"})

    def _data_use(self, data: dict[str, Any]) -> DataUse:
        rows, digest, labels = data.get("rows"), data.get("digest"), data.get("labels")
        rows = rows if isinstance(rows, int) and 0 <= rows < 1 << 31 else 0
        array = self._pool.get(digest) if isinstance(digest, str) else None
        positions = sample_rows(rows)
        if array is None or not array.ndim or len(array) != len(positions):
            return DataUse(split="unknown", rows=rows, used_rows=rows, shape=())
        use = self._data.use(str(digest), labels if isinstance(labels, str) else None, rows, positions)
        return use.model_copy(update={"used_rows": rows})

    def _serve_dataset(self, line: Line, header: dict[str, Any]) -> None:
        name = str(header.get("name"))[:100]
        with line.host_time():
            dataset = self._data.dataset(name)
        if dataset is None:
            why = f"the data set {name[:40]} is neither on disk nor to be downloaded"
            self._log.note("warning", "data set", why[0].upper() + why[1:] + ".")
            line.tell({"type": "missing", "why": why})
            return
        arrays = [dataset.x_train, dataset.y_train, dataset.x_test, dataset.y_test]
        line.tell({"type": "arrays"}, arrays)


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
