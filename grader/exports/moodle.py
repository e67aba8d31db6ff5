"""Moodle: the downloaded grading worksheet filled in, and a zip of reports as feedback files.

The worksheet is read by `mod/assign/feedback/offline/importgradeslib.php`, the zip by
`mod/assign/feedback/file/importziplib.php` (https://github.com/moodle/moodle). `Identifier` is `Participant` and the
number that also stands in the folders of the bulk download; the import wants commas, UTF-8 and the columns
`Identifier`, `Grade` and `Last modified (grade)`, so that every column stays where it is. A folder of the zip is
`{Full name}_{number}_assignsubmission_file_`; versions before 4.1 need the last underscore, newer ones take it.
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

from grader.classes.names import safe_name
from grader.classes.sheets import Sheet, read_number, sheet_text
from grader.exports.grades import Export, Grade, report_of, score_text
from grader.exports.matching import folded_name, matched_rows

_IDENTIFIER = ("Identifier", "ID", "Kennung", "Identifiant", "Identificador", "Identifierare")
_NAME = ("Full name", "Vollständiger Name", "Nom complet", "Nombre completo", "Fullständigt namn")
_EMAIL = ("Email address", "E-Mail-Adresse", "Adresse de courriel", "Dirección de correo", "E-postadress")
_GRADE = ("Grade", "Bewertung", "Note", "Calificación", "Betyg")
_MAXIMUM = ("Maximum Grade", "Maximum grade", "Bestwertung", "Note maximale", "Calificación máxima", "Högsta betyg")
_FEEDBACK = (
    *("Feedback comments", "Feedback als Kommentar", "Feedback par commentaires", "Comentarios de retroalimentación"),
    *("Feedbackkommentarer",),
)
_EPOCH = (1980, 1, 1, 0, 0, 0)


def moodle_export(grades: list[Grade], sheet: Sheet, reports: Path, scale: bool) -> Export:
    """`moodle.csv`, the worksheet with `Grade` and `Feedback comments` filled in, and `moodle-feedback.zip`."""
    identifier, mark = sheet.column(*_IDENTIFIER), sheet.column(*_GRADE)
    if identifier is None or mark is None:
        raise sheet.error(1, "this is no grading worksheet of Moodle: it has no columns 'Identifier' and 'Grade'.")
    feedback, most = sheet.column(*_FEEDBACK), sheet.column(*_MAXIMUM)
    export = Export()
    rows = [(at, _identity(sheet, row.cells, identifier)) for at, row in enumerate(sheet.rows) if at > 0]
    found = matched_rows(
        grades,
        rows,
        [
            ("number", lambda grade: [_number(grade.member.id)]),
            ("email", lambda grade: [grade.member.email.casefold()]),
            ("name", lambda grade: [folded_name(grade.member.name)]),
        ],
        export,
    )
    text: list[list[str]] = []
    for at, row in enumerate(sheet.rows):
        cells = [*row.cells, *[""] * (len(sheet.header) - len(row.cells))]
        if at in found:
            grade = found[at]
            written = score_text(grade, read_number(cells[most]) if scale and most is not None else None)
            if written:
                cells[mark] = written
            else:
                export.blank.append(grade.called)
            if feedback is not None and written:
                cells[feedback] = grade.feedback
        text.append(cells)
    export.files["moodle.csv"] = sheet_text(text).encode("utf-8", "replace")
    if feedback is None:
        export.notes.append("The worksheet has no column 'Feedback comments': switch that feedback type on in Moodle.")
    export.files["moodle-feedback.zip"] = _feedback(found, dict(rows), reports, export)
    return export


def _feedback(found: dict[int, Grade], rows: dict[int, dict[str, str]], reports: Path, export: Export) -> bytes:
    """The reports under the names of the participants' folders; the same reports give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for at, grade in sorted(found.items()):
            report = report_of(reports, grade)
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
    def cell(column: int | None) -> str:
        return cells[column].strip() if column is not None and column < len(cells) else ""

    name = cell(sheet.column(*_NAME))
    return {
        "number": _number(cell(identifier)),
        "email": cell(sheet.column(*_EMAIL)).casefold(),
        "name": folded_name(name),
        "shown": name or cell(identifier),
    }


def _number(text: str) -> str:
    """The number at the end of `Participant 4711`."""
    found = re.search(r"(\d{1,18})\s*$", text)
    return found[1].lstrip("0") if found else ""
