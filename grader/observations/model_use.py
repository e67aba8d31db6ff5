"""Evaluations and plots of another model than the one that is meant, or that say what is not so."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.code.program import Drawing, Fit, ModelUse, Program
from grader.criteria import Case, accuracy_text, capitalised, clipped
from grader.criteria.figure_parts import owner_of
from grader.facts.keras import ACCURACY, LOSS, VALIDATION_ACCURACY, VALIDATION_LOSS, canonical_metric, split_metric
from grader.facts.languages import SAYS_ACCURACY, SAYS_EPOCH, SAYS_LOSS
from grader.observations.hand_in import HandIn
from grader.records import (
    Axes,
    Evaluated,
    FigureDrawn,
    ModelMatch,
    Observation,
    Predicted,
    Trained,
)

_HARMLESS = frozenset({"summary", "save", "save_weights", "compile", "get_weights", "to_json"})
"""Methods that read a model without asking it for anything."""


def evaluation_differences(hand_in: HandIn) -> Iterator[Observation]:
    """What `evaluate` returned in the rerun, held against labgrade's own evaluation of the same weights."""
    told: set[int] = set()
    for event in hand_in.rerun.events:
        if not isinstance(event, Evaluated) or not event.disputed or event.cell in told:
            continue
        told.add(event.cell)
        assert event.measured is not None
        assert event.claimed_accuracy is not None
        where = hand_in.place(event.cell)
        rows = f"{event.measured.rows:,} of these rows" if event.measured.rows != event.data.rows else "the same rows"
        by_own = event.claimed_accuracy in event.own_values.values()
        why = "It is a metric of the group's own." if by_own else "The code may have changed what `evaluate` returns."
        yield Observation(
            kind="evaluation_differs",
            question=hand_in.question_of([event.cell]),
            message=(
                f"{capitalised(where)} reports an accuracy of {accuracy_text(event.claimed_accuracy)} from `evaluate`; "
                f"labgrade finds {accuracy_text(event.measured.accuracy)} with the same weights. {why}"
            ),
            proof=f"{where}: labgrade's own evaluation of the weights, on {rows}.",
        )


def other_models_evaluated(hand_in: HandIn) -> Iterator[Observation]:
    """A model evaluated a second time on the same data after another was trained, where that other one never is.

    From the rerun, and from the text of the code where that did not run.
    """
    seen: set[int] = set()
    for event, trained in _in_rerun(hand_in):
        seen.add(event.cell)
        name = next((model.label for model in hand_in.match.models if trained.seq in model.trainings), "the model")
        yield _observation(hand_in, event.cell, trained.cell, f"`{name}`", "the rerun")
    for program in hand_in.programs:
        for asked, fit in _in_text(program):
            if asked.cell not in seen and not (hand_in.has_run(asked.cell) and hand_in.has_run(fit.cell)):
                yield _observation(hand_in, asked.cell, fit.cell, f"`{fit.model}`", f"`{asked.model}.{asked.method}`")


def _observation(hand_in: HandIn, cell: int, trained: int, name: str, source: str) -> Observation:
    where = hand_in.place(cell)
    return Observation(
        kind="other_model_evaluated",
        question=hand_in.question_of([cell]) or hand_in.question_of([trained]),
        message=(
            f"{capitalised(where)} evaluates a model that had been evaluated before; {name}, trained last "
            f"({hand_in.place(trained)}), is never evaluated. It may have been meant."
        ),
        proof=f"Order of trainings and evaluations in {source}: the same model and data twice, {name} not once.",
    )


