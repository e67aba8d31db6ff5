"""Single lines of Keras' training logs.

Written by `keras.utils.Progbar` and `keras.callbacks.ProgbarLogger`, whose forms from Keras 2.0 to 3.x are:

    60000/60000 [==============================] - 3s 54us/step - loss: 0.29 - acc: 0.91      verbose=1, 2.0-2.3
    469/469 [==============================] - 5s 10ms/step - loss: 0.29 - accuracy: 0.91     verbose=1, 2.4-2.15
    469/469 ━━━━━━━━━━━━━━━━━━━━ 1s 2ms/step - accuracy: 0.91 - loss: 0.29                    verbose=1, 3.x
    60000/60000 - 3s - loss: 0.29 - acc: 0.91     and     - 3s - loss: 0.29 - acc: 0.91       verbose=2, 2.x
    469/469 - 1s - 2ms/step - accuracy: 0.91 - loss: 0.29                                     verbose=2, 3.x
"""

from __future__ import annotations

import re
from dataclasses import dataclass

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
_RENAMED = {"acc": "accuracy", "val_acc": "val_accuracy"}
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
        return any(name.startswith("val_") for name in self.metrics)


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
        metrics[_RENAMED.get(name, name)] = float(match["value"])
        position = match.end()
    return metrics, position


def cut_into(line: str, following: list[str]) -> int:
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


# Keras prints four decimals; fewer at the end of a line mean that the rest stands in the next one.
# Keras 2.8 to 2.15 put the time per epoch and step behind them under verbose=2.
_METRIC_END = re.compile(
    r":\s(?:\d{1,9}\.\d{4}(?:e[-+]\d\d)?|nan|inf)(?:\s-\s\d{1,9}(?:us|µs|ms|s|min|h)/(?:epoch|step|sample)){0,2}\s*$"
)
