"""The criterion on a written answer: labgrade suggests, a person decides."""

from __future__ import annotations

import re
import unicodedata

from pydantic import JsonValue

from grader.checks.verdicts import review, rounded_points
from grader.checks.wording import counted, listed, places
from grader.records.criteria.texts import WrittenCriterion
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.result import Verdict

_LONGEST = 100_000
_SHOWN = 200
_WORD = re.compile(r"[^\W_]+")


def check_written(criterion: WrittenCriterion, question: QuestionMatch, match: Match, reference: Reference) -> Verdict:
    """Written answer

    Counts words and looks for the concepts that the rubric names. It never decides.
    """
    evidence = places(match, question.cells)
    words = len(_WORD.findall(question.answer[:_LONGEST]))
    if words == 0:
        return review(criterion, _nothing_written(question, match), observed={"words": 0}, evidence=evidence)
    text = _folded(question.answer[:_LONGEST])
    found = [concept for concept in criterion.mentions if any(_mentions(text, phrase) for phrase in concept)]
    lacking = [concept for concept in criterion.mentions if concept not in found]
    said = f"{counted(words, 'word')}."
    if found:
        said += f" Found: {listed([concept[0] for concept in found])}."
    if lacking:
        said += f" Not found: {listed([concept[0] for concept in lacking])}."
    observed: dict[str, JsonValue] = {"words": words}
    if criterion.mentions:
        observed["found"] = [concept[0] for concept in found]
        observed["missing"] = [concept[0] for concept in lacking]
        observed["suggested"] = rounded_points(criterion.points, len(found) / len(criterion.mentions))
    expected: JsonValue = [list(concept) for concept in criterion.mentions]
    return review(criterion, said, observed=observed, expected=expected, evidence=evidence)


def _nothing_written(question: QuestionMatch, match: Match) -> str:
    """What to say where no text stands: the cells may have printed the answer."""
    for recording in (match.saved, match.rerun):
        printed = " ".join(
            event.text for event in recording.events if event.kind == "printed" and event.cell in question.cells
        )
        if printed.split():
            shown = " ".join(printed[:2_000].split())[:_SHOWN]
            return f"No text of yours was found under this id; its cells print: “{shown}”."
    return "No answer was found under this id. It may stand elsewhere."


def _folded(text: str) -> str:
    """Lower case, without accents, with every run of other signs as one blank."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return f" {' '.join(_WORD.findall(letters))} "


def _mentions(text: str, phrase: str) -> bool:
    # The start of a word is enough: `probabilit` finds both its singular and its plural.
    wanted = _folded(phrase).rstrip()
    return bool(wanted.strip()) and wanted in text
