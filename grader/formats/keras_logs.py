"""Keras' training logs as printed text shows them: single lines, whole trainings, and all that a text testifies.

Written by `keras.utils.Progbar` and `keras.callbacks.ProgbarLogger`, whose forms from Keras 2.0 to 3.x are:

    60000/60000 [==============================] - 3s 54us/step - loss: 0.29 - acc: 0.91      verbose=1, 2.0-2.3
    469/469 [==============================] - 5s 10ms/step - loss: 0.29 - accuracy: 0.91     verbose=1, 2.4-2.15
    469/469 ━━━━━━━━━━━━━━━━━━━━ 1s 2ms/step - accuracy: 0.91 - loss: 0.29                    verbose=1, 3.x
    60000/60000 - 3s - loss: 0.29 - acc: 0.91     and     - 3s - loss: 0.29 - acc: 0.91       verbose=2, 2.x
    469/469 - 1s - 2ms/step - accuracy: 0.91 - loss: 0.29                                     verbose=2, 3.x
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from grader.code.syntax import called_names, progress_calls
from grader.facts.keras import OLD_NAMES, VALIDATION
from grader.formats.keras_summaries import Summary, score_in_line, summaries
from grader.formats.text import screen_text, shorten
from grader.records import Event, LoggedEpoch, LoggedScore, LoggedSummary, LoggedTraining

# Single lines

LINE_LIMIT = 2_000
"""Longer lines are no log lines."""

_HEADER = re.compile(r"\s*Epoch:?\s+(\d{1,6})\s?/\s?(\d{1,6})\b")
_CALLBACK = re.compile(r"\s*(?:Restoring model weights|Epoch\s+\d{1,6}:)")
_COUNT = re.compile(r"\s*(\d{1,9})/(\d{1,9}|Unknown)\s*")
_BAR = re.compile(r"\[[=>.\s]{1,80}\]\s*|[━╸╺]{1,80}\s*")
_STAMP = re.compile(
    r"(?:-\s*)?(?:ETA:\s*(?:\d{1,3}:){0,3}\d{1,9}(?:s|ms|us)?|(?P<clock>(?:\d{1,3}:){1,2}\d\d)|(?P<seconds>\d{1,9})s)(?![\w.])"
)
_RATE = re.compile(r"\s*(?:-\s*)?(?P<rate>\d{1,9}(?:\.\d{1,6})?)(?P<unit>us|µs|ms|s|min|h)/(?P<per>step|sample|epoch)")
_METRIC = re.compile(
    r"\s*(?:-\s*)?(?P<name>[A-Za-z_][\w/ ]{0,60}?):\s*"
    r"(?P<value>[-+]?(?:\d{1,20}(?:\.\d{0,20})?(?:[eE][-+]?\d{1,3})?|nan|inf))(?![\w.])"
)
_METRIC_END = re.compile(
    r":\s(?:\d{1,9}\.\d{4}(?:e[-+]\d\d)?|nan|inf)(?:\s-\s\d{1,9}(?:us|µs|ms|s|min|h)/(?:epoch|step|sample)){0,2}\s*$"
)
"""Keras prints four decimals; fewer at the end of a line mean that the rest stands in the next one.

