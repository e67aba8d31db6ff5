"""Recordings joined: what a change affects comes from the changed run, everything else from the solution's own.

A mutant runs only the cells that its change reaches, and those that they need. The rest of its recording is the
solution's; events get new numbers, and models and trainings that both runs know keep the solution's identities.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from grader.records import Event, Recording, Submission

_PICTURES: dict[str, Any] = {"svg": "", "png": ""}


class GraftError(Exception):
    """Two recordings that do not fit together; the whole program has to run."""


def slice_submission(submission: Submission, cells: frozenset[int]) -> Submission:
    """`submission` with all code but that of `cells` passed over."""
    kept = [
        cell if cell.index in cells or cell.kind == "prose" else cell.model_copy(update={"kind": "prose"})
        for cell in submission.cells
    ]
    return submission.model_copy(update={"cells": tuple(kept)})


def graft(base: Recording, run: Recording, affected: frozenset[int], ran: frozenset[int]) -> Recording:
    """`base` with what happened in the `affected` cells taken from `run`, in which only the cells in `ran` were run.

    Raises `GraftError` where the cells that ran unchanged did not do the same in both.
    """
    mine, theirs = _by_cell(base), _by_cell(run)
    models: dict[str, str] = {}
    places: dict[int, Event] = {}
    for cell in sorted(ran - affected):
        if len(mine[cell]) != len(theirs[cell]):
            raise GraftError(f"cell {cell} did something else")
        for old, new in zip(mine[cell], theirs[cell], strict=True):
            if content_of(old) != content_of(new):
                raise GraftError(f"cell {cell} did something else")
            places[new.seq] = old
            model = getattr(new, "model", None)
            if model is not None:
                models[model] = getattr(old, "model", model)
    chosen: list[tuple[Event, bool]] = [
        *((event, True) for event in base.events if event.kind != "function_tested" and event.cell not in affected),
        *((event, False) for event in run.events if event.kind != "function_tested" and event.cell in affected),
    ]
    chosen.sort(key=lambda item: item[0].cell)
    chosen += _functions(base, run)
    return _joined(base, run, chosen, models, places)


def _joined(
    base: Recording,
    run: Recording,
    chosen: list[tuple[Event, bool]],
    models: Mapping[str, str],
    places: Mapping[int, Event],
) -> Recording:
    """The recording of `chosen`, each event with whether it is of `base`.

    `models` gives identities in `run` the ones that they have in `base`, `places` numbers in `run` their events there.
    """
    numbers = {(kept, event.seq): seq for seq, (event, kept) in enumerate(chosen)}
    events: list[Event] = []
    for seq, (event, kept) in enumerate(chosen):
        update: dict[str, Any] = {"seq": seq}
        model = getattr(event, "model", None)
        if not kept and model is not None:
            update["model"] = models.get(model, f"{model}-changed")
        trained = getattr(event, "trained", None)
        if trained is not None:
            known = (True, places[trained].seq) if not kept and trained in places else (kept, trained)
            update["trained"] = numbers.get(known)
        events.append(event.model_copy(update=update))
    return base.model_copy(
        update={
            "events": tuple(events),
            "architectures": {**base.architectures, **run.architectures},
            "outcome": run.outcome,
        }
    )


def _functions(base: Recording, run: Recording) -> list[tuple[Event, bool]]:
    """Outcomes of functions: those that were tried again from `run`, the others from `base`."""
    again = {event.question: event for event in run.events if event.kind == "function_tested"}
    tested = [event for event in base.events if event.kind == "function_tested"]
    return [(again.get(event.question, event), event.question not in again) for event in tested]


def _by_cell(recording: Recording) -> Mapping[int, list[Event]]:
    """The events of each cell, in order. Outcomes of functions belong to questions and are left out."""
    events: dict[int, list[Event]] = defaultdict(list)
    for event in recording.events:
        if event.kind != "function_tested":
            events[event.cell].append(event)
    return events


def is_ordered(recording: Recording) -> bool:
    """Whether its events stand in the order of their cells, so that they can be exchanged cell by cell."""
    cells = [event.cell for event in recording.events if event.kind != "function_tested"]
    return cells == sorted(cells)


def same_doings(one: Recording, other: Recording) -> bool:
    """Whether the same happened in both."""
    if one.outcome.status != other.outcome.status or len(one.events) != len(other.events):
        return False
    return all(content_of(old) == content_of(new) for old, new in zip(one.events, other.events, strict=True))


def content_of(event: Event) -> dict[str, Any]:
    """What an event says, without its number, the identity of its model, times and pictures."""
    content = event.model_dump(exclude={"seq", "model", "trained", "key"})
    if event.kind == "figure":
        content["figure"] |= _PICTURES
    if event.kind == "trained":
        content["history"] = event.history.metrics
    if event.kind == "evaluated":
        content["measured"] = None
    return content
