"""Moodle: the downloaded grading worksheet filled in, and a zip of reports as feedback files.

The worksheet is read by `mod/assign/feedback/offline/importgradeslib.php`, the zip by
`mod/assign/feedback/file/importziplib.php` (https://github.com/moodle/moodle). `Identifier` is `Participant` and the
number that also stands in the folders of the bulk download; the import wants commas, UTF-8 and the columns
`Identifier`, `Grade` and `Last modified (grade)`, so that every column stays where it is. A folder of the zip is
`{Full name}_{number}_assignsubmission_file_`; versions before 4.1 need the last underscore, newer ones take it.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.classroom.sheets import Sheet, read_number, safe_name, sheet_text
from grader.exports.platform import (
    Export,
    ExportRequest,
    Grade,
    Platform,
    compare_points,
    match_rows,
    name_key,
    score_cell,
)

_IDENTIFIER = ("Identifier", "ID", "Kennung", "Identifiant", "Identificador", "Identificativo")
_NAME = (
    *("Full name", "Vollständiger Name", "Nom complet", "Nombre completo", "Nombre", "Fullständigt namn", "Fullt namn"),
    *("First name / Surname", "First name / Last name"),
)
_EMAIL = ("Email address", "E-Mail-Adresse", "Adresse de courriel", "Dirección de correo", "E-postadress")
_TEAM = ("Group", "Gruppe", "Groupe", "Grupo", "Grupp")
_GRADE = ("Grade", "Bewertung", "Note", "Calificación", "Betyg")
_MAXIMUM = ("Maximum Grade", "Bestwertung", "Note maximale", "Calificación máxima", "Maximalt betyg", "Högsta betyg")
_OPEN = ("Grade can be changed", "Bewertung kann geändert werden", "La note peut être modifiée", "Betyget kan ändras")
_CLOSED = {"no", "nein", "non", "nej"}
_FEEDBACK = (
    *("Feedback comments", "Feedback als Kommentar", "Feedback par commentaires", "Comentarios de retroalimentación"),
    *("Feedbackkommentarer",),
)
_MARKUP = re.compile(r"<[^<>]{0,300}>")
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Date of every file in the zip: the same reports give the same bytes."""


def moodle_export(grades: list[Grade], sheet: Sheet, reports: Path, scale: bool) -> Export:
    """`moodle.csv`, the worksheet with `Grade` and `Feedback comments` filled in, and `moodle-feedback.zip`."""
    identifier, mark = sheet.column(*_IDENTIFIER), sheet.column(*_GRADE)
    if identifier is None or mark is None:
        found = ", ".join(f"'{name[:40]}'" for name in sheet.header[:12])
        message = f"this is no grading worksheet of Moodle: no columns 'Identifier' and 'Grade', only {found}."
        raise sheet.error(1, message)
    export = Export()
    columns = _Columns(mark, sheet.column(*_MAXIMUM), sheet.column(*_FEEDBACK), sheet.column(*_OPEN))
    rows = [(at, _identity(sheet, row.cells, identifier)) for at, row in enumerate(sheet.rows) if at > 0]
    matched = _matched(grades, rows, export)
    most = None
    if columns.most is None:
        export.notes.append("The worksheet has no column 'Maximum Grade': Moodle takes no points where it has a scale.")
    elif len(sheet.rows) > 1:
        most = read_number(_cell(sheet.rows[1].cells, columns.most))
        compare_points(most, grades, scale, export)
    text: list[list[str]] = []
    for at, row in enumerate(sheet.rows):
        cells = [*row.cells, *[""] * (len(sheet.header) - len(row.cells))]
        if at in matched:
            _fill(cells, matched[at], columns, most, scale, export)
        text.append(cells)
    export.files["moodle.csv"] = sheet_text(text, newline=sheet.newline).encode("utf-8", "replace")
    if columns.feedback is None:
        export.notes.append("The worksheet has no column 'Feedback comments': switch that feedback type on in Moodle.")
    export.files["moodle-feedback.zip"] = _feedback(matched, dict(rows), reports, export)
    return export


@dataclass(frozen=True)
class _Columns:
    mark: int
    most: int | None
    feedback: int | None
    open: int | None


