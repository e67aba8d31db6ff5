"""`Case`: what a criterion is given, and what it may ask of it.

A case is one question of one hand-in beside the lab's reference. It knows nothing of the criterion that asks, so one
case serves all criteria of a question.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from grader.criteria.sentences import clipped, place, places, shared
from grader.facts.datasets import IMAGE_SETS
from grader.facts.keras import is_validation_accuracy
from grader.records import (
    Architecture,
    CellFailed,
    CompileArguments,
    Compiled,
    Figure,
    FigureDrawn,
    LoggedSummary,
    LoggedTraining,
    Match,
    ModelMatch,
    Noted,
    PictureSaved,
    Printed,
    QuestionMatch,
    Reason,
    Reference,
    ReferenceModel,
    Score,
    Trained,
)

_MOST_TEXT = 100_000
"""Characters of printed text of one cell that are looked at: a log of hundreds of epochs; what is longer is a dump."""
_MOST_PLACES = 4
"""Places that one sentence names: more than that nobody looks up."""
_LONG_MESSAGE, _SHORT_MESSAGE = 160, 120
"""Characters of an error's or a limit's message that a sentence quotes: one line of a report."""


_ENVIRONMENT_ERRORS = frozenset(
    {
        "ModuleNotFoundError",
        "ImportError",
        "FileNotFoundError",
        "PermissionError",
        "OSError",
        "URLError",
        "HTTPError",
        "ConnectionError",
        "ConnectionRefusedError",
        "gaierror",
        "TimeoutError",
        "TimedOut",
        "MemoryError",
        "ResourceExhaustedError",
        "TclError",
    }
)
"""Errors that speak of the machine rather than of the code."""

_OTHER_VERSION = re.compile(
    r"module '[\w.]{1,80}' has no attribute|unexpected keyword argument|[Nn]ot recognized|"
    r"[Nn]o longer|deprecated|removed"
)
"""Messages that speak of another version of a library."""

_CASCADING = frozenset({"NameError", "UnboundLocalError", "KeyError", "AttributeError"})
"""Errors that an earlier failure may have caused."""


@dataclass(frozen=True)
class Hindrance:
    """Why something did not happen in the rerun."""

    limit: bool
    """True when labgrade or its machine is to blame, or may be."""
    reasons: tuple[Reason, ...]
    """Shared ones, at least one."""
    cells: tuple[int, ...] = ()


@dataclass(frozen=True)
class Text:
    """Printed text of one cell."""

    text: str
    cell: int
    saved: bool
    """In the outputs that were handed in, not in the rerun."""

    @property
    def source(self) -> str:
        """`saved` or `printed`, as `SHOWN_IN` takes it."""
        return "saved" if self.saved else "printed"


@dataclass(frozen=True)
class Case:
    """One question of one hand-in, beside the lab's reference."""

    question: QuestionMatch
    match: Match
    reference: Reference

    # The question

    @property
    def cells(self) -> tuple[int, ...]:
        """Indices of the question's cells, code and prose, in order."""
        return self.question.cells

    @property
    def answer(self) -> str:
        """The prose under the question."""
        return self.question.answer

    @property
    def own_cells(self) -> frozenset[int]:
        """The question's cells and those of its model."""
        return frozenset(self.cells) | frozenset(self.model.cells if self.model else ())

    def about(self, name: str | None) -> Case:
        """This case as if its question were about the reference model `name`; itself when `name` is `None`.

        Raises `LookupError` when no question of the rubric is about such a model.
        """
        if name is None or name == self.question.question.model:
            return self
        if all(other.question.model != name for other in self.match.questions):
            asked = self.question.question.id
            raise LookupError(f"question {asked}: no question of the rubric is about a model {name!r}")
        return self._about(name)

    def about_each(self) -> Iterator[Case]:
        """This case as if it were about each of the lab's models: its own first, then in the rubric's order."""
        own = self.question.question.model
        yield self
        for name in dict.fromkeys(other.question.model for other in self.match.questions):
            if name is not None and name != own:
                yield self._about(name)

    def _about(self, name: str) -> Case:
        update = {
            "model": self.model_named(name),
            "question": self.question.question.model_copy(update={"model": name}),
            "figures": tuple(self.drawn),
        }
        return replace(self, question=self.question.model_copy(update=update))

    # The question's model

    @property
    def model(self) -> ModelMatch | None:
        """The group's model that was taken for the question's."""
        return self.question.model

    @property
    def others(self) -> tuple[ModelMatch, ...]:
        """The group's other models."""
        own = set(self.model.trainings) if self.model else set()
        return tuple(other for other in self.match.models if not own & set(other.trainings))

    def model_named(self, name: str) -> ModelMatch | None:
        """The group's model that was taken for the reference model `name`."""
        return next((model for model in self.match.models if model.reference == name), None)

    @property
    def reference_model(self) -> ReferenceModel:
        """The reference model that the question is about; `LookupError` when rubric and solution disagree."""
        name = self.question.question.model
        if name is None or name not in self.reference.models:
            raise LookupError(f"question {self.question.question.id}: the reference solution has no model {name!r}")
        return self.reference.models[name]

    @property
    def reference_epochs(self) -> int:
        """Epochs of the reference model's training; `LookupError` when it was never trained."""
        fit = self.reference_model.fit
        if fit is None:
            raise LookupError(f"question {self.question.question.id}: the reference model was never trained")
        return fit.epochs

    @property
    def architecture(self) -> Architecture | None:
        """The architecture of the question's model in the rerun."""
        return self.match.architecture(self.model)

    @cached_property
    def all_trainings(self) -> tuple[Trained, ...]:
        """Every training of the question's model in the rerun, in order."""
        return self.match.trainings(self.model)

    @cached_property
    def trainings(self) -> tuple[Trained, ...]:
        """Trainings of the question's model: those in the question's cells where there are any, else all."""
        inside = tuple(training for training in self.all_trainings if training.cell in self.cells)
        return inside or self.all_trainings

    @cached_property
    def compiled(self) -> tuple[CompileArguments, int] | None:
        """The compile arguments of the question's model, and the cell that gave them."""
        model = self.model
        if model is None:
            return None
        events = [e for e in self.match.rerun.events if isinstance(e, Compiled) and e.model in model.models]
        if self.trainings:
            training = self.trainings[-1]
            cells = [e.cell for e in events if e.seq < training.seq and e.arguments == training.compile]
            return training.compile, cells[-1] if cells else training.cell
        return (events[-1].arguments, events[-1].cell) if events else None

    @property
    def score(self) -> Score | None:
        """The host's own score of the model's last training that could be measured."""
        return self.score_of(self.model)

    def score_of(self, model: ModelMatch | None) -> Score | None:
        """The host's own score of the last training of `model` whose accuracy could be measured."""
        tests = [training.test for training in self.match.trainings(model)]
        scores = [test for test in tests if test is not None and "accuracy" in test.metrics]
        return scores[-1] if scores else None

    @property
    def is_reduced(self) -> bool:
        """Whether the rerun's accuracies are lower than the group's own may have been: less data, or stand-in data."""
        return self.match.rerun.is_reduced

    # What was saved

    @cached_property
    def saved_logs(self) -> tuple[LoggedTraining, ...]:
        """Saved training logs of the question's model: under its cells, else under the question's other cells."""
        logs = [event for event in self.match.saved.events if isinstance(event, LoggedTraining)]
        model_cells = set(self.model.cells) if self.model else set()
        theirs = tuple(log for log in logs if log.cell in model_cells)
        others = {cell for model in self.match.models if model is not self.model for cell in model.cells}
        return theirs or tuple(log for log in logs if log.cell in self.cells and log.cell not in others - model_cells)

    @cached_property
    def own_logs(self) -> tuple[LoggedTraining, ...]:
        """Saved logs with epochs under the question's own cells, else those of what was taken for its model."""
        logs = [event for event in self.match.saved.events if isinstance(event, LoggedTraining) and event.epochs]
        own = tuple(log for log in logs if log.cell in self.cells)
        return own or tuple(log for log in self.saved_logs if log.epochs)

    @cached_property
    def saved_accuracies(self) -> tuple[float, ...]:
        """Best and final validation accuracy of the question's model, then of every saved log under the question."""
        logs = list(self.saved_logs)
        saved = (event for event in self.match.saved.events if isinstance(event, LoggedTraining))
        logs += [log for log in saved if log.cell in self.cells and log not in logs]
        series = [
            [value for epoch in log.epochs for name, value in epoch.metrics.items() if is_validation_accuracy(name)]
            for log in logs
        ]
        best = [max(values) for values in series if values]
        return tuple(dict.fromkeys([*best, *(values[-1] for values in series if values)]))

    @property
    def saved_summaries(self) -> tuple[LoggedSummary, ...]:
        """Saved summaries under the question's or its model's cells."""
        cells = self.own_cells
        return tuple(e for e in self.match.saved.events if isinstance(e, LoggedSummary) and e.cell in cells)

    @property
    def saved_training(self) -> tuple[Reason, ...]:
        """One reason on the saved logs of the question's model; empty when there are none."""
        logs = self.saved_logs
        if not logs:
            return ()
        where, epochs = self.place(logs[0].cell), len(logs[0].epochs)
        if len(logs) == 1:
            return (shared("saved_training", place=where, epochs=epochs),)
        return (shared("saved_trainings", place=where, epochs=epochs, trainings=len(logs)),)

    @property
    def saved_pictures(self) -> tuple[Reason, ...]:
        """One reason on saved pictures that may hold what the rerun did not draw; empty when there are none.

        A picture whose cell drew a figure in the rerun is that figure. Where the question was found by an id or by its
        words, only its own pictures count.
        """
        if self.question.placed_by in ("id", "cues"):
            pictures = list(self.question.pictures)
        else:
            pictures = [event for event in self.match.saved.events if isinstance(event, PictureSaved)]
        cells = sorted({picture.cell for picture in pictures} - {event.cell for event in self.drawn})
        if not cells:
            return ()
        where = list(self.places(cells)[:_MOST_PLACES]) or ["the submission"]
        return (shared("saved_picture" if len(cells) == 1 else "saved_pictures", places=list(where)),)

    @property
    def undrawn_pictures(self) -> Reason:
        """A reason on the question's saved pictures, where the rerun has nothing to compare them with."""
        where = self.places(picture.cell for picture in self.question.pictures)[:_MOST_PLACES]
        unrun = self.match.rerun.outcome.status == "not run"
        return shared("picture_not_run" if unrun else "picture_not_drawn", places=list(where))

    # What was drawn and printed

    @cached_property
    def drawn(self) -> tuple[FigureDrawn, ...]:
        """Every figure of the rerun, in order."""
        return tuple(event for event in self.match.rerun.events if isinstance(event, FigureDrawn))

    def figures_with(self, fits: Callable[[Figure], bool]) -> list[FigureDrawn]:
        """Figures of the question that fit; where none does, those of the whole submission."""
        own = [event for event in self.question.figures if fits(event.figure)]
        return own or [event for event in self.drawn if fits(event.figure)]

    def texts(self, cells: Iterable[int] | None = None) -> list[Text]:
        """Text printed by `cells` (all when `None`): in the rerun, then in the outputs that were handed in."""
        wanted = None if cells is None else set(cells)
        printed: dict[int, str] = {}
        for event in self.match.rerun.events:
            if isinstance(event, Printed) and (wanted is None or event.cell in wanted):
                printed[event.cell] = (printed.get(event.cell, "") + event.text)[:_MOST_TEXT]
        found = [Text(text, cell, False) for cell, text in printed.items()]
        for cell in self.match.submission.cells:
            if wanted is None or cell.index in wanted:
                text = "\n".join(output.text for output in cell.outputs)[:_MOST_TEXT]
                found += [Text(text, cell.index, True)] if text.strip() else []
        return found

    @property
    def image_shapes(self) -> frozenset[tuple[int, ...]]:
        """Shapes of one image, as the rubric's data sets and the trainings tell; flattened square images unfolded."""
        shapes = {IMAGE_SETS[name].image for name in self.match.rubric.datasets if name in IMAGE_SETS}
        for training in self.match.rerun.trainings():
            shape = training.train.shape
            if len(shape) in (2, 3):
                shapes.add(shape)
            elif len(shape) == 1 and shape[0] > 1 and math.isqrt(shape[0]) ** 2 == shape[0]:
                shapes.add((math.isqrt(shape[0]), math.isqrt(shape[0])))
        return frozenset(shapes)

    # Places

    def place(self, cell: int) -> str:
        """`cell 16` or `page 3`, counted as a person counts, with the file's name where there are several."""
        return place(self.match, cell)

    def places(self, cells: Iterable[int]) -> tuple[str, ...]:
        """The places of distinct `cells`, in order; what lies outside any cell is left out."""
        return places(self.match, cells)

    def trained_at(self, *trainings: Trained) -> tuple[str, ...]:
        """The places of `trainings`; of the question's where none are given."""
        return self.places(training.cell for training in (trainings or self.trainings))

    # What stood in the way

    @cached_property
    def hindrance(self) -> Hindrance | None:
        """Why what the question asks for may be missing from the rerun; `None` when nothing stood in the way."""
        cells = self.own_cells
        outcome = self.match.rerun.outcome
        if outcome.status == "not run":
            return Hindrance(True, (shared("not_run"),))
        if outcome.status != "finished" and (not cells or max(cells) >= outcome.last_cell):
            ended = (
                shared("ended_early_in", status=outcome.status, place=self.place(outcome.last_cell))
                if outcome.last_cell >= 0
                else shared("ended_early", status=outcome.status)
            )
            return Hindrance(True, (ended,))
        for event in self.match.rerun.events:
            if isinstance(event, Noted) and event.topic == "limit" and event.cell in cells:
                said = shared("limit", place=self.place(event.cell), message=clipped(event.message, _LONG_MESSAGE))
                return Hindrance(True, (said,), (event.cell,))
        return self._failure()

    def _failure(self) -> Hindrance | None:
        """The failed cell that matters most: one of the question's, or any when no cell is known."""
        failures = [event for event in self.match.rerun.events if isinstance(event, CellFailed)]
        cells = self.own_cells
        own = [event for event in failures if event.cell in cells] if cells else failures
        if not own:
            return None
        failure = own[0]
        earlier = [event for event in failures if event.seq <= failure.seq and self._is_of_the_machine(event)]
        if earlier and (self._is_of_the_machine(failure) or failure.error in _CASCADING):
            root = earlier[-1]
            said = (self._stopped(root), shared("perhaps_the_machine"))
            return Hindrance(True, said, tuple(sorted({root.cell, failure.cell})))
        return Hindrance(False, (self._stopped(failure),), (failure.cell,))

    def _is_of_the_machine(self, failure: CellFailed) -> bool:
        """Whether an error speaks of the machine or its library versions rather than of the code.

        One that is stored under the cell stopped it on the group's own machine, too.
        """
        cells = self.match.submission.cells
        saved = cells[failure.cell].outputs if 0 <= failure.cell < len(cells) else ()
        if any(output.kind == "error" and failure.error in output.text for output in saved):
            return False
        # A message of thousands of characters is a dump: what it is about stands at its beginning.
        return failure.error in _ENVIRONMENT_ERRORS or bool(_OTHER_VERSION.search(failure.message[:2000]))

    def _stopped(self, failure: CellFailed) -> Reason:
        where, message = self.place(failure.cell), clipped(failure.message, _SHORT_MESSAGE)
        if failure.line:
            return shared("stopped_in_line", place=where, line=failure.line, error=failure.error, message=message)
        return shared("stopped", place=where, error=failure.error, message=message)
