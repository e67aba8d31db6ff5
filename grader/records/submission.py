"""A submission: what a group handed in, as cells with their saved outputs, split into passages by question."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from grader.records.record import Record


class SavedImage(Record):
    """A picture stored in an output. The bytes are the group's: decode them with limits, whatever type they claim."""

    media_type: Literal["image/png", "image/jpeg", "image/svg+xml"]
    data: str
    """Base64 for PNG and JPEG; text for SVG."""


class SavedOutput(Record):
    """One output stored under a code cell."""

    kind: Literal["stream", "result", "display", "error"]
    text: str = ""
    """Plain text; for errors the traceback without terminal colours."""
    image: SavedImage | None = None


class Cell(Record):
    """One cell of code or prose."""

    index: int
    """Position in the whole submission, counted from 0 over all of its files."""
    kind: Literal["code", "prose"]
    source: str
    outputs: tuple[SavedOutput, ...] = ()
    execution_count: int | None = None
    file: str
    """Path of the file, relative to the submission."""
    number: int
    """Position in its file as a person counts: from 1."""
    page: int | None = None
    """Page on which it begins, from 1, where the file has pages."""
    origin: Literal["file", "page", "listing"] = "file"
    """`page`: recovered from a notebook that was exported to be read; `listing`: code shown in a report, which may be
    a part of something. Both may have been damaged on the way."""
    unrun: Literal["", "damaged", "repeated", "language"] = ""
    """Why code is shown and not run: it is no Python any more, stands elsewhere too, or is in another language."""

    @property
    def runs(self) -> bool:
        """Whether it is code that is run."""
        return self.kind == "code" and not self.unrun

    @property
    def place(self) -> str:
        """`page 3` where its file has pages, else `cell 16`."""
        return f"page {self.page}" if self.page is not None else f"cell {self.number}"


class Passage(Record):
    """A piece of one cell that stands under a question id, wherever that id was written."""

    question: str
    """The id as the rubric spells it."""
    cell: int
    """Index of the cell."""
    start: int
    end: int
    """Character offsets into the cell's source."""
    found_by: Literal["heading", "text", "comment", "docstring", "cue", "following"]
    """How the id was found; `following` continues the passage before it, `cue` had no id but the question's words."""


class DataFile(Record):
    """A file of the group's own that its code may open."""

    path: str
    """Relative to the working folder of the code, with `/`; never leads out of it."""
    digest: str
    """SHA-256 of its bytes."""
    content: bytes = Field(default=b"", exclude=True, repr=False)
    """Untrusted, and no part of what is written to JSON."""


class Submission(Record):
    """A group's hand-in, read and split."""

    name: str
    """Name of the group: that of the folder or file."""
    files: tuple[str, ...]
    cells: tuple[Cell, ...]
    digest: str
    """SHA-256 over the names and bytes of everything that was read."""
    notes: tuple[str, ...] = ()
    """What was repaired, skipped or guessed while reading, one sentence each."""
    data: tuple[DataFile, ...] = ()
    """The group's own files, for the working folder of its code."""

    @property
    def run_cells(self) -> tuple[Cell, ...]:
        """The cells, with code that is only shown passed over as if it were text."""
        return tuple(cell.model_copy(update={"kind": "prose"}) if cell.unrun else cell for cell in self.cells)

    def cell(self, index: int) -> Cell:
        """The cell at `index`."""
        return self.cells[index]

    def text(self, passage: Passage) -> str:
        """The text of `passage`."""
        return self.cells[passage.cell].source[passage.start : passage.end]
