"""The criterion on a written answer: labgrade suggests, a person decides."""

from __future__ import annotations

import re

from pydantic import JsonValue

from grader.checks.texts.concepts import mentions
from grader.checks.texts.language import NAMES, language_of
from grader.checks.verdicts import review, rounded_points
from grader.checks.wording import counted, listed, places
from grader.records.criteria.texts import WrittenCriterion
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.result import Verdict

_LONGEST = 100_000
_SHOWN = 200
_MOST_MARKED = 60
_WORD = re.compile(r"[^\W_]+")
_LINK = re.compile(r"(?:https?://|www\.)\S{1,500}")
_FEW = 4


def check_written(criterion: WrittenCriterion, question: QuestionMatch, match: Match, reference: Reference) -> Verdict:
    """Written answer

    Counts words and looks for the concepts that the rubric names. It never decides. The concepts' words are those of
    the rubric's language: in an answer in another one their absence says nothing.
    """
    evidence = places(match, question.cells)
    answer = question.answer[:_LONGEST]
    links = _LINK.findall(answer)
    words = len(_WORD.findall(_LINK.sub(" ", answer)))
    if not answer.strip() or (words == 0 and not links):
        return review(criterion, _nothing_written(question, match), observed={"words": 0}, evidence=evidence)
    said = f"{counted(words, 'word')}."
    if links and words <= _FEW:
        said += " The answer is hardly more than a link."
    observed: dict[str, JsonValue] = {"words": words}
    if criterion.mentions:
        said += _concepts(criterion, answer, match.rubric.language, observed)
    expected: JsonValue = [list(concept) for concept in criterion.mentions]
    return review(criterion, said, observed=observed, expected=expected, evidence=evidence)


def _concepts(criterion: WrittenCriterion, answer: str, language: str, observed: dict[str, JsonValue]) -> str:
    """What to say of the concepts, which are noted in `observed` with the words that name them."""
    named = {concept: mentions(answer, concept) for concept in criterion.mentions}
    found = [concept[0] for concept, words in named.items() if words]
    lacking = [concept[0] for concept, words in named.items() if not words]
    observed["found"] = list(found)
    marked: list[JsonValue] = list(dict.fromkeys(word for words in named.values() for word in words))
    observed["marked"] = marked[:_MOST_MARKED]
    said = f" Found: {listed(found)}." if found else ""
    spoken = language_of(answer)
    if spoken is not None and spoken != language and lacking:
        observed["language"] = spoken
        other = "other concepts" if found else "concepts"
        return (
            f"{said} Written in {NAMES[spoken]}, it seems; the rubric's words are not, so {other} were not looked for."
        )
    observed["missing"] = list(lacking)
    observed["suggested"] = rounded_points(criterion.points, len(found) / len(criterion.mentions))
    return f"{said} Not found: {listed(lacking)}." if lacking else said


def _nothing_written(question: QuestionMatch, match: Match) -> str:
    """What to say where no text stands: the cells may have printed the answer, or show it as a picture."""
    for recording in (match.saved, match.rerun):
        printed = " ".join(
            event.text for event in recording.events if event.kind == "printed" and event.cell in question.cells
        )
        if printed.split():
            shown = " ".join(printed[:2_000].split())[:_SHOWN]
            return f"No text of yours was found under this id; its cells print: “{shown}”."
    if question.pictures:
        return "No text of yours was found under this id, only a picture: a person reads it."
    if question.placed_by == "id":
        return "The section of this question was found, and nothing is written in it."
    return "No answer was found under this id. It may stand elsewhere."
