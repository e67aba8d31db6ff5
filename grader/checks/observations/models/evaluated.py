"""An evaluation of a model other than the one just trained, which itself is never evaluated."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.checks.observations.code import has_run, programs_of
from grader.checks.observations.placing import question_of
from grader.checks.wording import capitalised, place
from grader.records.match import Match, Reference
from grader.records.recording import Evaluated, Predicted, Trained
from grader.records.result import Observation
from grader.source.calls import Asked, Fit
from grader.source.program import Program

_HARMLESS = frozenset({"summary", "save", "save_weights", "compile", "get_weights", "to_json"})


def other_models_evaluated(match: Match, reference: Reference) -> Iterator[Observation]:
    """A model evaluated a second time on the same data after another was trained, where that other one never is.

    From the rerun, and from the text of the code where that did not run.
    """
    seen: set[int] = set()
    for event, trained in _in_rerun(match):
        seen.add(event.cell)
        name = next((model.label for model in match.models if trained.seq in model.trainings), "the model")
        yield _observation(match, event.cell, trained.cell, f"`{name}`", "the rerun")
    for program in programs_of(match):
        for asked, fit in _in_text(program):
            if asked.cell not in seen and not (has_run(match, asked.cell) and has_run(match, fit.cell)):
                yield _observation(match, asked.cell, fit.cell, f"`{fit.model}`", f"`{asked.model}.{asked.method}`")


def _observation(match: Match, cell: int, trained: int, name: str, source: str) -> Observation:
    where = place(match, cell)
    return Observation(
        kind="other_model_evaluated",
        question=question_of(match, [cell]) or question_of(match, [trained]),
        message=(
            f"{capitalised(where)} evaluates a model that had been evaluated before; {name}, trained last "
            f"({place(match, trained)}), is never evaluated. It may have been meant."
        ),
        proof=f"Order of trainings and evaluations in {source}: the same model and data twice, {name} not once.",
    )


def _in_rerun(match: Match) -> Iterator[tuple[Evaluated, Trained]]:
    trainings = match.rerun.trainings()
    evaluated = [event for event in match.rerun.events if isinstance(event, Evaluated)]
    used = [event for event in match.rerun.events if isinstance(event, Evaluated | Predicted)]
    for event in evaluated:
        before = [training for training in trainings if training.seq < event.seq]
        if not before or event.trained is None or before[-1].seq == event.trained:
            continue
        last = before[-1]
        twice = any(e.seq < event.seq and e.trained == event.trained and e.data == event.data for e in evaluated)
        # Another model's accuracy may be computed from its predictions.
        if twice and not any(other.trained == last.seq for other in used) and last.model != event.model:
            yield event, last


def _in_text(program: Program) -> Iterator[tuple[Asked, Fit]]:
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
