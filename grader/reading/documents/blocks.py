"""The pieces of a document, in reading order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from grader.records.submission import SavedImage

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