def _fill(cells: list[str], grade: Grade, columns: _Columns, most: float | None, scale: bool, export: Export) -> None:
    written = score_cell(grade, most, scale, export)
    if not written:
        return
    cells[columns.mark] = written
    if columns.feedback is not None:
        cells[columns.feedback] = html.escape(grade.feedback, quote=False)  # Moodle takes it for HTML
    if columns.open is not None and cells[columns.open].strip().casefold() in _CLOSED:
        export.notes.append(f"{grade.called}: the grade is locked in Moodle, which will not take this one.")


def _matched(grades: list[Grade], rows: list[tuple[int, dict[str, str]]], export: Export) -> dict[int, Grade]:
    """Row -> grade: a group's folder is for all rows of that group, any other for one."""
    names = {row["name"] for _, row in rows}
    claims: defaultdict[str, list[Grade]] = defaultdict(list)
    for grade in grades:
        called = name_key(grade.member.name)
        if grade.entry.source == "moodle" and called not in names:
            claims[called].append(grade)
    teams = {called: claimants[0] for called, claimants in claims.items() if called and len(claimants) == 1}
    found = {at: teams[row["team"]] for at, row in rows if row["team"] in teams}
    alone = [grade for grade in grades if not any(grade is one for one in found.values())]
    left = [(at, row) for at, row in rows if at not in found]
    return found | match_rows(
        alone,
        left,
        [
            ("number", lambda grade: [_number(grade.number("moodle"))]),
            ("email", lambda grade: [grade.member.email.casefold()]),
            ("name", lambda grade: [name_key(grade.member.name)]),
        ],
        export,
        _agrees,
    )


def _agrees(grade: Grade, row: Mapping[str, str]) -> bool:
    """A number from a folder's name may be a group's, and then a stranger's: the names have to have a part in common.

    Where students are anonymous, the worksheet names nobody, or `Participant 4711`.
    """
    if grade.member.platform != "moodle" or not row["name"] or row["number"] in row["name"].split():
        return True
    return bool(set(name_key(grade.member.name).split()) & set(row["name"].split()))


def _feedback(found: dict[int, Grade], rows: dict[int, dict[str, str]], reports: Path, export: Export) -> bytes:
    """The reports under the names of the participants' folders; the same reports give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for at, grade in sorted(found.items()):
            report = _report_of(reports, grade)
            if report is None or not rows[at]["number"]:
                continue
            name = safe_name(rows[at]["shown"].replace("_", " "))
            folder = f"{name}_{rows[at]['number']}_assignsubmission_file_"
            info = zipfile.ZipInfo(f"{folder}/{report.name}", date_time=_EPOCH)
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, report.read_bytes())
            if report.suffix != ".pdf":
                export.notes.append(f"{grade.called}: there is no PDF; the HTML report is in the zip.")
    return buffer.getvalue()


def _identity(sheet: Sheet, cells: tuple[str, ...], identifier: int) -> dict[str, str]:
    name = _MARKUP.sub("", _cell(cells, sheet.column(*_NAME))).strip()  # Moodle wraps suspended students in HTML
    return {
        "number": _number(_cell(cells, identifier)),
        "email": _cell(cells, sheet.column(*_EMAIL)).casefold(),
        "name": name_key(name),
        "team": name_key(_cell(cells, sheet.column(*_TEAM))),
        "shown": name or _cell(cells, identifier),
    }


def _cell(cells: tuple[str, ...], column: int | None) -> str:
    return cells[column].strip() if column is not None and column < len(cells) else ""


def _number(text: str) -> str:
    """The number at the end of `Participant 4711`."""
    found = re.search(r"(\d{1,18})\s*$", text)
    return found[1].lstrip("0") if found else ""


def _moodle(request: ExportRequest) -> Export:
    sheet = request.require_sheet("Moodle's grading worksheet")
    return moodle_export(request.grades, sheet, request.reports, request.scale)


def _report_of(reports: Path, grade: Grade) -> Path | None:
    """The PDF of a student's report, else its HTML; `None` when there is none."""
    for name in ("report.pdf", "report.html"):
        if (reports / grade.entry.name / name).is_file():
            return reports / grade.entry.name / name
    return None


PLATFORM = Platform(
    name="moodle",
    needs="`--sheet`: the grading worksheet",
    writes="`moodle.csv` with Grade and Feedback comments, `moodle-feedback.zip` with the reports",
    export=_moodle,
)
