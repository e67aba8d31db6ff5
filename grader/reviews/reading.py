"""`review.csv` read back: marks and comments, with what is wrong named by line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from grader.classes.sheets import Row, Sheet, label_text, number_text, plain_cell, read_number
from grader.records.marks import Mark, Marks
from grader.reviews.rows import ReviewRow

_SPREADSHEET_ERROR = re.compile(r"Err:\d{3}|#(?:NAME|REF|VALUE|DIV/0|N/A|NUM|NULL|SPILL)[!?]?")
WITHDRAWN = "-"
"""In the column `awarded`: the mark is taken back."""


@dataclass
class Reviewed:
    """What a sheet says."""

    marks: dict[str, Marks]
    """By submission: all of its marks, of those submissions for which something changed."""
    problems: list[str] = field(default_factory=list)
    """One line each, with file and line number."""
    changed: int = 0
    """Rows with a new or another decision."""


class _RowError(Exception):
    """What is wrong with one row."""


def read_review(sheet: Sheet, rows: Iterable[ReviewRow], known: Mapping[str, Marks], by: str, at: str) -> Reviewed:
    """The decisions in `sheet` on top of the `known` ones. Rows that were not filled in change nothing.

    Raises `UserError` for a sheet without the column `awarded`, or without `row` and what may stand for it:
    submission, question and criterion.
    """
    columns = _columns(sheet)
    index = _Index(rows)
    kept = {name: {(m.question, m.criterion, m.number): m for m in marks.marks} for name, marks in known.items()}
    reviewed = Reviewed({})
    touched: set[str] = set()
    seen: dict[str, int] = {}
    for row in sheet.rows[1:]:
        cells = {name: plain_cell(_cell(row, at)).strip() for name, at in columns.items()}
        if not cells["awarded"] and not cells.get("comment"):
            continue
        try:
            found = index.row(cells)
            if found.identity in seen:
                raise _RowError(f"the same criterion as in line {seen[found.identity]} once more")
            seen[found.identity] = row.line
            before = kept.get(found.submission, {}).get(found.key)
            mark = _mark(cells, found, before, by, at)
        except _RowError as error:
            reviewed.problems.append(f"{sheet.path.name}:{row.line}: {error}.")
            continue
        if mark == before:
            continue
        theirs = kept.setdefault(found.submission, {})
        if mark is None:
            theirs.pop(found.key, None)
        else:
            theirs[found.key] = mark
        touched.add(found.submission)
        reviewed.changed += 1
    reviewed.marks = {
        name: Marks(submission=name, marks=tuple(kept[name][key] for key in sorted(kept[name])))
        for name in sorted(touched)
    }
    return reviewed


class _Index:
    """Rows by token, by the part of it that lasts, and by what a person would call them."""

    def __init__(self, rows: Iterable[ReviewRow]) -> None:
        every = list(rows)
        self._tokens = {row.token: row for row in every}
        self._identities = {row.identity: row for row in every}
        self._names = {(row.submission, row.key[0], *_criterion(row)): row for row in every}

    def row(self, cells: Mapping[str, str]) -> ReviewRow:
        token = cells.get("row", "")
        if token in self._tokens:
            return self._tokens[token]
        changed = self._identities.get(token.split("-")[0])
        if changed is not None:
            raise _RowError(
                f"{_place(changed)} has changed since this file was written (its answer or its points); "
                "remove this line, run `labgrade review` again, and mark it anew"
            )
        name = (cells.get("submission", ""), label_text(cells.get("question", "")), *_split(cells.get("criterion", "")))
        if not token and name in self._names:
            return self._names[name]
        called = ", ".join(part for part in map(str, name[:3]) if part) or token
        raise _RowError(f"unknown row ({called[:120]}); rows are those that `labgrade review` wrote")


def _mark(cells: Mapping[str, str], row: ReviewRow, before: Mark | None, by: str, at: str) -> Mark | None:
    """The decision of a row: that of before where nothing is new, `None` where it is withdrawn or there is none."""
    comment = cells.get("comment", "")
    if before is not None and comment == _in_code_page(before.comment):
        comment = before.comment  # a spreadsheet that saves in Windows' code page makes ? of all other signs
    if _SPREADSHEET_ERROR.fullmatch(comment):
        raise _RowError(f"{_place(row)}: the comment came as {comment}; the spreadsheet took its text for a formula")
    if cells["awarded"] == WITHDRAWN:
        return None
    if before is not None and not cells["awarded"] and comment == before.comment:
        return before
    awarded = _points(cells["awarded"], row) if cells["awarded"] else None
    automatic = row.automatic
    if automatic is not None and (awarded is None or abs(awarded - automatic) < 1e-9):
        awarded = None
        if not comment:
            return before if before is not None and before.awarded is None else None
    elif automatic is not None and not comment:
        raise _RowError(
            f"{_place(row)}: labgrade gave {number_text(automatic)}; give the reason for another mark in 'comment'"
        )
    if before is not None and not cells["awarded"]:
        return before.model_copy(update={"comment": comment, "by": by, "at": at})
    same = before is not None and (before.awarded, before.comment) == (awarded, comment)
    if before is not None and same and (before.digest == row.digest or before.basis == row.question.basis):
        return before
    question, criterion, number = row.key
    return Mark(
        question=question,
        criterion=criterion,
        number=number,
        awarded=awarded,
        comment=comment,
        by=by,
        at=at,
        digest=row.digest,
        basis=row.question.basis,
    )


def _in_code_page(text: str) -> str:
    return text.encode("cp1252", "replace").decode("cp1252")


def _points(text: str, row: ReviewRow) -> float:
    value = read_number(text)
    if value is None:
        raise _RowError(f"{_place(row)}: awarded must be a number, not '{text[:40]}'")
    if not -1e-9 <= value <= row.verdict.points + 1e-9:
        most = number_text(row.verdict.points)
        raise _RowError(f"{_place(row)}: {number_text(value)} is outside 0 to {most}")
    return min(max(value, 0.0), row.verdict.points)


def _place(row: ReviewRow) -> str:
    return f"{row.submission}, question {row.key[0]}, {row.key[1]}"


def _criterion(row: ReviewRow) -> tuple[str, int]:
    return row.key[1], row.key[2]


def _split(text: str) -> tuple[str, int]:
    kind, _, number = text.partition(" ")
    return kind, int(number) if number.isdecimal() and len(number) < 4 else 1


def _columns(sheet: Sheet) -> dict[str, int]:
    names = ("submission", "question", "criterion", "awarded", "comment", "row")
    found = {name: at for name in names if (at := sheet.column(name)) is not None}
    named = "row" in found or {"submission", "question", "criterion"} <= found.keys()
    if "awarded" not in found or not named:
        raise sheet.error(1, "the columns 'awarded' and 'row' are wanted, as `labgrade review` writes them.")
    return found


def _cell(row: Row, column: int) -> str:
    return row.cells[column] if column < len(row.cells) else ""