def _in_rerun(hand_in: HandIn) -> Iterator[tuple[Evaluated, Trained]]:
    trainings = hand_in.rerun.trainings()
    evaluated = [event for event in hand_in.rerun.events if isinstance(event, Evaluated)]
    used = [event for event in hand_in.rerun.events if isinstance(event, Evaluated | Predicted)]
    for event in evaluated:
        before = [training for training in trainings if training.seq < event.seq]
        if not before or event.trained is None or before[-1].seq == event.trained:
            continue
        last = before[-1]
        twice = any(e.seq < event.seq and e.trained == event.trained and e.data == event.data for e in evaluated)
        # Another model's accuracy may be computed from its predictions.
        if twice and not any(other.trained == last.seq for other in used) and last.model != event.model:
            yield event, last


def _in_text(program: Program) -> Iterator[tuple[ModelUse, Fit]]:
    for asked in program.asked:
        before = [fit for fit in program.fits if fit.order < asked.order]
        if asked.method != "evaluate" or asked.repeated or not before or any(fit.repeated for fit in before):
            continue
        last = before[-1]
        if last.model == asked.model or _is_remade(program, asked.model, last.order, asked.order):
            continue
        twice = any(
            earlier.order < asked.order
            and (earlier.model, earlier.method, earlier.data) == (asked.model, "evaluate", asked.data)
            and not _is_remade(program, asked.model, earlier.order, asked.order)
            for earlier in program.asked
        )
        if twice and not _is_asked_later(program, last):
            yield asked, last


def _is_remade(program: Program, name: str, after: int, before: int) -> bool:
    """Whether `name` takes another object, or is trained again, between two steps."""
    built = any(b.name == name.partition("[")[0] and after < b.order < before for b in program.built)
    return built or any(fit.model == name and after < fit.order < before for fit in program.fits)


def _is_asked_later(program: Program, fit: Fit) -> bool:
    """Whether the model of `fit` is evaluated, asked or handed on under any name while it bears its own."""
    name = fit.model.partition("[")[0]
    ends = [b.order for b in program.built if b.name == name and b.is_model and b.order > fit.order]
    for step in program.steps[fit.order + 1 : min(ends, default=len(program.steps))]:
        read = [part for part in step.names if part.id == name]
        kept = [c.func.value for c in step.calls if isinstance(c.func, ast.Attribute) and c.func.attr in _HARMLESS]
        if any(part not in kept for part in read):
            return True
    return False


def wrong_axis_labels(hand_in: HandIn) -> Iterator[Observation]:
    """Loss curves whose y axis says accuracy or epoch, and the reverse. Mixed or doubled axes are left alone."""
    for event in hand_in.rerun.events:
        if isinstance(event, FigureDrawn):
            stacked = len(event.figure.axes) > 1 and any(not axes.y_label for axes in event.figure.axes)
            for axes in event.figure.axes:
                shown = _shown(axes, hand_in)
                if shown and not stacked:
                    yield from _observations(
                        hand_in, event.cell, shown, axes.y_label, "the recorded history, point by point"
                    )
    for program in hand_in.programs:
        for drawing in program.drawings:
            if not hand_in.has_run(drawing.cell) and not drawing.shared and not drawing.others:
                shown = {split_metric(canonical_metric(curve.metric))[1] for curve in drawing.curves}
                source = "the plotted metric in the code"
                yield from _observations(hand_in, drawing.cell, shown, drawing.y_label, source)


def _shown(axes: Axes, hand_in: HandIn) -> set[str]:
    """`{"loss"}`, `{"accuracy"}` or both: what the lines are; empty when any of them is unknown."""
    found = set()
    for line in axes.lines:
        if len(line.y) < 2:
            return set()
        kinds = {
            split_metric(metric)[1]
            for metric in (LOSS, VALIDATION_LOSS, ACCURACY, VALIDATION_ACCURACY)
            if owner_of(line, metric, hand_in.match, list(hand_in.match.models)) is not None
        }
        if len(kinds) != 1:
            return set()
        found |= kinds
    return found


