"""The criterion on an image of the group's own that is read and classified."""

from __future__ import annotations

import re

from grader.checks.evidence import picture_evidence
from grader.checks.subject import missing
from grader.checks.verdicts import errored, graded, review
from grader.checks.wording import capitalised, clipped, place, places
from grader.records.criteria.outputs import SingleImageCriterion
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.recording import CellFailed, Predicted
from grader.records.result import Verdict

_READS = re.compile(
    r"\b(?:imread|load_img|decode_(?:image|jpeg|png|bmp)|read_image)\s*\(|\bImage\.open\s*\(|\bfiles\.upload\s*\(|"
    r"\bImageGrab\.\w+\s*\("
)
_MISSING_FILE = frozenset(
    {
        "FileNotFoundError",
        "OSError",
        "PermissionError",
        "UnidentifiedImageError",
        "NotFoundError",
        "ModuleNotFoundError",
    }
)
_NOTHING_READ = re.compile(r"NoneType|\.empty\(\)|object is None|No such file", re.IGNORECASE)
_READ_ONLY = 0.5
_TEST_IMAGE = 0.25
_FEW = 20
"""Rows up to which a prediction is one of single images."""


def check_single_image(
    criterion: SingleImageCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict:
    """Image of one's own

    The code reads an image file and a trained model predicts it. A file that was not handed in, or a window to draw in,
    costs no points: a person decides.
    """
    reading = _reading_cells(question, match)
    own = [event for event in _single(match) if event.data.split == "unknown" and event.trained is not None]
    if reading and own:
        said = f"{capitalised(place(match, reading[0]))} reads an image, and {place(match, own[0].cell)} predicts it."
        return graded(criterion, 1.0, said, evidence=places(match, [reading[0], own[0].cell]))
    if reading:
        failed = _failed(reading, match)
        if failed is not None:
            said = (
                f"{capitalised(place(match, failed.cell))} reads an image that labgrade does not have "
                f"({failed.error}: {clipped(failed.message, 100)}), so it was not predicted here."
            )
            return errored(criterion, f"{said} A person decides.", evidence=places(match, [failed.cell]))
        if match.rerun.outcome.status != "finished":
            return missing(criterion, question, match, "prediction of an own image")
        said = f"{capitalised(place(match, reading[0]))} reads an image, but no model was seen to predict it."
        pictures = picture_evidence(question, match)
        if pictures:
            return review(criterion, f"{said} {pictures} A person decides.", evidence=places(match, reading[:1]))
        return graded(criterion, _READ_ONLY, said, evidence=places(match, reading[:1]))
    known = [event for event in _single(match) if event.cell in question.cells and event.data.split == "test"]
    if known:
        said = f"{capitalised(place(match, known[0].cell))} predicts a single image, but one of the test set."
        return graded(criterion, _TEST_IMAGE, said, evidence=places(match, [known[0].cell]))
    return missing(criterion, question, match, "image of your own", picture_evidence(question, match))


def _reading_cells(question: QuestionMatch, match: Match) -> list[int]:
    """Cells whose code reads an image: those of the question first."""
    cells = [cell.index for cell in match.submission.cells if cell.kind == "code" and _READS.search(cell.source)]
    return [cell for cell in cells if cell in question.cells] or cells


def _single(match: Match) -> list[Predicted]:
    return [e for e in match.rerun.events if isinstance(e, Predicted) and 0 < e.data.rows <= _FEW]


def _failed(reading: list[int], match: Match) -> CellFailed | None:
    """The failure of a cell that reads, where what it reads, or shows it with, is missing here."""
    for event in match.rerun.events:
        if isinstance(event, CellFailed) and event.cell >= reading[0]:
            missing_file = event.error in _MISSING_FILE or bool(_NOTHING_READ.search(event.message))
            if event.cell in reading and missing_file:
                return event
    return None