Keras 2.8 to 2.15 put the time per epoch and step behind them under verbose=2.
"""
_MILLISECONDS = {"us": 0.001, "µs": 0.001, "ms": 1.0, "s": 1_000.0, "min": 60_000.0, "h": 3_600_000.0}


@dataclass(frozen=True)
class EpochHeader:
    """`Epoch 3/10`."""

    number: int
    of: int
    rest: str = ""
    """What follows in the same line."""


@dataclass(frozen=True)
class ProgressLine:
    """A progress bar, finished or not, of `fit` or `evaluate`."""

    done: int | None
    steps: int | None
    seconds: float | None
    ms_per_step: float | None
    metrics: dict[str, float]
    finished: bool
    text: str

    @property
    def validated(self) -> bool:
        """Whether it reports validation, as only `fit` does."""
        return any(name.startswith(VALIDATION) for name in self.metrics)


def epoch_header(line: str) -> EpochHeader | None:
    """The header that `line` begins with."""
    match = _HEADER.match(line)
    if match is None:
        return None
    return EpochHeader(int(match[1]), int(match[2]), line[match.end() :])


def is_callback_line(line: str) -> bool:
    """Whether a callback wrote it, such as `Epoch 00003: early stopping`."""
    return bool(_CALLBACK.match(line))


def progress_line(line: str) -> ProgressLine | None:
    """`line` as progress of a training or an evaluation; `None` for any other text."""
    if len(line) > LINE_LIMIT or ":" not in line:
        return None
    count = _COUNT.match(line)
    position = count.end() if count else 0
    bar = _BAR.match(line, position) if count else None
    position = bar.end() if bar else position
    stamp = _STAMP.match(line, position) if count else _STAMP.match(line.lstrip())
    if stamp is None:
        return None
    if count is None:
        line = line.lstrip()
        if not line.startswith("-"):
            return None
    seconds, eta = _seconds(stamp), "ETA" in stamp[0]
    rate, position = _rate(line, stamp.end())
    metrics, position = _metrics(line, position)
    if not metrics:
        return None
    late, _ = _rate(line, position)
    done = int(count[1]) if count else None
    steps = int(count[2]) if count and count[2] != "Unknown" else None
    return ProgressLine(
        done=done,
        steps=steps,
        seconds=seconds,
        ms_per_step=rate if rate is not None else late,
        metrics=metrics,
        finished=not eta and (done is None or done == steps),
        text=line.strip(),
    )


def _seconds(stamp: re.Match[str]) -> float | None:
    if stamp["seconds"]:
        return float(stamp["seconds"])
    if stamp["clock"]:
        total = 0
        for part in stamp["clock"].split(":"):
            total = total * 60 + int(part)
        return float(total)
    return None


def _rate(line: str, position: int) -> tuple[float | None, int]:
    """Milliseconds per step (or sample, in Keras 2.0 to 2.3), passing over a time per epoch."""
    found: float | None = None
    while match := _RATE.match(line, position):
        if match["per"] != "epoch":
            found = round(float(match["rate"]) * _MILLISECONDS[match["unit"]], 6)
        position = match.end()
    return found, position


def _metrics(line: str, position: int) -> tuple[dict[str, float], int]:
    metrics: dict[str, float] = {}
    while match := _METRIC.match(line, position):
        name = match["name"].strip()
        metrics[OLD_NAMES.get(name, name)] = float(match["value"])
        position = match.end()
    return metrics, position


def continuation_length(line: str, following: list[str]) -> int:
    """How many of `following` are the rest of `line`: 0 unless it is a progress line wrapped at the page's width."""
    rest = ""
    for count, part in enumerate(following, start=1):
        if not 0 < len(part.strip()) <= 120 or _COUNT.match(part) or epoch_header(part):
            return 0
        rest += part.strip()
        if is_cut(line, rest):
            return count
    return 0


def is_cut(line: str, following: str) -> bool:
    """Whether `line` is a progress line wrapped at the page's width, and `following` its other half."""
    if not 20 <= len(line) <= LINE_LIMIT or not 0 < len(following) <= 300 or not _COUNT.match(line):
        return False
    joined = line.rstrip("\n") + following.strip()
    whole, alone = progress_line(joined), progress_line(line)
    if whole is None or not _METRIC_END.search(joined):
        return False
    return alone is None or not _METRIC_END.search(line) or len(whole.metrics) > len(alone.metrics)


# Trainings and evaluations

_SAMPLES = re.compile(r"\s*Train on \d{1,12} (?:samples|steps)")


@dataclass
class Training:
    """One `fit` as its log shows it."""

    line: int
    """Number of its first line."""
    declared: int
    headed: bool
    """Its epochs have `Epoch k/n` lines."""
    pending: int
    """The epoch whose line is awaited or was read last."""
    epochs: dict[int, LoggedEpoch] = field(default_factory=dict)

    def take(self, progress: ProgressLine) -> bool:
        """Whether `progress` belongs to the pending epoch; its last line counts."""
        known = self.epochs.get(self.pending)
        if known is not None and not self._repeats(known, progress):
            return False
        of = self.declared if self.headed else None
        self.epochs[self.pending] = epoch_record(progress, self.pending, of)
        return True

    def _repeats(self, known: LoggedEpoch, progress: ProgressLine) -> bool:
        if not self.headed or known.steps != progress.steps or not set(known.metrics) <= set(progress.metrics):
            return False
        grown = len(progress.metrics) > len(known.metrics)
        return grown or known.metrics == progress.metrics or self.pending < self.declared


