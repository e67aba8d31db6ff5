"""The criterion `console_log`: a training log is shown: epochs, and seconds per epoch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from pydantic import JsonValue, PositiveInt

from grader.criteria import Case, Criterion, Seen, clipped
from grader.facts.languages import TIME_WORDS, alternatives
from grader.records import LoggedTraining, Mistake, Printed, Reason, Subject, Verdict

_EPOCH = re.compile(r"^Epoch \d{1,5}/\d{1,5}[ \t]*$", re.MULTILINE)
"""A line with which Keras begins an epoch."""
_TIME = re.compile(
    rf"\b\d{{1,5}}(?:[.,:]\d{{1,3}})?\s?(?:-|–|to)?\s?(?:\d{{1,5}}\s?)?(?:{alternatives(TIME_WORDS)})\b",
    re.IGNORECASE,
)
"""A time, or a range such as `3-4 s`."""
_LONGEST = 50_000
"""Characters of an answer in which a time is looked for: an answer is a page, what is longer is a dump."""

_LOG = "The log {source:choose saved=saved|printed=that the code prints} under {place} shows {epochs:count epoch}"


@dataclass(frozen=True)
class _Log:
    """A log that was handed in, or that the code prints."""

    source: Literal["saved", "printed"]
    epochs: int
    timed: bool
    cell: int


class ConsoleLogCriterion(Criterion):
    """A training log is shown: epochs, and seconds per epoch."""

    title: ClassVar[str] = "Training log"
    about: ClassVar[Subject] = "training"
    decided_by_text: ClassVar[bool] = True
    reads_saved_log: ClassVar[bool] = True
    beside_curves: ClassVar[bool] = True
    mistakes: ClassVar[frozenset[Mistake]] = frozenset({"fit", "silent_training", "stale_log"})
    sentences: ClassVar[Mapping[str, str]] = {
        "stated": "The answer states a time: “{time}”.",
        "epochs": f"{_LOG}.",
        "epochs_other": f"{_LOG}; {{wanted}} {{wanted:plural was/were}} asked for.",
        "timed": "It gives the time per epoch.",
        "untimed": "The time per epoch is missing.",
    }

    kind: Literal["console_log"] = "console_log"
    epochs: PositiveInt | None = None
    """Default: the reference's."""
    seconds: bool = True
    """Seconds per epoch are asked for."""
    stated: bool = False
    """A time per epoch in the answer is as good as a log."""

    def judge(self, case: Case) -> Verdict:
        """Epochs, and seconds per epoch where they are asked for, in the log that was handed in.

        Where no outputs were handed in at all (a script), the log that the code prints when it runs counts. A picture
        of a console is left to a person. The points are split evenly over epochs and seconds.
        """
        time = _TIME.search(case.answer[:_LONGEST]) if self.stated else None
        if time is not None:
            stated = self.because("stated", time=clipped(time[0]))
            return self.graded(1.0, stated, observed={"stated": True}, evidence=case.places(case.cells))
        wanted = self.epochs or case.reference_epochs
        log = _log(case, wanted)
        if log is None:
            return self.missing(case, "training log", *case.saved_pictures)
        scores = [min(log.epochs, wanted) / max(log.epochs, wanted, 1)]
        reasons = [self._shown(log, wanted, case)]
        if self.seconds:
            scores.append(float(log.timed))
            reasons.append(self.because("timed" if log.timed else "untimed"))
        observed: JsonValue = {"epochs": log.epochs, "timed": log.timed}
        expected: JsonValue = {"epochs": wanted, "timed": self.seconds}
        share = sum(scores) / len(scores)
        return self.graded(share, *reasons, observed=observed, expected=expected, evidence=case.places([log.cell]))

    @classmethod
    def propose(cls, seen: Seen) -> Iterator[Self]:
        """Where the model's training prints its epochs."""
        printed = (event.text for event in seen.events if isinstance(event, Printed))
        if seen.happens("trained") and any(_EPOCH.search(text) for text in printed):
            yield cls(points=1, seconds=False)

    def _shown(self, log: _Log, wanted: int, case: Case) -> Reason:
        values: dict[str, JsonValue] = {"source": log.source, "place": case.place(log.cell), "epochs": log.epochs}
        if log.epochs == wanted:
            return self.because("epochs", **values)
        return self.because("epochs_other", **values, wanted=wanted)


def _log(case: Case, wanted: int) -> _Log | None:
    """The log whose epochs are nearest to `wanted`: a saved one, or a printed one where nothing was saved at all."""
    if case.saved_logs:
        saved = min(case.saved_logs, key=lambda candidate: (abs(_reached(candidate) - wanted), candidate.seq))
        return _Log("saved", _reached(saved), _is_timed(saved), saved.cell)
    printed = [training for training in case.trainings if training.fit.verbose > 0]
    if _has_outputs(case) or not printed:
        return None
    training = min(printed, key=lambda candidate: (abs(candidate.history.epochs - wanted), candidate.seq))
    return _Log("printed", training.history.epochs, True, training.cell)


def _has_outputs(case: Case) -> bool:
    """Whether any code was handed in together with what it printed."""
    cells = case.match.submission.cells
    return any(cell.kind == "code" and any(output.text.strip() for output in cell.outputs) for cell in cells)


def _reached(log: LoggedTraining) -> int:
    """The epochs of a log; where lines were lost on the way into a document, the number of the last that is left."""
    last = log.epochs[-1]
    return max(len(log.epochs), last.number if last.of is not None else 0)


def _is_timed(log: LoggedTraining) -> bool:
    return any(epoch.seconds is not None or epoch.ms_per_step is not None for epoch in log.epochs)
