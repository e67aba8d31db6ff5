"""The host's side of a recording: sends the cells, answers the sandbox's questions, writes down what it says."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from grader.errors import LabgradeError
from grader.probe import descriptions, messages
from grader.recorder.connection import Connection, ForgedError, StudentProcess, send_message
from grader.recorder.event_log import EventLog
from grader.recorder.functions import FunctionHandler, candidate_jobs
from grader.recorder.keras.settings import fit_arguments
from grader.recorder.shown_data import DataHandler, ShownData
from grader.recorder.trainings import (
    EvaluationHandler,
    FinishedTraining,
    TrainingHandler,
    TrainingUnavailableError,
    bears_out,
    reported_training,
)
from grader.records import Cell, DataFile, DataUse, Outcome, Progress, Recording, Trained
from grader.sandbox.frames import Array, FrameError
from grader.training.plain import NotExpressibleError
from grader.training.service import EpochProgress
from grader.training.spec import DataPool
from grader.training.weight_files import HandedInWeights

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
        trainings: TrainingHandler,
        data: DataHandler,
        pool: DataPool,
        progress: Progress,
        files: Sequence[DataFile] = (),
    ) -> None:
        self._cells = cells
        self._training = trainings
        self._data = data
        self._progress = progress
        self._log = EventLog(len(cells))
        self._trainings: list[tuple[Trained, FinishedTraining]] = []
        self._evaluations = EvaluationHandler(trainings, data)
        self._shown = ShownData(data, pool, self._log)
        self._files = files
        self._handed_in = HandedInWeights(files)
        self._drafts: tuple[int, tuple[descriptions.FigureDescription, ...]] = (-1, ())
        """The last cell that left figures open, and what they showed then."""
        self._code = [cell.index for cell in cells if cell.kind == "code"]

    def record(
        self,
        student: StudentProcess,
        effort: str,
        threads: int,
        functions: FunctionHandler | None = None,
        redraw: int = 0,
    ) -> Recorded:
        """Run the cells in `student`, try its `functions`, return what happened; the process is gone afterwards.

        `redraw` is added to all seeds, also to those that the code sets.
        """
        outcome = Outcome(status="crashed")
        try:
            files = [np.frombuffer(file.content, np.uint8) for file in self._files]
            job = messages.RunCells(
                effort=effort,
                threads=threads,
                cells=cell_jobs(self._cells),
                files=tuple(file.path for file in self._files),
                functions=candidate_jobs(functions.plan) if functions else (),
                redraw=redraw,
            )
            send_message(student.channel, job, files)
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

    def _listen(self, student: StudentProcess, functions: FunctionHandler | None) -> bool:
        """Answer until the sandbox says that it is done (True) or is gone (False)."""
        connection = Connection(student)
        while True:
            try:
                message, arrays = connection.receive()
                if isinstance(message, messages.Done):
                    return True
                if isinstance(message, messages.FunctionsReady) and functions is not None and not functions.done:
                    functions.judge(student, self._log)
                    if not functions.first_lives:
                        return True
                    continue
                self._handle(connection, message, arrays)
            except (EOFError, ConnectionError):
                return False

    def _handle(self, connection: Connection, message: messages.FromProbe, arrays: list[Array]) -> None:
        """Answer one message. Nothing that a sandbox sends may stop the host: what cannot be handled ends its run."""
        try:
            if isinstance(message, messages.Question):
                self._answer(connection, message, arrays)
            elif isinstance(message, messages.Event):
                self._take(message)
            else:
                raise ForgedError(f"a message out of turn: {type(message).__name__}")
        except (FrameError, ForgedError, LabgradeError, EOFError, OSError):
            raise
        except Exception as error:
            logger.exception("a message %s could not be handled", type(message).__name__)
            raise ForgedError(f"a message that could not be handled: {type(error).__name__}") from error

    def _answer(self, connection: Connection, question: messages.Question, arrays: list[Array]) -> None:
        connection.count(question)
        self._log.place(question)
        if isinstance(question, messages.FitAsked):
            self._fit(connection, question)
        elif isinstance(question, messages.FitReported):
            self._reported(connection, question, arrays)
        elif isinstance(question, messages.DataOffered):
            self._shown.take(connection, question)
        elif isinstance(question, messages.ModelEvaluated):
            self._evaluated(connection, question)
        else:
            self._shown.serve(connection, question)

    def _take(self, event: messages.Event) -> None:
        """Take note of what happened."""
        if isinstance(event, messages.CellBegun):
            cell = self._log.enter(event)
            if cell in self._code:
                self._progress.cell(self._code.index(cell) + 1, len(self._code))
        elif isinstance(event, messages.EpochEnded):
            self._progress.training(self._label(), event.epoch, event.epochs)
        elif isinstance(event, messages.FiguresDrafted):
            self._drafts = self._log.place(event), event.figures
        elif isinstance(event, messages.ModelPredicted):
            self._log.said(event, self._shown.use(event.data))
        elif not isinstance(event, messages.CellsFinished):
            self._log.said(event)

    def _label(self) -> str:
        cell = self._cells[self._log.cell] if self._log.cell >= 0 else None
        return f"cell {cell.number}" if cell else "training"

    def _fit(self, connection: Connection, asked: messages.FitAsked) -> None:
        def progress(done: EpochProgress) -> None:
            self._progress.training(self._label(), done.epoch, done.epochs)

        try:
            with connection.host_time():
                finished = self._training.fit(asked, lambda: connection.fetch(messages.ArraysSent), progress)
        except NotExpressibleError as why:
            connection.tell(messages.FitHere(why=str(why)))
            return
        except TrainingUnavailableError as why:
            self._log.note("limit", "training", f"A training was not done: {why}.")
            connection.tell(messages.FitUnavailable(why=str(why)))
            return
        self._tell_origin(finished.start)
        trained = self._trained(asked, finished)
        done = messages.FitDone(
            history=finished.result.history.metrics,
            seconds=finished.result.history.epoch_seconds,
            seq=trained.seq,
            steps=finished.steps,
        )
        connection.tell(done, [*finished.result.weights, *finished.result.optimizer])

    def _trained(self, asked: messages.FitAsked, finished: FinishedTraining) -> Trained:
        model, architecture = self._log.model(asked, finished.train.shape)
        self._confirm(architecture, sum(int(weight.size) for weight in finished.result.weights))
        trained = Trained(
            seq=self._log.next_seq,
            cell=self._log.cell,
            model=model,
            name=asked.description.name[:100],
            architecture=architecture,
            compile=self._log.compiled(asked.compile),
            fit=fit_arguments(asked.fit),
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

    def _reported(self, connection: Connection, reported: messages.FitReported, weights: list[Array]) -> None:
        """A training that ran inside: kept as its word, and held against what the host finds with its weights."""
        uses = (self._shown.use(data) for data in (reported.train, reported.validation, reported.shown))
        train, validation, shown = uses
        model, architecture = self._log.model(reported)
        trained = reported_training(reported, model, architecture, self._log, train, validation)
        with connection.host_time():
            test = self._training.score(reported, shown or trained.train, weights)
        trained = trained.model_copy(update={"test": test, "vouched": bears_out(test, trained.history)})
        self._log.add(trained)
        self._evaluations.remember_sent(trained, weights)
        connection.tell(messages.Kept(seq=trained.seq))

    def _evaluated(self, connection: Connection, evaluated: messages.ModelEvaluated) -> None:
        """The host evaluates too, where it knows the data or was shown some of it."""
        use = self._shown.use(evaluated.data) or DataUse(split="unknown", rows=0, used_rows=0, shape=())
        rows = self._shown.scored_rows(evaluated.data) if evaluated.plain else None

        def fetch() -> list[Array]:
            weights = connection.fetch(messages.WeightsSent)
            self._tell_origin(weights)
            return weights

        with connection.host_time():
            measured = self._evaluations.measured(evaluated, use, rows, fetch)
        trainings = [event for event in self._log.events if isinstance(event, Trained)]
        trained = self._evaluations.trained(evaluated, trainings)
        self._log.evaluated(evaluated, use, trained, measured)
        connection.tell(messages.Kept())

    def _tell_origin(self, weights: Sequence[Array]) -> None:
        """A note where a model's weights were handed in as a file."""
        file = self._handed_in.origin(weights)
        if file is not None:
            self._log.note("warning", "handed-in weights", f"The weights of a model come from {file}, handed in.")


def cell_jobs(cells: Sequence[Cell]) -> tuple[messages.CellJob, ...]:
    """The code cells as the probe takes them. Figures are collected where a notebook would show them: after each
    cell, but in a script only at its end, as one of its figures may be drawn over several pieces."""
    code = [cell for cell in cells if cell.kind == "code"]
    last = {cell.file: cell.index for cell in code}
    return tuple(
        messages.CellJob(
            index=cell.index,
            source=cell.source,
            flush=not cell.file.endswith(".py") or last[cell.file] == cell.index,
        )
        for cell in code
    )


def run_content(cells: Sequence[Cell]) -> list[list[str | int]]:
    """What of the code cells a recording rests on, as JSON data for its key."""
    return [[job.index, job.source, job.flush] for job in cell_jobs(cells)]
