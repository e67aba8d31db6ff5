"""What a reader is: it makes cells of one type of file, and says which files these are.

A module of this folder declares one as `READER`; a package brings one by the entry point `labgrade.formats`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from grader.formats.text import Contents

Fetch = Callable[[str], bytes | None]
"""The bytes of a picture by the name under which a document refers to it; `None` where there is none."""
Form = Literal["notebook", "script", "document"]
"""What stands in a file: `notebook`, cells of code with what they printed; `script`, a program that other code may
import; `document`, text that shows code, of which parts may be missing or damaged."""


def _nothing(name: str) -> bytes | None:
    return None


@dataclass(frozen=True)
class SourceFile:
    """A file as it was handed in."""

    name: str
    """Relative to the hand-in, with `/`, printable: the file's name in cells and messages."""
    data: bytes
    """All of it, at most `FILE_LIMIT` bytes."""
    fetch: Fetch = field(default=_nothing, repr=False)
    """The pictures that lie beside it; only for readers that ask for `pictures_beside`."""


@dataclass(frozen=True)
class Reader:
    """How one type of file is read."""

    name: str
    """One word, such as `notebook`: for logs and tests."""
    title: str
    """What messages call such a file, with its article: `a Word document`."""
    suffixes: tuple[str, ...]
    """Endings of file names, in lower case and with their dots, the usual one first; no two readers share one."""
    form: Form
    """What stands in such a file."""
    rank: int
    """Of two files that say the same, the one with the lower rank is read: a notebook (0) before a script (10), both
    before Markdown (20), Word (30), a web page (40), a PDF (50). The more of the structure a type keeps, the lower."""
    read: Callable[[SourceFile], Contents] = field(repr=False)
    """Its cells. Raises `UserError`, one line that says what to hand in instead, when nothing in it can be read."""
    pictures_beside: bool = False
    """Whether it shows pictures that lie beside it, and so needs `SourceFile.fetch`."""
    begins: bytes = b""
    """How such a file begins, blanks aside, whatever it is called; empty where its beginning tells nothing."""
