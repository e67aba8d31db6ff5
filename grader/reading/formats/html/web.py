"""Web pages: notebooks exported as HTML by nbconvert, Jupyter or Colab, and other pages with text and code.

nbconvert marks code with `jp-InputArea` or `input_area`, what it printed with `jp-OutputArea-output` or `output_area`,
and text with `jp-MarkdownOutput` or `text_cell_render`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from grader.errors import UserError
from grader.reading.bounded import parsed_apart
from grader.reading.documents.blocks import Block, BlockKind
from grader.reading.documents.cells import document_contents
from grader.reading.formats.contents import Contents
from grader.reading.formats.markdown import Fetch, embedded_image

_SECONDS = 30.0
_WORKER = "grader.reading.formats.html.worker"
_KINDS: dict[str, BlockKind] = {"prose": "prose", "listing": "listing", "code": "code", "output": "output"}


def read_web_page(
    path: Path, file: str, data: bytes, fetch: Fetch | None = None, seconds: float = _SECONDS
) -> Contents:
    """The cells of the HTML page `file`: those of the notebook it was made from, or its text and listings.

    Read in a process of its own within `seconds`. Raises `UserError` when nothing stands in it.
    """
    parsed = parsed_apart(_WORKER, data, seconds)
    fetch = fetch or (lambda name: None)
    blocks = [_block(value, fetch) for value in parsed.values if "kind" in value]
    if not blocks:
        late = "took too long to read and was given up" if parsed.ended == "timed out" else "holds no text to be read"
        raise UserError(f"{file} {late}. Ask the group for the notebook it was made from.")
    last = parsed.values[-1] if parsed.ended == "finished" else {}
    notes = [str(note) for note in last.get("notes") or []]
    if parsed.ended != "finished":
        notes.append("could be read in part only")
    return document_contents(file, blocks, notes, whole=last.get("notebook") is True)


def _block(value: dict[str, Any], fetch: Fetch) -> Block:
    text = str(value.get("text", ""))
    if value["kind"] == "picture":
        return Block("picture", image=embedded_image(text, fetch))
    count = value.get("count")
    return Block(_KINDS.get(str(value["kind"]), "prose"), text, count=count if isinstance(count, int) else None)
