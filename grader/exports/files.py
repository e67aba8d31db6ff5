"""An export on disk."""

from __future__ import annotations

from pathlib import Path

from grader.classes.sheets import sheet_text
from grader.exports.grades import Export
from grader.reports.tables import write_whole

LEFT_OUT = "left-out.csv"


def write_export(export: Export, folder: Path) -> list[Path]:
    """Write the files of `export` and the list of those who are in none of them; what to name on the terminal."""
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
