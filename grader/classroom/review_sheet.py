"""`review.csv`: what awaits a person, written out and read back as marks.

A row is a criterion of one submission: what a person is asked to decide, or may override. What is wrong with a row that
comes back is named by its line, and the others are taken in. Marks are kept beside the reports (`marks`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from grader.classroom.marks import MARKS, Key, apply_marks, read_marks, verdict_keys
from grader.classroom.sheets import (
    Row,
    Sheet,
    label_cell,
    label_text,
    number_text,
    plain_cell,
    read_number,
    read_sheet,
    sheet_text,
)
from grader.errors import UserError
from grader.facts.status import AWAITING
from grader.records import Mark, Marks, QuestionResult, Result, Verdict
from grader.reports.files import read_result, write_result, write_whole
from grader.submissions.entries import natural_key

HEADER = (
    *("submission", "question", "criterion", "answer", "suggestion", "points", "awarded", "comment"),
    *("status", "row"),
)
_CELL = 30_000
"""Characters of a cell: spreadsheets take 32,767."""
_SPREADSHEET_ERROR = re.compile(r"Err:\d{3}|#(?:NAME|REF|VALUE|DIV/0|N/A|NUM|NULL|SPILL)[!?]?")
"""What a spreadsheet makes of a comment that it takes for a formula."""
WITHDRAWN = "-"
"""In the column `awarded`: the mark is taken back."""


class Review:
    """The list of a folder of reports, and what comes back in it."""

    def __init__(self, reports: Path, file: Path, by: str) -> None:
        self.reports = reports
        self.file = file
        self.by = by
        self.results = results_below(reports)
        self.problems: list[str] = []
        self.changed = 0

    def import_marks(self) -> None:
        """Keep the marks that the list holds. Raises `UserError` for a list that is none."""
        if not self.file.is_file():
            return
        rows = [row for result in self.results.values() for row in review_rows(result)]
        known = marks_below(self.reports, list(self.results))
        at = datetime.now().astimezone().isoformat(timespec="minutes")
        reviewed = read_review(read_sheet(self.file), rows, known, self.by, at)
        for name, marks in reviewed.marks.items():
            self.results[name] = keep_marks(self.reports, self.results[name], marks)
        self.problems, self.changed = reviewed.problems, reviewed.changed

    def write(self, everything: bool) -> None:
        """Write the list anew."""
        write_review(self.file, self.results.values(), everything)

    def summary(self) -> str:
        """What was taken in, and what awaits."""
        waiting = sum(
            not verdict.decided
            for result in self.results.values()
            for question in result.questions
            for verdict in question.verdicts
        )
        noun = "decision" if self.changed == 1 else "decisions"
        taken = f"{self.changed} {noun} by {self.by} taken in; " if self.changed else ""
        return f"{taken}{waiting} criteria of {len(self.results)} submissions await a person: {self.file}"


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
        if status in AWAITING:
            return None
        return marked.automatic_awarded if marked else self.verdict.awarded


def review_rows(result: Result) -> list[ReviewRow]:
    """Every criterion of a result, in order."""
    return [
        ReviewRow(result.submission, key, question, verdict, result.digest)
        for key, question, verdict in verdict_keys(result.questions)
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
        _criterion_name(row.key),
        row.question.answer[:_CELL],
        _suggestion(verdict)[:_CELL],
        verdict.points,
        awarded,
        comment[:_CELL],
        verdict.status,
        row.token,
    ]


def _criterion_name(key: Key) -> str:
    return key[1] if key[2] == 1 else f"{key[1]} {key[2]}"


def _suggestion(verdict: Verdict) -> str:
    observed = verdict.observed if isinstance(verdict.observed, dict) else {}
    suggested = observed.get("suggested")
    if not isinstance(suggested, int | float):
        return verdict.explanation
    return f"{number_text(float(suggested))} point{'' if suggested == 1 else 's'}? {verdict.explanation}"


def _short(parts: list[str], digits: int) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:digits]


@dataclass
class SheetContents:
    """What a sheet says."""

    marks: dict[str, Marks]
    """By submission: all of its marks, of those submissions for which something changed."""
    problems: list[str] = field(default_factory=list)
    """One line each, with file and line number."""
    changed: int = 0
    """Rows with a new or another decision."""


class _RowError(Exception):
    """What is wrong with one row."""


def read_review(sheet: Sheet, rows: Iterable[ReviewRow], known: Mapping[str, Marks], by: str, at: str) -> SheetContents:
    """The decisions in `sheet` on top of the `known` ones. Rows that were not filled in change nothing.

    Raises `UserError` for a sheet without the column `awarded`, or without `row` and what may stand for it:
    submission, question and criterion.
    """
    columns = _columns(sheet)
    index = _Index(rows)
    kept = {name: {(m.question, m.criterion, m.number): m for m in marks.marks} for name, marks in known.items()}
    reviewed = SheetContents({})
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
        self._names = {(row.submission, row.key[0], *_criterion_of_row(row)): row for row in every}

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


def _criterion_of_row(row: ReviewRow) -> tuple[str, int]:
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


def results_below(reports: Path) -> dict[str, Result]:
    """The results in the folders of `reports`, by the name of the folder. Raises `UserError` when there are none."""
    if not reports.is_dir():
        raise UserError(f"{reports} is no folder. Give the folder with the reports, such as reports.")
    folders = [place for place in reports.iterdir() if not place.name.startswith(".") and place.is_dir()]
    found = {}
    for place in sorted(folders, key=lambda place: natural_key(place.name)):
        if (place / "result.json").is_file():
            found[place.name] = read_result(place / "result.json")
    if not found:
        raise UserError(f"{reports} holds no results. Grade a class with `labgrade batch` first.")
    return found


def marks_below(reports: Path, names: list[str]) -> dict[str, Marks]:
    """The marks beside the reports `names`."""
    return {name: marks for name in names if (marks := read_marks(reports / name)) is not None}


def keep_marks(reports: Path, result: Result, marks: Marks) -> Result:
    """Write `marks` beside a report, and its result with them; the result."""
    folder = reports / result.submission
    text = json.dumps(marks.as_json(), indent=2, ensure_ascii=False) + "\n"
    write_whole(folder / MARKS, text.encode())
    marked = apply_marks(result, marks)
    write_result(marked, folder / "result.json")
    return marked


def write_review(path: Path, results: Iterable[Result], everything: bool) -> None:
    """Write `review.csv` to `path`: what awaits a person and what one has marked, or everything."""
    rows = [row for result in results for row in review_rows(result)]
    write_whole(path, review_text(rows, everything).encode("utf-8", "replace"))
