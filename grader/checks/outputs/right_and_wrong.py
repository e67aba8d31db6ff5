"""The criterion on how many test images are classified rightly and how many wrongly."""

from __future__ import annotations

from collections.abc import Iterator

from grader.checks.evidence import Text, about, score_of, texts_of, where_of
from grader.checks.subject import hindrance, missing, others_of
from grader.checks.texts.numbers import numbers_in
from grader.checks.verdicts import graded, review
from grader.checks.wording import capitalised, places
from grader.records.criteria.outputs import RightAndWrongCriterion
from grader.records.match import Match, ModelMatch, QuestionMatch, Reference
from grader.records.models import TestScore
from grader.records.result import Verdict

_TIES = 5
"""Images whose class may turn with rounding."""
_WRONG_COUNT = 0.5
_MOST_NUMBERS = 400
_FEWEST_ROWS = 50

Counts = tuple[int, int, Text]
"""The larger and the smaller number, and where both stand."""


def check_right_and_wrong(
    criterion: RightAndWrongCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict:
    """Right and wrong

    Two whole numbers, printed or stated, whose sum is the number of test images, and the larger or smaller of which is
    the number that the model classifies rightly, as labgrade measured.
    """
    question = about(question, match, criterion.model)
    score = score_of(question.model, match)
    rows = score.rows if score else max((t.test.rows for t in match.rerun.trainings() if t.test), default=10_000)
    texts = [*texts_of(match, question.cells), *texts_of(match)]
    perfect = score is not None and score.accuracy * rows > rows - 0.5
    fresh = [pair for text in texts if not text.saved for pair in _pairs(text, rows, perfect)]
    if fresh and score is not None:
        return _compared(criterion, fresh, score, question, match)
    answer = Text(question.answer, question.cells[0] if question.cells else -1, True)
    stated = [pair for text in [answer, *(text for text in texts if text.saved)] for pair in _pairs(text, rows)]
    said = ""
    if fresh or stated:
        most, least, text = (fresh or stated)[0]
        where = "The answer" if text is answer else capitalised(where_of(text, match))
        said = f"{where} gives {most:,} and {least:,} of {rows:,} images."
    if said and (fresh or hindrance(question, match) is None):
        return review(
            criterion, f"{said} It could not be compared. A person decides.", evidence=places(match, question.cells)
        )
    return missing(criterion, question, match, "count of right and wrong test images", said)


def _compared(
    criterion: RightAndWrongCriterion, pairs: list[Counts], score: TestScore, question: QuestionMatch, match: Match
) -> Verdict:
    right = round(score.accuracy * score.rows)
    most, least, text = min(pairs, key=lambda pair: min(abs(pair[0] - right), abs(pair[1] - right)))
    said = f"{capitalised(where_of(text, match))} gives {most:,} and {least:,} of {score.rows:,} test images"
    share = 1.0
    if min(abs(most - right), abs(least - right)) <= _TIES:
        said += ", as labgrade measured."
    else:
        owner = _owner(most, least, question.model, match)
        share = 0.0 if owner else _WRONG_COUNT
        said += f"; labgrade measured {right:,} right." + (f" They are those of `{owner}`." if owner else "")
    observed, expected = [most, least], [right, score.rows - right]
    evidence = places(match, [text.cell])
    return graded(criterion, share, said, observed=list(observed), expected=list(expected), evidence=evidence)


def _pairs(text: Text, rows: int, perfect: bool = False) -> Iterator[Counts]:
    """Pairs of whole numbers in `text` that add up to `rows`; none of them 0, unless the model is `perfect`."""
    if rows < _FEWEST_ROWS:
        return
    found = []
    for number in numbers_in(text.text)[:_MOST_NUMBERS]:
        whole = [int(value) for value, places in zip(number.values, number.decimals, strict=True) if places == 0]
        found += [value for value in whole if 0 < value < rows or (perfect and value in (0, rows))]
    seen = set(found)
    for value in dict.fromkeys(found):
        other = rows - value
        if other in seen and value >= other:
            yield value, other, text


def _owner(most: int, least: int, model: ModelMatch | None, match: Match) -> str | None:
    """Another of the group's models whose score fits to the image."""
    for other in others_of(match, model):
        score = score_of(other, match)
        if score and min(abs(n - round(score.accuracy * score.rows)) for n in (most, least)) <= 1:
            return other.label
    return None
