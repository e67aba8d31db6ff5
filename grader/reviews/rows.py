"""The rows of `review.csv`: what a person is asked to decide, and what may be overridden."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from grader.classes.sheets import label_cell, number_text, sheet_text
from grader.records.result import QuestionResult, Result, Verdict
from grader.reviews.marks import Key, keyed

HEADER = (
    *("submission", "question", "criterion", "answer", "suggestion", "points", "awarded", "comment"),
    *("status", "row"),
)
_CELL = 30_000
"""Characters of a cell: spreadsheets take 32,767."""


@dataclass(frozen=True)
class ReviewRow:
    """One criterion of one submission."""

    submission: str
    key: Key
    question: QuestionResult
    verdict: Verdict
    digest: str
    """Of the hand-in."""

    @property
    def token(self) -> str:
        """Names the row, and what it rests on, in a form that no spreadsheet takes for a number or a date."""
        return f"{self.identity}-{self._state}"

    @property
    def identity(self) -> str:
        """The part of the token that stays when the answer changes."""
        return "r" + _short([self.submission, *map(str, self.key)], 10)

    @property
    def _state(self) -> str:
        return "s" + _short([self.question.basis, number_text(self.verdict.points)], 6)

    @property
    def automatic(self) -> float | None:
        """Points that labgrade gave; `None` where a person decides."""
        marked = self.verdict.marked
        status = marked.automatic_status if marked else self.verdict.status
        if status in ("review", "errored"):
            return None
        return marked.automatic_awarded if marked else self.verdict.awarded


def review_rows(result: Result) -> list[ReviewRow]:
    """Every criterion of a result, in order."""
    return [
        ReviewRow(result.submission, key, question, verdict, result.digest)
        for key, question, verdict in keyed(result.questions)
    ]


def review_text(rows: Iterable[ReviewRow], everything: bool = False) -> str:
    """`review.csv`: what awaits a person and what one has marked, or everything. UTF-8 with BOM, comma-separated."""
    shown = [row for row in rows if everything or not row.verdict.decided or row.verdict.marked]
    return sheet_text([HEADER, *(_cells(row) for row in shown)], bom=True)


def _cells(row: ReviewRow) -> list[object]:
    verdict = row.verdict
    mark = verdict.marked
    awarded = verdict.awarded if verdict.decided else None
    comment = mark.comment if mark else ""
    return [
        row.submission,
        label_cell(row.question.id),
        _criterion(row.key),
        row.question.answer[:_CELL],
        _suggestion(verdict)[:_CELL],
        verdict.points,
        awarded,
        comment[:_CELL],
        verdict.status,
        row.token,
    ]


def _criterion(key: Key) -> str:
    return key[1] if key[2] == 1 else f"{key[1]} {key[2]}"


def _suggestion(verdict: Verdict) -> str:
    observed = verdict.observed if isinstance(verdict.observed, dict) else {}
    suggested = observed.get("suggested")
    if not isinstance(suggested, int | float):
        return verdict.explanation
    return f"{number_text(float(suggested))} point{'' if suggested == 1 else 's'}? {verdict.explanation}"


def _short(parts: list[str], digits: int) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:digits]
