"""What an export is: it writes the grades of a class in the form that one learning platform takes.

A module of this folder declares one as `PLATFORM`; a package brings one by the entry point `labgrade.exports`. What
every platform needs stands here: a grade for each student, matched to the rows of the platform's own list, its cell,
and the files that come of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import grader.exports
from grader.classroom.review_sheet import results_below
from grader.classroom.roster import roster_behind
from grader.classroom.sheets import Sheet, number_text, read_sheet, sheet_text
from grader.errors import UserError
from grader.extensions import built_in_extensions, installed_extensions
from grader.records import Entry, Member, Result
from grader.reports.files import write_whole

GROUP = "labgrade.exports"
"""The entry point by which packages bring platforms."""
LEFT_OUT = "left-out.csv"
"""Lists who is missing from the export, and whose grade is empty or provisional."""


@dataclass(frozen=True)
class Platform:
    """A learning platform, as `labgrade export --to` knows it."""

    name: str
    """What stands after `--to`: lower-case letters, digits and dashes."""
    writes: str
    """The files, in Markdown: `canvas.csv: its student columns and the one assignment`."""
    export: Callable[[ExportRequest], Export] = field(repr=False)
    """The files to write, and who is in none of them. Raises `UserError` for a sheet of another form."""
    needs: str = ""
    """Options it cannot do without, in Markdown; empty where it needs none."""


@dataclass(frozen=True)
class ExportRequest:
    """What a teacher wants exported, and how."""

    grades: list[Grade]
    """One for each student of each submission, in the order of the roster."""
    reports: Path
    """The folder of the results: a folder for each submission, with its report."""
    sheet: Sheet | None = None
    """The platform's own list of students, where it was given with `--sheet`."""
    item: str | None = None
    """The assignment, where it was named with `--item`."""
    scale: bool = False
    """Whether grades are converted to the points that the platform has for the assignment."""

    def require_sheet(self, what: str) -> Sheet:
        """The sheet, for platforms that cannot do without. Raises `UserError` that asks for `what`."""
        if self.sheet is None:
            raise UserError(f"Give {what} with --sheet: its rows are filled in.")
        return self.sheet


@dataclass
class Export:
    """Files to write, and what a teacher must know of them."""

    files: dict[str, bytes] = field(default_factory=dict)
    """By path, relative to the folder of the export."""
    unmatched: list[str] = field(default_factory=list)
    """Students and submissions that the platform's list does not have, or that it has more than once."""
    absent: list[str] = field(default_factory=list)
    """Students of the platform's list that no submission belongs to."""
    blank: list[str] = field(default_factory=list)
    """Students whose grade was left empty, as a person has to mark first, or as the hand-in could not be graded."""
    provisional: list[str] = field(default_factory=list)
    """Students whose grade is in the file although a part of it awaits a person."""
    notes: list[str] = field(default_factory=list)


@cache
def platforms() -> dict[str, Platform]:
    """Every platform by its name, in the order of the names. Raises `UserError` when two bear the same one."""
    found: dict[str, Platform] = {}
    for platform in (
        *built_in_extensions(grader.exports, "PLATFORM", Platform),
        *installed_extensions(GROUP, Platform),
    ):
        if found.setdefault(platform.name, platform) is not platform:
            raise UserError(f"Two exports are called '{platform.name}'. Remove the package that brings one of them.")
    return dict(sorted(found.items()))


def export_class(
    reports: Path, platform: Platform, sheet: Path | None, item: str | None, scale: bool, provisional: bool
) -> Export:
    """The export of the results in `reports`. Raises `UserError`."""
    results = results_below(reports)
    entries = roster_behind(reports)
    if entries:
        results = {entry.name: results[entry.name] for entry in entries if entry.name in results}
    grades = grades_of(entries, results, provisional)
    return platform.export(ExportRequest(grades, reports, read_sheet(sheet) if sheet else None, item, scale))


def write_export(export: Export, folder: Path) -> list[Path]:
    """Write the files of `export` and `LEFT_OUT`, and return the paths to name on the terminal."""
    for name, data in export.files.items():
        write_whole(folder / name, data)
    rows: list[list[object]] = [["who", "why"]]
    rows += [[who, "not found on the platform's list, or more than once"] for who in export.unmatched]
    rows += [[who, "on the platform's list, without a submission"] for who in export.absent]
    rows += [[who, "exported, but provisional: what awaits a person counts 0"] for who in export.provisional]
    rows += [[who, "no grade yet: a person has to mark first, or it could not be graded"] for who in export.blank]
    write_whole(folder / LEFT_OUT, sheet_text(rows, bom=True).encode("utf-8", "replace"))
    written = [folder / name for name in export.files]
    return written if len(written) <= 5 else [folder]


# Grades and their cells


