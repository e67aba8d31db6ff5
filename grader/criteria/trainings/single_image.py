"""The criterion `single_image`: an image of the group's own is read and classified."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar, Literal

from grader.criteria import PERSON_DECIDES, AboutAModel, Case, clipped
from grader.records import CellFailed, Predicted, Subject, Verdict

_READS = re.compile(
    r"\b(?:imread|load_img|decode_(?:image|jpeg|png|bmp)|read_image)\s*\(|\bImage\.open\s*\(|\bfiles\.upload\s*\(|"
    r"\bImageGrab\.\w+\s*\("
)
"""Calls that read an image: of OpenCV, Matplotlib, Keras, TensorFlow, torchvision, Pillow and Colab, and of windows
to draw in."""
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
"""Errors by which a file, or the library that reads or shows it, is not here."""
_NOTHING_READ = re.compile(r"NoneType|\.empty\(\)|object is None|No such file", re.IGNORECASE)
"""Messages of what follows where OpenCV reads nothing from a missing file, and says nothing of it."""
_READ_ONLY = 0.5
"""Share where an image is read and no model is asked: half of what was asked for."""
_TEST_IMAGE = 0.25
"""Share for one image of the test set: the model is asked, but none of the work with a file was done."""
_FEW = 20
"""Rows up to which a prediction is one of single images: ten digits of one's own, twice; a batch of Keras has 32."""
_QUOTED = 100
"""Characters that are quoted of an error's message: beside its name and two places, one line of a report."""


class SingleImageCriterion(AboutAModel):
    """An image of the group's own is read and classified. A file that was not handed in costs nothing."""

    title: ClassVar[str] = "Image of one's own"
    about: ClassVar[Subject] = "training"
    sentences: ClassVar[Mapping[str, str]] = {
        "predicted": "{reading:capital} reads an image, and {predicting} predicts it.",
        "not_here": (
            "{place:capital} reads an image that labgrade does not have ({error}: {message}), "
            "so it was not predicted here."
        ),
        "not_predicted": "{place:capital} reads an image, but no model was seen to predict it.",
        "of_test_set": "{place:capital} predicts a single image, but one of the test set.",
    }

    kind: Literal["single_image"] = "single_image"

    def judge(self, case: Case) -> Verdict:
        """The code reads an image file and a trained model predicts it.

        A file that was not handed in, or a window to draw in, costs no points: a person decides.
        """
        reading = _reading_cells(case)
        if reading:
            return self._judge_reading(reading, case)
        known = [event for event in _single(case) if event.cell in case.cells and event.data.split == "test"]
        if known:
            said = self.because("of_test_set", place=case.place(known[0].cell))
            return self.graded(_TEST_IMAGE, said, evidence=case.places([known[0].cell]))
        return self.missing(case, "image of your own", *case.saved_pictures)

    def _judge_reading(self, reading: list[int], case: Case) -> Verdict:
        """The verdict where the cells `reading` read an image."""
        first = reading[0]
        own = [event for event in _single(case) if event.data.split == "unknown" and event.trained is not None]
        if own:
            asking = own[0].cell
            said = self.because("predicted", reading=case.place(first), predicting=case.place(asking))
            return self.graded(1.0, said, evidence=case.places([first, asking]))
        failed = _failed(reading, case)
        if failed is not None:
            message = clipped(failed.message, _QUOTED)
            said = self.because("not_here", place=case.place(failed.cell), error=failed.error, message=message)
            return self.errored(said, PERSON_DECIDES, evidence=case.places([failed.cell]))
        if case.match.rerun.outcome.status != "finished":
            return self.missing(case, "prediction of an own image")
        said, evidence = self.because("not_predicted", place=case.place(first)), case.places([first])
        if case.saved_pictures:
            return self.review(said, *case.saved_pictures, evidence=evidence)
        return self.graded(_READ_ONLY, said, evidence=evidence)


def _reading_cells(case: Case) -> list[int]:
    """Cells whose code reads an image: those of the question, where there are any."""
    found = [cell.index for cell in case.match.submission.cells if cell.kind == "code" and _READS.search(cell.source)]
    return [cell for cell in found if cell in case.cells] or found


def _single(case: Case) -> list[Predicted]:
    """Predictions of a few images, in order."""
    events = case.match.rerun.events
    return [event for event in events if isinstance(event, Predicted) and 0 < event.data.rows <= _FEW]


def _failed(reading: list[int], case: Case) -> CellFailed | None:
    """The failure of a cell that reads, where what it reads, or shows it with, is missing here."""
    failures = [event for event in case.match.rerun.events if isinstance(event, CellFailed) and event.cell in reading]
    for failure in failures:
        if failure.error in _MISSING_FILE or _NOTHING_READ.search(failure.message):
            return failure
    return None
