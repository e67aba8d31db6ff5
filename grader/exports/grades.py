"""What is exported: a grade for each student, matched to the rows of a platform's list, and the files it becomes."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.classroom.sheets import number_text, sheet_text
from grader.records import Entry, Member, Result
from grader.reports.files import write_whole

# Grades


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


def report_of(reports: Path, grade: Grade) -> Path | None:
    """The PDF of a student's report, else its HTML; `None` when there is none."""
    for name in ("report.pdf", "report.html"):
        if (reports / grade.entry.name / name).is_file():
            return reports / grade.entry.name / name
    return None


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


def compact_name(text: str) -> str:
    """A name as Canvas puts it into file names: `Doe, Jane` is `doejane`."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[\W_]+", "", "".join(sign for sign in plain if not unicodedata.combining(sign)))


# Files

LEFT_OUT = "left-out.csv"
"""Lists who is missing from the export, and whose grade is empty or provisional."""


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
