"""A figure under one model's question that shows another model's history."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.checks.observations.code import has_run, programs_of
from grader.checks.observations.placing import question_of
from grader.checks.plots.curves import owner_of
from grader.checks.wording import capitalised, place
from grader.records.match import Match, ModelMatch, QuestionMatch, Reference
from grader.records.recording import FigureDrawn, Trained
from grader.records.result import Observation
from grader.source.calls import Drawing, Fit
from grader.source.program import Program


def other_models_plotted(match: Match, reference: Reference) -> Iterator[Observation]:
    """Figures whose histories are all one model's, where neither the last training nor the question is that model's.

    Where the model trained last is plotted as well, and a plot of the other one is asked for, that one is meant.
    """
    figures = {event: _owners(event, match) for event in match.rerun.events if isinstance(event, FigureDrawn)}
    drawn = {owner.trainings for owners in figures.values() for owner in owners}
    for event, owners in figures.items():
        asking = [q for q in match.questions if event.cell in q.cells and q.model is not None and q.model.trainings]
        latest = _latest(event, match)
        if len(owners) != 1 or not asking or latest is None:
            continue
        owner = owners[0]
        if latest.seq in owner.trainings or any(_is_about(question, owner) for question in asking):
            continue
        newer = next((model for model in match.models if latest.seq in model.trainings), None)
        if newer is None or (newer.trainings in drawn and _is_asked_for(owner, match)):
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


def _is_asked_for(model: ModelMatch, match: Match) -> bool:
    """Whether some question asks for a plot of `model`'s history."""
    about = [question for question in match.questions if _is_about(question, model)]
    return any(criterion.kind == "history_plot" for question in about for criterion in question.question.criteria)


def other_histories_drawn(match: Match, reference: Reference) -> Iterator[Observation]:
    """Plots that the text of the code draws again of an older history, where the newer one is never drawn.

    Where the code ran, the recorded lines tell more: see `other_models_plotted`.
    """
    for program in programs_of(match):
        for drawing, last in _drawn_again(program):
            if has_run(match, drawing.cell) and has_run(match, last.cell):
                continue
            shown = drawing.curves[0].history
            yield Observation(
                kind="other_model_plotted",
                question=question_of(match, [drawing.cell]),
                message=(
                    f"{capitalised(place(match, drawing.cell))} plots `{shown}` a second time; `{last.history}`, of "
                    f"the training in {place(match, last.cell)}, is never plotted. It may have been meant."
                ),
                proof=f"The same metrics of `{shown}` are plotted twice, and `{last.history}` is not read again.",
            )


def _drawn_again(program: Program) -> Iterator[tuple[Drawing, Fit]]:
    for number, drawing in enumerate(program.drawings):
        before = [fit for fit in program.fits if fit.order < drawing.order]
        shown = {curve.history for curve in drawing.curves}
        if not before or any(fit.repeated for fit in before) or len(shown) != 1 or drawing.shared or drawing.others:
            continue
        last = before[-1]
        name = shown.pop()
        older = [fit for fit in before if fit.history == name]
        if last.history in (None, name) or not older:
            continue
        metrics = {curve.metric for curve in drawing.curves}
        twice = any(
            older[-1].order < earlier.order
            and {(c.history, c.metric) for c in earlier.curves} == {(name, m) for m in metrics}
            for earlier in program.drawings[:number]
        )
        if twice and not _is_read(program, last.history or "", last.order):
            yield drawing, last


def _is_read(program: Program, name: str, after: int) -> bool:
    return any(
        part.id == name and isinstance(part.ctx, ast.Load) for step in program.steps[after + 1 :] for part in step.names
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
