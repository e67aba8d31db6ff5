"""Files by their names: whether they are read, and what to hand in instead of those that are not."""

from __future__ import annotations

from grader.facts.filetypes import FileKind, file_kind
from grader.formats.readers import reader_of

_TEXTS = "hand in a .docx, a PDF or a .md file instead"
_ARCHIVES = "hand in a .zip file or the unpacked folder instead"
_OTHER_LANGUAGE = "labgrade grades Python: hand in an .ipynb or a .py file"
_INSTEAD: dict[FileKind, str] = {
    "other document": _TEXTS,
    "slides": _TEXTS,
    "packed": _ARCHIVES,
    "other language": _OTHER_LANGUAGE,
    "page archive": "hand in an .html file or the notebook instead",
    "program": "hand in the .py file instead",
    "bytecode": "hand in the .py file instead",
}


def is_archive(name: str) -> bool:
    """Whether the file called `name` holds other files, which are read."""
    return file_kind(name) == "archive"


def is_read(name: str) -> bool:
    """Whether the file called `name`, or what it holds, is read."""
    return is_archive(name) or reader_of(name) is not None


def instead_of(name: str) -> str:
    """What to hand in instead of `name`, as a clause; empty for what is read, and for data, pictures and the like."""
    kind = file_kind(name)
    return "" if kind is None or is_read(name) else _INSTEAD.get(kind, "")


def list_unread(names: tuple[str, ...]) -> str:
    """Names that were not read, those with a better form first, each with what to hand in instead."""
    ordered = sorted(names, key=lambda name: not instead_of(name))
    words = [f"{name} ({instead_of(name)})" if instead_of(name) else name for name in ordered[:8]]
    shown = ", ".join(words)
    return shown if len(names) <= 8 else f"{shown} and {len(names) - 8} more"
