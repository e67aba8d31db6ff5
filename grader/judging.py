"""The result of a submission: verdicts, observations, models and notes, with a score that hides nothing."""

from __future__ import annotations

import math

from grader.criteria import Case, place, sentence
from grader.criteria.judge import judge
from grader.observations.observe import observe
from grader.records import (
    CompileArguments,
    Compiled,
    Effort,
    Match,
    ModelMatch,
    ModelSummary,
    Noted,
    Points,
    QuestionMatch,
    QuestionResult,
    Reference,
    Result,
    Scalar,
)


def make_result(match: Match, reference: Reference, effort: Effort) -> Result:
    """Judge `match` and put everything that reports and exports need into one record."""
    questions = judge(match, reference)
    return Result(
        submission=match.submission.name,
        rubric=match.rubric.name,
        effort=effort,
        score=score_of(questions),
        questions=questions,
        models=tuple(_summary(model, match, reference) for model in match.models),
        observations=observe(match, reference),
        notes=_notes(match),
        environment=_environment(match),
        digest=match.submission.digest,
    )


def score_of(questions: tuple[QuestionResult, ...]) -> Points:
    """Points that can be reached, are decided, were awarded, and await a person."""
    verdicts = [verdict for question in questions for verdict in question.verdicts]
    decided = math.fsum(verdict.points for verdict in verdicts if verdict.decided)
    points = math.fsum(verdict.points for verdict in verdicts)
    return Points(
        points=round(points, 6),
        decided=round(decided, 6),
        awarded=round(math.fsum(verdict.awarded for verdict in verdicts), 6),
        awaiting=round(points - decided, 6),
    )


def _summary(model: ModelMatch, match: Match, reference: Reference) -> ModelSummary:
    question = _asking(model, match)
    architecture = match.architecture(model)
    asked = Case(question, match, reference).compiled if question is not None else None
    arguments = asked[0] if asked is not None else _arguments(model, match)
    cell = model.cells[0] if model.cells and model.cells[0] < len(match.submission.cells) else None
    return ModelSummary(
        label=model.label,
        question=question.question.id if question else None,
        matched=model.reference,
        confidence=model.confidence,
        parameters=architecture.parameters if architecture else None,
        layers=architecture.layers if architecture else (),
        optimizer=arguments.optimizer if arguments else None,
        loss=arguments.loss if arguments else None,
        cell=match.submission.cells[cell].number if cell is not None else None,
        histories=tuple(training.history.metrics for training in match.trainings(model)),
    )


def _asking(model: ModelMatch, match: Match) -> QuestionMatch | None:
    """The question that `model` answers: one with something to run before one that asks for words alone."""
    asking = [question for question in match.questions if question.model == model]
    practical = [q for q in asking if any(not criterion.by_person for criterion in q.question.criteria)]
    return next(iter(practical or asking), None)


def _arguments(model: ModelMatch, match: Match) -> CompileArguments | None:
    """Those of the model's last training, else of its last `compile`."""
    trainings = match.trainings(model)
    if trainings:
        return trainings[-1].compile
    compiled = [e.arguments for e in match.rerun.events if isinstance(e, Compiled) and e.model in model.models]
    return compiled[-1] if compiled else None


def _notes(match: Match) -> tuple[str, ...]:
    """Repairs while reading, shims, skipped installs and limits, each once, in order."""
    notes = [*match.submission.notes, *(sentence(e.message) for e in match.rerun.events if isinstance(e, Noted))]
    outcome = match.rerun.outcome
    if outcome.status == "not run":
        notes.append(sentence(outcome.message or "the code was not run"))
    elif outcome.status != "finished":
        where = f" in {place(match, outcome.last_cell)}" if outcome.last_cell >= 0 else ""
        notes.append(sentence(f"The rerun ended early{where} ({outcome.status}). {outcome.message}"))
    return tuple(dict.fromkeys(notes))


def _environment(match: Match) -> dict[str, Scalar]:
    sources: dict[str, Scalar] = {f"data {name}": source for name, source in sorted(match.rerun.data_sources.items())}
    return {**match.rerun.environment, **sources}
