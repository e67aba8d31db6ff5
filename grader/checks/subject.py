"""What a criterion is about: the question's model, its trainings, and why they may be missing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from grader.checks.verdicts import errored, graded, review
from grader.checks.wording import capitalised, clipped, counted, place, places
from grader.records.match import Match, ModelMatch, QuestionMatch, Reference, ReferenceModel
from grader.records.models import Architecture, CompileArguments
from grader.records.recording import CellFailed, Compiled, LoggedSummary, LoggedTraining, Noted, Trained
from grader.records.result import Verdict
from grader.records.rubric import Criterion

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
    explanation: str
    cells: tuple[int, ...] = ()


def reference_model(question: QuestionMatch, reference: Reference) -> ReferenceModel:
    """The reference model that the question is about; `LookupError` when the rubric and its solution disagree."""
    name = question.question.model
    if name is None or name not in reference.models:
        raise LookupError(f"question {question.question.id}: the reference solution has no model {name!r}")
    return reference.models[name]


def architecture_of(question: QuestionMatch, match: Match) -> Architecture | None:
    """The architecture of the question's model in the rerun."""
    return match.architecture(question.model)


def trainings_of(question: QuestionMatch, match: Match) -> tuple[Trained, ...]:
    """Trainings of the question's model: those in the question's cells where there are any, else all."""
    trainings = match.trainings(question.model)
    inside = tuple(training for training in trainings if training.cell in question.cells)
    return inside or trainings


def compile_of(question: QuestionMatch, match: Match) -> tuple[CompileArguments, int] | None:
    """The compile arguments of the question's model, and the cell that gave them."""
    model = question.model
    if model is None:
        return None
    compiled = [event for event in match.rerun.events if isinstance(event, Compiled) and event.model in model.models]
    trainings = trainings_of(question, match)
    if trainings:
        training = trainings[-1]
        cells = [event.cell for event in compiled if event.seq < training.seq and event.arguments == training.compile]
        return training.compile, cells[-1] if cells else training.cell
    return (compiled[-1].arguments, compiled[-1].cell) if compiled else None


def own_cells(question: QuestionMatch) -> frozenset[int]:
    """The question's cells and those of its model."""
    return frozenset(question.cells) | frozenset(question.model.cells if question.model else ())


def saved_logs(question: QuestionMatch, match: Match) -> tuple[LoggedTraining, ...]:
    """Saved training logs of the question's model: under its cells, else under the question's other cells."""
    logs = [event for event in match.saved.events if isinstance(event, LoggedTraining)]
    model_cells = set(question.model.cells) if question.model else set()
    theirs = tuple(log for log in logs if log.cell in model_cells)
    others = {cell for model in match.models if model is not question.model for cell in model.cells} - model_cells
    return theirs or tuple(log for log in logs if log.cell in question.cells and log.cell not in others)


def saved_summaries(question: QuestionMatch, match: Match) -> tuple[LoggedSummary, ...]:
    """Saved summaries under the question's or its model's cells."""
    cells = own_cells(question)
    return tuple(event for event in match.saved.events if isinstance(event, LoggedSummary) and event.cell in cells)


def hindrance(question: QuestionMatch, match: Match) -> Hindrance | None:
    """Why what the question asks for may be missing from the rerun; `None` when nothing stood in the way."""
    cells = own_cells(question)
    outcome = match.rerun.outcome
    if outcome.status == "not run":
        return Hindrance(True, "The code was not run, so this could not be checked.")
    if outcome.status != "finished" and (not cells or max(cells) >= outcome.last_cell):
        where = f" in {place(match, outcome.last_cell)}" if outcome.last_cell >= 0 else ""
        return Hindrance(True, f"The rerun ended early ({outcome.status}{where}), so this could not be checked.")
    limits = [event for event in match.rerun.events if isinstance(event, Noted) and event.topic == "limit"]
    for event in limits:
        if event.cell in cells:
            said = f"A limit was reached in {place(match, event.cell)}: {clipped(event.message)}"
            return Hindrance(True, said, (event.cell,))
    return _failure(match, cells)


def _failure(match: Match, cells: frozenset[int]) -> Hindrance | None:
    """The failed cell that matters most: one of `cells`, or any when no cell is known."""
    failures = [event for event in match.rerun.events if isinstance(event, CellFailed)]
    own = [event for event in failures if event.cell in cells] if cells else failures
    if not own:
        return None
    failure = own[0]
    earlier = [event for event in failures if event.seq <= failure.seq and _is_of_the_machine(event, match)]
    if earlier and (_is_of_the_machine(failure, match) or failure.error in _CASCADING):
        root = earlier[-1]
        said = (
            f"{_stopped(match, root)} This may be due to the machine or its library versions rather than to the code."
        )
        return Hindrance(True, said, tuple(sorted({root.cell, failure.cell})))
    return Hindrance(False, _stopped(match, failure), (failure.cell,))


def _is_of_the_machine(failure: CellFailed, match: Match) -> bool:
    """Whether an error speaks of the machine or its library versions rather than of the code.

    One that is stored under the cell stopped it on the group's own machine, too.
    """
    cells = match.submission.cells
    saved = cells[failure.cell].outputs if 0 <= failure.cell < len(cells) else ()
    if any(output.kind == "error" and failure.error in output.text for output in saved):
        return False
    return failure.error in _ENVIRONMENT_ERRORS or bool(_OTHER_VERSION.search(failure.message[:2000]))


def _stopped(match: Match, failure: CellFailed) -> str:
    line = f", line {failure.line}" if failure.line else ""
    where = place(match, failure.cell)
    return f"{capitalised(where)} stopped{line} with {failure.error}: {clipped(failure.message, 120)}."


def missing(
    criterion: Criterion, question: QuestionMatch, match: Match, what: str, saved_evidence: str = ""
) -> Verdict:
    """The verdict when `what` (such as `trained model`) is absent.

    A limit or labgrade's fault is `errored`; where the saved outputs still show something (`saved_evidence`, a
    sentence) a person decides; otherwise what was asked for is not there, which is `failed`.
    """
    hindered = hindrance(question, match)
    evidence = places(match, hindered.cells if hindered else question.cells)
    if hindered is not None and hindered.limit:
        return errored(criterion, " ".join(filter(None, (hindered.explanation, saved_evidence))), evidence=evidence)
    if saved_evidence:
        reason = hindered.explanation if hindered else "It did not happen when the code was run again."
        return review(criterion, f"{reason} {saved_evidence} A person decides.", evidence=evidence)
    reason = f"{hindered.explanation} " if hindered else ""
    return graded(criterion, 0.0, f"{reason}No {what} was found for this question.", evidence=evidence)


def saved_training_evidence(question: QuestionMatch, match: Match) -> str:
    """One sentence on the saved logs of the question's model; empty when there are none."""
    logs = saved_logs(question, match)
    if not logs:
        return ""
    shown = counted(len(logs[0].epochs), "epoch")
    where = place(match, logs[0].cell)
    if len(logs) == 1:
        return f"The output saved under {where} shows a training of {shown}."
    return f"The output saved under {where} shows {len(logs)} trainings, the first of {shown}."


def is_reduced(match: Match) -> bool:
    """Whether the rerun's accuracies are lower than the group's own may have been: quick effort, or stand-in data."""
    environment = match.rerun.environment
    return environment.get("effort") == "quick" or environment.get("standin") is True


def others_of(match: Match, model: ModelMatch | None) -> tuple[ModelMatch, ...]:
    """The submission's other models."""
    own = set(model.trainings) if model else set()
    return tuple(other for other in match.models if not own & set(other.trainings))