@dataclass(frozen=True)
class Grade:
    """One student's part in one submission."""

    entry: Entry
    member: Member
    result: Result | None
    """`None` when the submission could not be graded."""
    provisional: bool = False
    """Whether a grade of which something still awaits a person may be given."""

    @property
    def called(self) -> str:
        """How messages call this student."""
        who = self.member.name or self.member.id or self.member.email or self.member.login
        return f"{who} ({self.entry.name})" if who and who != self.entry.name else self.entry.name

    def number(self, platform: str) -> str:
        """The student's number, as far as it means something to `platform`; else empty."""
        return self.member.id if self.member.platform in ("", platform) else ""

    @property
    def is_provisional(self) -> bool:
        """Whether a score is given of which a part still awaits a person."""
        return self.provisional and self.result is not None and self.result.score.awaiting > 0

    @property
    def score(self) -> float | None:
        """Points, after deductions; `None` while there is no grade to give."""
        if self.result is None or (self.result.score.awaiting > 0 and not self.provisional):
            return None
        return self.result.final

    @property
    def feedback(self) -> str:
        """The grade in words, with what was taken off and what a person wrote."""
        if self.result is None:
            return ""
        score = self.result.score
        words = [f"{number_text(score.awarded)} of {number_text(score.decided)} decided points."]
        if score.awaiting:
            words.append(f"{number_text(score.awaiting)} await the teacher.")
        words += [f"−{number_text(item.points)}: {item.explanation}" for item in self.result.deductions if item.points]
        words += [
            f"{question.id}: {verdict.marked.comment}"
            for question in self.result.questions
            for verdict in question.verdicts
            if verdict.marked and verdict.marked.comment
        ]
        return " ".join(words)


def grades_of(entries: Iterable[Entry], results: Mapping[str, Result], provisional: bool) -> list[Grade]:
    """A grade for each member of each entry; an entry without members counts as one student."""
    known = {entry.name: entry for entry in entries}
    for name in results:
        known.setdefault(name, Entry(name=name, path=""))
    return [
        Grade(entry, member, results.get(entry.name), provisional)
        for entry in known.values()
        for member in entry.members or (Member(),)
    ]


def compare_points(most: float | None, grades: Iterable[Grade], scale: bool, export: Export) -> None:
    """Note in `export` where the platform's points for the assignment are not the rubric's."""
    points = {grade.result.score.points for grade in grades if grade.result}
    if most is not None and points and points != {most} and not scale:
        named = ", ".join(f"{value:g}" for value in sorted(points))
        export.notes.append(f"The platform has {most:g} points for it, the rubric {named}; --scale converts.")


def score_cell(grade: Grade, most: float | None, scale: bool, export: Export) -> str:
    """The cell of `grade`; `export` notes an empty one, a provisional one, and one that the platform may refuse."""
    text = score_text(grade, most if scale else None)
    if not text:
        export.blank.append(grade.called)
    elif grade.is_provisional:
        export.provisional.append(grade.called)
    if text and most is not None and float(text) > most:
        export.notes.append(f"{grade.called}: {text} is more than the platform's {most:g} points: it may be refused.")
    return text


def score_text(grade: Grade, most: float | None) -> str:
    """`grade` as the text of a cell, on a scale of 0 to `most` where that is given, else in the rubric's points."""
    if grade.score is None or grade.result is None:
        return ""
    if most is None or not grade.result.score.points:
        return number_text(grade.score)
    return number_text(round(grade.score * most / grade.result.score.points, 2))


# Rows and students


def match_rows(
    grades: Sequence[Grade],
    rows: Iterable[tuple[int, Mapping[str, str]]],
    fields: Sequence[tuple[str, Callable[[Grade], Iterable[str]]]],
    export: Export,
    agrees: Callable[[Grade, Mapping[str, str]], bool] = lambda *_: True,
) -> dict[int, Grade]:
    """Which row of a platform's list is which student: the row's place -> the grade.

    `rows` are (place, cells by field); `fields` say, surest first, which values of a grade stand in which field. A
    value that several rows or several students have decides nothing, and neither does a less sure field for them; a
    pair for which `agrees` is false is none. Who is left goes to `export.unmatched`; rows that are left go to
    `export.absent`.
    """
    rows = list(rows)
    cells_at = dict(rows)
    found: dict[int, Grade] = {}
    left = list(grades)
    contested: list[Grade] = []
    for name, values in fields:
        places: defaultdict[str, list[int]] = defaultdict(list)
        for place, cells in rows:
            if place not in found and (value := cells.get(name, "")):
                places[value].append(place)
        claims: defaultdict[str, list[Grade]] = defaultdict(list)
        for grade in left:
            for value in dict.fromkeys(value for value in values(grade) if value):
                claims[value].append(grade)
        for value, claimants in claims.items():
            if len(claimants) > 1 or len(places[value]) > 1:
                contested += claimants if places[value] else []
                continue
            at, grade = next(iter(places[value]), None), claimants[0]
            if (
                at is not None
                and at not in found
                and grade in left
                and grade not in contested
                and agrees(grade, cells_at[at])
            ):
                found[at] = grade
                left.remove(grade)
    export.unmatched += [grade.called for grade in left]
    export.absent += [cells.get("shown", "") or f"line {place}" for place, cells in rows if place not in found]
    return found


def name_key(text: str) -> str:
    """A name without case, accents, signs and order: `Doe, Jane` and `Jane Doe` are one."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(sorted(re.findall(r"[^\W_]+", letters)))
