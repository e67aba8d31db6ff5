"""The steps of `labgrade export`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from grader.classes.remembered import known_roster
from grader.classes.sheets import Sheet, read_sheet
from grader.errors import UserError
from grader.exports.brightspace import brightspace_export
from grader.exports.canvas import canvas_export
from grader.exports.files import write_export
from grader.exports.grades import Export, Grade, grades_of
from grader.exports.gradescope import gradescope_export
from grader.exports.listing import listing_export
from grader.exports.moodle import moodle_export
from grader.reviews.store import results_below

_SHOWN = 30


def exported(
    reports: Path, platform: str, sheet: Path | None, item: str | None, scale: bool, provisional: bool
) -> Export:
    """The export of the results in `reports`. Raises `UserError`."""
    results = results_below(reports)
    entries = known_roster(reports)
    if entries:
        results = {entry.name: results[entry.name] for entry in entries if entry.name in results}
    grades = grades_of(entries, results, provisional)
    return _export(grades, reports, platform, read_sheet(sheet) if sheet else None, item, scale)


def _export(
    grades: list[Grade], reports: Path, platform: str, sheet: Sheet | None, item: str | None, scale: bool
) -> Export:
    if platform == "gradescope":
        return gradescope_export(grades)
    if platform == "csv":
        return listing_export(grades)
    if platform == "brightspace":
        return brightspace_export(grades, sheet, item, scale)
    if sheet is None:
        what = "the gradebook that Canvas exports" if platform == "canvas" else "Moodle's grading worksheet"
        raise UserError(f"Give {what} with --sheet: its rows are filled in.")
    if platform == "canvas":
        return canvas_export(grades, sheet, item, scale)
    return moodle_export(grades, sheet, reports, scale)


def print_export(console: Any, export: Export, folder: Path) -> None:
    """Write the files, and say who is in none of them and why."""
    for path in write_export(export, folder):
        console.print(str(path), markup=False, soft_wrap=True)
    told = (
        (export.unmatched, "not found on the platform's list, or more than once"),
        (export.absent, "on the platform's list without a submission"),
        (export.blank, "left without a grade: a person has to mark first, or it could not be graded"),
        (export.provisional, "exported although a part still awaits a person and counts 0"),
        (export.notes, "to be looked at"),
    )
    for names, what in told:
        if names:
            shown = "; ".join(names[:_SHOWN]) + (f"; and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
            console.print(f"{len(names)} {what}: {shown}", style="yellow", markup=False, soft_wrap=True)
    if any((export.unmatched, export.absent, export.blank, export.provisional)):
        console.print(f"All of them are listed in {folder / 'left-out.csv'}", markup=False, soft_wrap=True)
