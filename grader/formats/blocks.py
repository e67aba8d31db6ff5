"""The pieces of a document in reading order, and the cells they make.

Text, code with what it printed, and pictures become cells where they stand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from grader.code.syntax import parse_code
from grader.formats.listings import is_code_line, join_cut_lines, mend_code, parts, strip_prompts
from grader.formats.reader import CELLS_LIMIT, OUTPUTS_LIMIT, SOURCE_LIMIT, TEXT_LIMIT, Contents
from grader.formats.script import chunks
from grader.formats.text import screen_text, shorten
from grader.records import Cell, SavedImage, SavedOutput

BlockKind = Literal["prose", "listing", "code", "output", "picture"]


@dataclass(frozen=True)
class Block:
    """One piece of a document."""

    kind: BlockKind
    """`code` and `output` where the document says which; `listing` where it only shows text in a type of its own."""
    text: str = ""
    """Markdown for prose, else plain lines."""
    image: SavedImage | None = None
    """Of a picture; `None` where it cannot be shown."""
    count: int | None = None
    """`n` of `In [n]:`."""
    page: int | None = None
    """From 1."""


PICTURE_LINE = "![picture]()"
"""Stands as the source of a cell that holds nothing but a picture."""
CONSOLE_LINE = "![printed text]()"
"""Stands as the source of a cell that holds nothing but printed text."""
_MENDABLE = 300_000
"""Characters of broken code in one document that labgrade tries to mend: trying takes time."""


class _Sheet:
    """The cells made so far."""

    def __init__(self, file: str, whole: bool) -> None:
        self.file = file
        self.origin: Literal["page", "listing"] = "page" if whole else "listing"
        self.cells: list[Cell] = []
        self.damaged = 0
        self._mendable = _MENDABLE
        self._adjacent = False
        """The last cell is code, and nothing but its outputs stands after it."""

    def add(
        self,
        kind: Literal["code", "prose"],
        source: str,
        block: Block,
        outputs: tuple[SavedOutput, ...] = (),
        runs: bool = True,
    ) -> None:
        number = len(self.cells)
        self.cells.append(
            Cell(
                index=number,
                kind=kind,
                source=source[:SOURCE_LIMIT],
                outputs=outputs,
                execution_count=block.count if kind == "code" else None,
                file=self.file,
                number=number + 1,
                page=block.page,
                origin=self.origin,
                unrun="" if runs else "damaged",
            )
        )
        self._adjacent = kind == "code"
        self.damaged += not runs

    def text(self, block: Block) -> None:
        if block.text.strip():
            self.add("prose", block.text.strip("\n"), block)

    def code(self, source: str, block: Block, whole: bool) -> None:
        """`whole`: one cell, as in a notebook; else cut like a script."""
        parses = parse_code(source) is not None
        if not parses and len(source) <= self._mendable:
            self._mendable -= len(source)
            source, parses = mend_code(source)
        elif not parses:
            whole = True  # cutting what is broken takes as long as mending it
        if whole:
            self.add("code", source.strip("\n"), block, runs=parses)
            return
        lines = source.split("\n")
        for chunk in chunks(source):
            piece = "\n".join(lines[chunk.start : chunk.end]).strip("\n")
            if not chunk.parses and not any(is_code_line(line) for line in piece.split("\n")):
                self.printed(piece, block)
            elif piece.strip():
                self.add("code", piece, block, runs=chunk.parses)

    def shown(self, output: SavedOutput, block: Block) -> None:
        """Attach `output` to the code above it; where there is none it stands alone, at its place."""
        if self._adjacent and len(self.cells[-1].outputs) < OUTPUTS_LIMIT:
            last = self.cells[-1]
            self.cells[-1] = last.model_copy(update={"outputs": (*last.outputs, output)})
        else:
            line = PICTURE_LINE if output.image is not None or not output.text else CONSOLE_LINE
            self.add("prose", line, block, (output,))

    def printed(self, text: str, block: Block) -> None:
        if text.strip():
            shown = shorten(screen_text(text.strip("\n")), TEXT_LIMIT)
            self.shown(SavedOutput(kind="stream", text=shown), block)


def document_contents(file: str, blocks: Iterable[Block], notes: Iterable[str] = (), whole: bool = False) -> Contents:
    """The cells of a document; `whole`: its code stands in cells already, as in a notebook that was printed.

    Code that cannot be made Python again is kept as it is and not run; a note says so.
    """
    sheet = _Sheet(file, whole)
    for block in blocks:
        if len(sheet.cells) >= CELLS_LIMIT:
            break
        _place(sheet, block, whole)
    said = [f"{file} {note}." for note in notes]
    if sheet.damaged:
        what = "1 piece of code" if sheet.damaged == 1 else f"{sheet.damaged} pieces of code"
        said.append(
            f"{file}: {what} could not be recovered as Python and {'was' if sheet.damaged == 1 else 'were'} not run; "
            "what depends on it is judged by saved outputs or by a person."
        )
    return Contents(cells=tuple(sheet.cells[:CELLS_LIMIT]), notes=tuple(said), in_cells=whole)


def _place(sheet: _Sheet, block: Block, whole: bool) -> None:
    if block.kind == "prose":
        sheet.text(block)
    elif block.kind == "code":
        sheet.code(block.text, block, whole)
    elif block.kind == "output":
        sheet.printed(block.text, block)
    elif block.kind == "picture":
        sheet.shown(SavedOutput(kind="display", image=block.image), block)
    else:
        for kind, text in parts(strip_prompts(join_cut_lines(block.text))):
            if kind == "code":
                sheet.code(text, block, whole=False)
            elif kind == "output":
                sheet.printed(text, block)
            else:
                sheet.text(Block("prose", text, page=block.page))
