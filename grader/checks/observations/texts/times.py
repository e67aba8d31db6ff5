"""Times per epoch that the text states and no log shows."""

from __future__ import annotations

import re
from collections.abc import Iterator

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
_MARGIN = 0.15
_LONGEST = 100_000


def unfounded_times(match: Match, reference: Reference) -> Iterator[Observation]:
    """Seconds per epoch, or milliseconds per step, that no saved log shows. Only where there are logs."""
    epochs = [epoch for event in match.saved.events if isinstance(event, LoggedTraining) for epoch in event.epochs]
    seconds = sorted({epoch.seconds for epoch in epochs if epoch.seconds is not None})
    steps = sorted({epoch.ms_per_step for epoch in epochs if epoch.ms_per_step is not None})
    told: set[str] = set()
    for question in match.questions:
        for sentence in _SENTENCE.split(question.answer[:_LONGEST]):
            loose = _loose(sentence, seconds, steps)
            if not loose or sentence in told:
                continue
            told.add(sentence)
            shown = [f"{value:g} s" for value in _spread(seconds)] + [f"{value:g} ms/step" for value in _spread(steps)]
            yield Observation(
                kind="unfounded_time",
                question=question.question.id,
                message=(
                    f"{listed(loose)}, given under {question.question.id} as time of an epoch, may come from a run "
                    "that was not kept: no saved log shows it."
                ),
                proof=f"Text: '{clipped(sentence)}'; the logs handed in show {listed(shown)}.",
            )


def _spread(values: list[float]) -> list[float]:
    return values if len(values) <= 4 else [*values[:2], *values[-2:]]


def _loose(sentence: str, seconds: list[float], steps: list[float]) -> list[str]:
    if len(sentence) > 2_000 or not _EPOCH.search(sentence) or _OTHER.search(sentence):
        return []
    found = []
    for number in numbers_in(sentence):
        unit = _UNIT.match(sentence, number.position + len(number.text))
        if unit is None or number.values[-1] <= 0:
            continue
        fine = unit["unit"].lower().startswith(("ms", "milli"))
        known, value = steps if fine else seconds, number.values[-1]
        # Keras rounds to whole seconds, and so do people: a second either way, or 15 %, is the same time.
        if known and not any(abs(value - other) <= max(1.0, _MARGIN * other) for other in known):
            found.append(f"{number.text} {unit['unit']}")
    return list(dict.fromkeys(found))
