"""A figure under one model's question that shows another model's history."""

from __future__ import annotations

from collections.abc import Iterator

from grader.checks.plots.curves import owner_of
from grader.checks.wording import capitalised, place
from grader.records.match import Match, ModelMatch, QuestionMatch, Reference
from grader.records.recording import FigureDrawn, Trained
from grader.records.result import Observation


def other_models_plotted(match: Match, reference: Reference) -> Iterator[Observation]:
    """Figures whose histories are all one model's, where neither the last training nor the question is that model's."""
    for event in match.rerun.events:
        if not isinstance(event, FigureDrawn):
            continue
        owners = _owners(event, match)
        asking = [q for q in match.questions if event.cell in q.cells and q.model is not None and q.model.trainings]
        latest = _latest(event, match)
        if len(owners) != 1 or not asking or latest is None:
            continue
        owner = owners[0]
        if latest.seq in owner.trainings or any(_is_about(question, owner) for question in asking):
            continue
        newer = next((model for model in match.models if latest.seq in model.trainings), None)
        if newer is None:
            continue
        where = place(match, event.cell)
        yield Observation(
            kind="other_model_plotted",
            question=asking[0].question.id,
            message=(
                f"{capitalised(where)} plots the history of `{owner.label}`; the one trained last is `{newer.label}`."
            ),
            proof=f"The lines drawn in {where} equal the recorded history of `{owner.label}` point by point.",
        )


def _owners(event: FigureDrawn, match: Match) -> list[ModelMatch]:
    """The distinct models whose histories the lines of a figure show; several where a line fits several."""
    found: dict[tuple[int, ...], ModelMatch] = {}
    for axes in event.figure.axes:
        for line in axes.lines:
            for model in match.models:
                if len(line.y) > 2 and model.trainings and owner_of(line, None, match, [model]) is not None:
                    found.setdefault(model.trainings, model)
    return list(found.values())


def _latest(event: FigureDrawn, match: Match) -> Trained | None:
    before = [training for training in match.rerun.trainings() if training.seq < event.seq]
    return before[-1] if before else None


def _is_about(question: QuestionMatch, owner: ModelMatch) -> bool:
    return question.model is not None and bool(set(question.model.trainings) & set(owner.trainings))