def _observations(hand_in: HandIn, cell: int, shown: set[str], label: str, source: str) -> Iterator[Observation]:
    if len(shown) != 1 or not label.strip():
        return
    what = next(iter(shown))
    own, other = (SAYS_LOSS, SAYS_ACCURACY) if what == LOSS else (SAYS_ACCURACY, SAYS_LOSS)
    if what not in (LOSS, ACCURACY) or own.search(label) or not (other.search(label) or SAYS_EPOCH.search(label)):
        return
    where = hand_in.place(cell)
    yield Observation(
        kind="axis_label",
        question=hand_in.question_of([cell]),
        message=f"{capitalised(where)} plots the {what}, and its y axis says '{clipped(label, 40)}'.",
        proof=f"{where}: y label '{clipped(label, 40)}'; the lines are the {what} ({source}).",
    )


def other_models_plotted(hand_in: HandIn) -> Iterator[Observation]:
    """Figures whose histories are all one model's, where neither the last training nor the question is that model's.

    Where the model trained last is plotted as well, and a plot of the other one is asked for, that one is meant.
    """
    figures = {event: _owners(event, hand_in) for event in hand_in.rerun.events if isinstance(event, FigureDrawn)}
    drawn = {owner.trainings for owners in figures.values() for owner in owners}
    for event, owners in figures.items():
        asking = [c for c in hand_in.cases if event.cell in c.cells and c.model is not None and c.model.trainings]
        latest = _latest(event, hand_in)
        if len(owners) != 1 or not asking or latest is None:
            continue
        owner = owners[0]
        if latest.seq in owner.trainings or any(_is_about(case, owner) for case in asking):
            continue
        newer = next((model for model in hand_in.match.models if latest.seq in model.trainings), None)
        if newer is None or (newer.trainings in drawn and _is_asked_for(owner, hand_in)):
            continue
        where = hand_in.place(event.cell)
        yield Observation(
            kind="other_model_plotted",
            question=asking[0].question.question.id,
            message=(
                f"{capitalised(where)} plots the history of `{owner.label}`; the one trained last is `{newer.label}`."
            ),
            proof=f"The lines drawn in {where} equal the recorded history of `{owner.label}` point by point.",
        )


def _is_asked_for(model: ModelMatch, hand_in: HandIn) -> bool:
    """Whether some question asks for a plot of `model`'s history."""
    about = [case.question.question for case in hand_in.cases if _is_about(case, model)]
    return any(criterion.plots_history for question in about for criterion in question.criteria)


def drawings_of_other_histories(hand_in: HandIn) -> Iterator[Observation]:
    """Plots that the text of the code draws again of an older history, where the newer one is never drawn.

    Where the code ran, the recorded lines tell more: see `other_models_plotted`.
    """
    for program in hand_in.programs:
        for drawing, last in _drawn_again(program):
            if hand_in.has_run(drawing.cell) and hand_in.has_run(last.cell):
                continue
            shown = drawing.curves[0].history
            yield Observation(
                kind="other_model_plotted",
                question=hand_in.question_of([drawing.cell]),
                message=(
                    f"{capitalised(hand_in.place(drawing.cell))} plots `{shown}` a second time; `{last.history}`, of "
                    f"the training in {hand_in.place(last.cell)}, is never plotted. It may have been meant."
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


def _owners(event: FigureDrawn, hand_in: HandIn) -> list[ModelMatch]:
    """The distinct models whose histories the lines of a figure show; several where a line fits several."""
    found: dict[tuple[int, ...], ModelMatch] = {}
    for axes in event.figure.axes:
        for line in axes.lines:
            for model in hand_in.match.models:
                if len(line.y) > 2 and model.trainings and owner_of(line, None, hand_in.match, [model]) is not None:
                    found.setdefault(model.trainings, model)
    return list(found.values())


def _latest(event: FigureDrawn, hand_in: HandIn) -> Trained | None:
    before = [training for training in hand_in.rerun.trainings() if training.seq < event.seq]
    return before[-1] if before else None


def _is_about(case: Case, owner: ModelMatch) -> bool:
    return case.model is not None and bool(set(case.model.trainings) & set(owner.trainings))
