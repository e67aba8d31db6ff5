"""The criterion `right_and_wrong`: how many test images are classified rightly, and how many wrongly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import JsonValue

from grader.criteria import SHOWN_IN, AboutAModel, Case, Text
from grader.criteria.prose import numbers_in
from grader.records import Mistake, Reason, Score, Subject, Verdict

_TIES = 5
"""Images whose class may turn with rounding: two sums of the same weights differ in the last digits from one machine
to the next, which turns the few images whose two largest outputs are nearly equal."""
_OWNER_TIES = 1
"""Images by which another model's count may differ where the numbers are said to be its: an accusation, so closer."""
_WRONG_COUNT = 0.5
"""Share for two numbers that add up but are not those that were measured: counted, and counted wrongly."""
_MOST_NUMBERS = 400
"""Numbers of one text that are looked at: of a dump of predictions two always add up to the number of images."""
_FEWEST_ROWS = 50
"""Test images from which two numbers that add up to their number are there for it: small ones add up by chance."""
_USUAL_ROWS = 10_000
"""Test images where nothing was measured: of MNIST, Fashion MNIST and CIFAR."""

_GIVES = f"{SHOWN_IN} gives {{most}} and {{least}} of {{rows}}"


@dataclass(frozen=True)
class _Pair:
    """Two counts that add up to the number of test images."""

    most: int
    least: int
    text: Text | None
    """Where both stand; `None`: in the answer."""

    def distance(self, right: int) -> int:
        """By how many images the nearer of the two misses `right`."""
        return min(abs(self.most - right), abs(self.least - right))


class RightAndWrongCriterion(AboutAModel):
    """How many test images are classified rightly, and how many wrongly."""

    title: ClassVar[str] = "Right and wrong"
    about: ClassVar[Subject] = "training"
    mistakes: ClassVar[frozenset[Mistake]] = frozenset({"prediction", "not_printed", "miscounted"})
    sentences: ClassVar[Mapping[str, str]] = {
        "as_measured": f"{_GIVES} test images, as labgrade measured.",
        "other": f"{_GIVES} test images; labgrade measured {{measured}} right.",
        "another_models": "They are those of `{model}`.",
        "shown": f"{_GIVES} images.",
        "answer": "The answer gives {most} and {least} of {rows} images.",
        "not_compared": "It could not be compared.",
    }

    kind: Literal["right_and_wrong"] = "right_and_wrong"

    def judge(self, case: Case) -> Verdict:
        """Two whole numbers, printed or stated, whose sum is the number of test images.

        The larger or the smaller of them is the number that the model classifies rightly, as labgrade measured.
        """
        case = case.about(self.model)
        score = case.score
        rows = score.rows if score else _test_rows(case)
        texts = [*case.texts(case.cells), *case.texts()]
        perfect = score is not None and score.accuracy * rows > rows - 0.5
        fresh = [pair for text in texts if not text.saved for pair in _pairs(text.text, text, rows, perfect)]
        if fresh and score is not None:
            right = round(score.accuracy * score.rows)
            return self._compared(min(fresh, key=lambda pair: pair.distance(right)), score, case)
        stated = [
            *_pairs(case.answer, None, rows),
            *(pair for text in texts if text.saved for pair in _pairs(text.text, text, rows)),
        ]
        shown = tuple(self._shown(pair, rows, case) for pair in (fresh or stated)[:1])
        if shown and (fresh or case.hindrance is None):
            return self.review(*shown, self.because("not_compared"), evidence=case.places(case.cells))
        return self.missing(case, "count of right and wrong test images", *shown)

    def _compared(self, pair: _Pair, score: Score, case: Case) -> Verdict:
        """The verdict on numbers that were printed when the code was run again."""
        right = round(score.accuracy * score.rows)
        values = self._values(pair, score.rows, case)
        share, reasons = 1.0, [self.because("as_measured", **values)]
        if pair.distance(right) > _TIES:
            owner = _owner(pair, case)
            share, reasons = 0.0 if owner else _WRONG_COUNT, [self.because("other", **values, measured=right)]
            reasons += [self.because("another_models", model=owner)] if owner else []
        return self.graded(
            share,
            *reasons,
            observed=[pair.most, pair.least],
            expected=[right, score.rows - right],
            evidence=case.places([pair.text.cell] if pair.text else case.cells),
        )

    def _shown(self, pair: _Pair, rows: int, case: Case) -> Reason:
        return self.because("shown" if pair.text else "answer", **self._values(pair, rows, case))

    def _values(self, pair: _Pair, rows: int, case: Case) -> dict[str, JsonValue]:
        numbers: dict[str, JsonValue] = {"most": pair.most, "least": pair.least, "rows": rows}
        if pair.text is None:
            return numbers
        return {"source": pair.text.source, "place": case.place(pair.text.cell), **numbers}


def _test_rows(case: Case) -> int:
    """Number of test images, where this model was not measured."""
    return max((t.test.rows for t in case.match.rerun.trainings() if t.test), default=_USUAL_ROWS)


def _pairs(words: str, text: Text | None, rows: int, perfect: bool = False) -> Iterator[_Pair]:
    """Pairs of whole numbers in `words` that add up to `rows`; none of them 0, unless the model is `perfect`."""
    if rows < _FEWEST_ROWS:
        return
    found = []
    for number in numbers_in(words)[:_MOST_NUMBERS]:
        whole = [int(value) for value, decimals in zip(number.values, number.decimals, strict=True) if decimals == 0]
        found += [value for value in whole if 0 < value < rows or (perfect and value in (0, rows))]
    seen = set(found)
    for value in dict.fromkeys(found):
        other = rows - value
        if other in seen and value >= other:
            yield _Pair(value, other, text)


def _owner(pair: _Pair, case: Case) -> str | None:
    """Another of the group's models whose score fits to the image."""
    for other in case.others:
        score = case.score_of(other)
        if score and pair.distance(round(score.accuracy * score.rows)) <= _OWNER_TIES:
            return other.label
    return None
