"""Times per epoch that the text states and no log shows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grader.checks.observations.code import programs_of
from grader.checks.texts.numbers import numbers_in
from grader.checks.wording import clipped, listed
from grader.records.match import Match, Reference
from grader.records.recording import LoggedTraining
from grader.records.result import Observation

_UNIT = re.compile(
    r"\s{0,2}(?:-\s?)?(?P<unit>ms|milliseconds?|s|secs?|seconds?|sekunder|sekunden|segundos|secondes)\b", re.IGNORECASE
)
_EPOCH = re.compile(r"epoch|epok|époque|época", re.IGNORECASE)
_OTHER = re.compile(
    r"total|in all|altogether|differ|fluctuat|faster|slower|longer|shorter|more|less|sum|average|mean|increase|overall|"
    r"insgesamt|totalt|skillnad|unterschied|diferencia|différence|minutes?",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.?!])\s+|\n{2,}")
_STEP = re.compile(r"step|batch|steg|schritt|paso|étape", re.IGNORECASE)
_MARGIN = 0.15
_LONGEST = 100_000


def unfounded_times(match: Match, reference: Reference) -> Iterator[Observation]:
    """Seconds per epoch that no saved log shows, and milliseconds, as of a step, given as the time of an epoch.

    Only where logs with times were handed in; seconds only where half of the trainings in the code have one.
    """
    logs = [event for event in match.saved.events if isinstance(event, LoggedTraining)]
    epochs = [epoch for log in logs for epoch in log.epochs]
    kept = 2 * len(logs) >= sum(len(program.fits) for program in programs_of(match))
    seconds = sorted({epoch.seconds for epoch in epochs if epoch.seconds is not None})
    told: set[str] = set()
    for question in match.questions:
        for sentence in _SENTENCE.split(question.answer[:_LONGEST]):
            loose, steps = _loose(sentence, seconds)
            loose = loose if kept else []
            if not seconds or not (loose or steps) or sentence in told:
                continue
            told.add(sentence)
            shown = listed([f"{value:g} s" for value in _spread(seconds)])
            what = f"{listed(loose)}, given under {question.question.id} as time of an epoch,"
            if loose:
                message = f"{what} may come from a run that was not kept: no saved log shows it."
            else:
                what = f"{listed(steps)}, given under {question.question.id} as time of an epoch,"
                message = f"{what} may be the time of a step: no saved log shows an epoch of milliseconds."
            yield Observation(
                kind="unfounded_time",
                question=question.question.id,
                message=message,
                proof=f"Text: '{clipped(sentence)}'; epochs in the logs handed in take {shown}.",
            )


def _spread(values: list[float]) -> list[float]:
    return values if len(values) <= 4 else [*values[:2], *values[-2:]]


def _loose(sentence: str, seconds: list[float]) -> tuple[list[str], list[str]]:
    """Seconds that no log shows, and milliseconds where every log shows epochs of a second or more."""
    if len(sentence) > 2_000 or not _EPOCH.search(sentence) or _OTHER.search(sentence):
        return [], []
    loose, steps = [], []
    for number in numbers_in(sentence):
        unit = _UNIT.match(sentence, number.position + len(number.text))
        if unit is None or number.values[-1] <= 0:
            continue
        text, value = f"{number.text} {unit['unit']}", number.values[-1]
        if unit["unit"].lower().startswith(("ms", "milli")):
            if value < 1_000 and min(seconds, default=0.0) >= 1.0 and not _STEP.search(sentence):
                steps.append(text)
        # Keras rounds to whole seconds, and so do people: a second either way, or 15 %, is the same time.
        elif not any(abs(value - other) <= max(1.0, _MARGIN * other) for other in seconds):
            loose.append(text)
    return list(dict.fromkeys(loose)), list(dict.fromkeys(steps))
