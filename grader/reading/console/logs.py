"""Trainings, summaries and scores that printed text testifies."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grader.reading.console.progress import LINE_LIMIT, cut_into
from grader.reading.console.scores import printed_score
from grader.reading.console.summaries import Summary, summaries
from grader.reading.console.trainings import Training, Trainings
from grader.reading.formats.terminal import screen_text, shortened
from grader.reading.passages.code import called_names, progress_calls
from grader.records.recording import Event, LoggedScore, LoggedSummary, LoggedTraining

_TEXT_LIMIT = 3_000_000
_EVENTS_LIMIT = 2_000
_PARTS_LIMIT = 4
"""Lines over which one line of a log may be wrapped."""


def read_logs(text: str, source: str, cell: int, first_seq: int) -> tuple[Event, ...]:
    """What `text`, printed by the code `source` of cell `cell`, testifies, in its order; numbered from `first_seq`.

    A progress line without validation could be one epoch of `fit` or an `evaluate`: the calls in `source` decide, and
    where it makes neither, the line counts as an evaluation.
    """
    text = re.sub(r"\n{3,}", "\n\n", screen_text(shortened(text, _TEXT_LIMIT)))
    lines = list(_unwrapped(text.split("\n")))
    evaluates = "evaluate" in called_names(source)
    trainings = Trainings()
    scores: list[tuple[int, dict[str, float], str]] = []
    for number, line in enumerate(lines):
        if not line or line.isspace():
            continue
        if not trainings.take(number, line) and (metrics := printed_score(line, evaluates)):
            scores.append((number, metrics, line.strip()))
    for number, progress in trainings.settle(progress_calls(source)):
        scores.append((number, progress.metrics, progress.text))
    found: list[tuple[int, Training | Summary | tuple[dict[str, float], str]]] = [
        *((training.line, training) for training in trainings.found if training.epochs),
        *((number, (metrics, text)) for number, metrics, text in scores),
        *summaries(lines),
    ]
    found.sort(key=lambda entry: entry[0])
    return tuple(_event(thing, cell, first_seq + place) for place, (_, thing) in enumerate(found[:_EVENTS_LIMIT]))


def _event(thing: Training | Summary | tuple[dict[str, float], str], cell: int, seq: int) -> Event:
    if isinstance(thing, Training):
        epochs = tuple(thing.epochs[number] for number in sorted(thing.epochs))
        return LoggedTraining(seq=seq, cell=cell, epochs=epochs, declared_epochs=thing.declared)
    if isinstance(thing, Summary):
        layers = tuple(thing.layers)
        return LoggedSummary(seq=seq, cell=cell, name=thing.name, layers=layers, parameters=thing.parameters)
    metrics, text = thing
    return LoggedScore(seq=seq, cell=cell, metrics=metrics, text=text)


def _unwrapped(lines: list[str]) -> Iterator[str]:
    """`lines` with progress lines whole again that a page's width had cut."""
    position = 0
    while position < len(lines):
        line = lines[position]
        position += 1
        parts = cut_into(line, lines[position : position + _PARTS_LIMIT]) if len(line) <= LINE_LIMIT else 0
        yield line + "".join(part.strip() for part in lines[position : position + parts])
        position += parts