@dataclass
class Trainings:
    """What the lines taken so far testify."""

    found: list[Training] = field(default_factory=list)
    standing: list[tuple[int, ProgressLine]] = field(default_factory=list)
    """Finished lines outside any epoch and without validation: one epoch of `fit`, or an `evaluate`."""
    _open: Training | None = None

    def take(self, number: int, line: str) -> bool:
        """Whether line `number` is part of a log, and has been taken."""
        if is_callback_line(line):
            return True
        header = epoch_header(line)
        if header is not None:
            self._head(number, header)
            if header.rest.strip() and (progress := progress_line(header.rest)):
                self._progress(number, progress)
            return True
        progress = progress_line(line)
        if progress is not None:
            self._progress(number, progress)
            return True
        if _SAMPLES.match(line):
            self._open = None
            return True
        return False

    def _head(self, number: int, header: EpochHeader) -> None:
        now = self._open
        goes_on = now is not None and now.headed and now.declared == header.of and header.number > now.pending
        again = now is not None and now.pending == header.number and not now.epochs and now.declared == header.of
        if now is None or not (goes_on or again):
            now = Training(number, header.of, True, header.number)
            self.found.append(now)
        now.pending = header.number
        self._open = now

    def _progress(self, number: int, progress: ProgressLine) -> None:
        if not progress.finished:
            return
        if self._open is not None and self._open.take(progress):
            return
        if not progress.validated:
            if not (
                self.standing and self.standing[-1][0] == number - 1 and self.standing[-1][1].text == progress.text
            ):
                self.standing.append((number, progress))
            self._open = None
            return
        if self.standing and number - self.standing[-1][0] <= 2 and _grew(self.standing[-1][1], progress):
            # Without a terminal Keras 3 prints the line once more when the validation is done.
            self.standing.pop()
        self._open = Training(number, 1, False, 1)
        self._open.take(progress)
        self.found.append(self._open)

    def settle(self, calls: list[str]) -> list[tuple[int, ProgressLine]]:
        """The standing lines that are evaluations; the others join the trainings. `calls` as `progress_calls` says."""
        fits = self._fits(calls)
        for (number, progress), is_fit in zip(self.standing, fits, strict=True):
            if is_fit:
                training = Training(number, 1, False, 1)
                training.take(progress)
                self.found.append(training)
        self.found.sort(key=lambda training: training.line)
        return [entry for entry, is_fit in zip(self.standing, fits, strict=True) if not is_fit]

    def _fits(self, calls: list[str]) -> list[bool]:
        count = len(self.standing)
        if "evaluate" not in calls:
            return [("fit" in calls)] * count
        if "fit" not in calls or any(training.epochs for training in self.found) or count % len(calls):
            return [False] * count
        return [calls[place % len(calls)] == "fit" for place in range(count)]


def _grew(before: ProgressLine, after: ProgressLine) -> bool:
    return before.steps == after.steps and set(before.metrics) < set(after.metrics)


def epoch_record(progress: ProgressLine, number: int, of: int | None) -> LoggedEpoch:
    """The record of one epoch's last line."""
    return LoggedEpoch(
        number=number,
        of=of,
        steps=progress.steps,
        seconds=progress.seconds,
        ms_per_step=progress.ms_per_step,
        metrics=progress.metrics,
    )


# Whole texts

_TEXT_LIMIT = 3_000_000
"""Characters of one text; of a longer one its beginning and end are read."""
_EVENTS_LIMIT = 2_000
"""Trainings, summaries and scores kept of one text."""
_PARTS_LIMIT = 4
"""Lines over which one line of a log may be wrapped."""


def read_logs(text: str, source: str, cell: int, first_seq: int) -> tuple[Event, ...]:
    """What `text`, printed by the code `source` of cell `cell`, testifies, in its order; numbered from `first_seq`.

    A progress line without validation could be one epoch of `fit` or an `evaluate`: the calls in `source` decide, and
    where it makes neither, the line counts as an evaluation.
    """
    text = re.sub(r"\n{3,}", "\n\n", screen_text(shorten(text, _TEXT_LIMIT)))
    lines = list(_unwrapped(text.split("\n")))
    evaluates = "evaluate" in called_names(source)
    trainings = Trainings()
    scores: list[tuple[int, dict[str, float], str]] = []
    for number, line in enumerate(lines):
        if not line or line.isspace():
            continue
        if not trainings.take(number, line) and (metrics := score_in_line(line, evaluates)):
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
        parts = continuation_length(line, lines[position : position + _PARTS_LIMIT]) if len(line) <= LINE_LIMIT else 0
        yield line + "".join(part.strip() for part in lines[position : position + parts])
        position += parts
