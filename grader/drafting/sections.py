"""The questions of a solution, as its headings name them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from grader.records.submission import Submission

_HEADING = re.compile(r"^[ \t]{0,3}(#{1,6})[ \t]+(\S.{0,300}?)[ \t#]*$", re.MULTILINE)
_ID = re.compile(
    r"(?:[*_]{0,2}(?:question|task|part|exercise|problem|q|uppgift|fråga|aufgabe|frage|tâche|pregunta|ejercicio)"
    r"[ \t]{0,3}[.:]?[ \t]{0,3})?(\d{1,2}(?:\.\d{1,2}){0,3}[a-h]?)(?![\w%])[).:]?[*_]{0,2}(?:[ \t]+|$)(.{0,300})",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\W_]+")
_TITLE_LENGTH = 90


@dataclass(frozen=True)
class Section:
    """A heading that names a question."""

    id: str
    title: str
    cues: tuple[str, ...] = ()
    """Where the heading has no number: its words."""


def sections_of(solution: Submission) -> tuple[Section, ...]:
    """The numbered headings, or all of the commonest level where none bears a number; each id once."""
    headings = list(_headings(solution))
    numbered = [section for _, text in headings if (section := _numbered(text))]
    found = numbered or [_named(text) for text in _of_the_commonest_level(headings)]
    unique: dict[str, Section] = {}
    for section in found:
        known = unique.get(section.id)
        if known is None or (known.title.startswith("Question ") and section.title):
            unique[section.id] = section
    parents = {".".join(other.split(".")[:count]) for other in unique for count in range(1, other.count(".") + 1)}
    leaves = [section for section in unique.values() if section.id not in parents or not numbered]
    return tuple(leaves)


def _headings(solution: Submission) -> Iterator[tuple[int, str]]:
    for cell in solution.cells:
        if cell.kind == "prose":
            for found in _HEADING.finditer(cell.source):
                yield len(found[1]), found[2].strip()


def _numbered(text: str) -> Section | None:
    found = _ID.match(text)
    if found is None:
        return None
    question = found[1].lower()
    title = " ".join(found[2].strip(" *_:.-–").split())[:_TITLE_LENGTH]
    return Section(question, title or f"Question {question}")


def _of_the_commonest_level(headings: list[tuple[int, str]]) -> list[str]:
    levels = [level for level, _ in headings]
    if not levels:
        return []
    commonest = max(sorted(set(levels), reverse=True), key=levels.count)
    return [text for level, text in headings if level == commonest]


def _named(text: str) -> Section:
    plain = unicodedata.normalize("NFKC", text).strip(" *_")
    words = [word.lower() for word in _WORDS.findall(plain)]
    return Section("-".join(words[:6]) or "question", plain[:_TITLE_LENGTH], (plain.lower()[:60],))
