"""Progress lines put together into trainings and evaluations."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from grader.reading.console.progress import EpochHeader, ProgressLine, epoch_header, is_callback_line, progress_line
from grader.records.recording import LoggedEpoch

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
        self.epochs[self.pending] = logged_epoch(progress, self.pending, of)
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


def logged_epoch(progress: ProgressLine, number: int, of: int | None) -> LoggedEpoch:
    """The record of one epoch's last line."""
    return LoggedEpoch(
        number=number,
        of=of,
        steps=progress.steps,
        seconds=progress.seconds,
        ms_per_step=progress.ms_per_step,
        metrics=progress.metrics,
    )
