"""Kinds of files by their names: what is read, and what to hand in instead of what is not."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Literal

Kind = Literal["notebook", "script", "markdown", "word", "web", "pdf", "archive"]
RANK: dict[Kind, int] = {"notebook": 0, "script": 1, "markdown": 2, "word": 3, "web": 4, "pdf": 5, "archive": 6}
"""Which of two files that say the same is kept: the lower one."""

_NOTEBOOK = re.compile(r"\.ipynb(?:\.(?:txt|json))?$", re.IGNORECASE)
_SUFFIXES: dict[str, Kind] = {
    ".py": "script",
    ".md": "markdown",
    ".markdown": "markdown",
    ".qmd": "markdown",
    ".docx": "word",
    ".html": "web",
    ".htm": "web",
    ".pdf": "pdf",
    ".zip": "archive",
}
_TEXTS = "hand in a .docx, a PDF or a .md file instead"
_ARCHIVES = "hand in a .zip file or the unpacked folder instead"
_OTHER_LANGUAGE = "labgrade grades Python: hand in an .ipynb or a .py file"
_INSTEAD = {
    **dict.fromkeys((".doc", ".odt", ".rtf", ".pages", ".tex", ".wps", ".ppt", ".pptx", ".key"), _TEXTS),
    **dict.fromkeys((".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst"), _ARCHIVES),
    **dict.fromkeys((".r", ".rmd", ".m", ".mlx", ".jl", ".java", ".c", ".cpp", ".js"), _OTHER_LANGUAGE),
    **dict.fromkeys((".mhtml", ".webarchive"), "hand in an .html file or the notebook instead"),
    **dict.fromkeys((".pyc", ".exe"), "hand in the .py file instead"),
}


def kind_of(name: str) -> Kind | None:
    """The kind of the file called `name`; `None` for what is not read."""
    if _NOTEBOOK.search(name):
        return "notebook"
    return _SUFFIXES.get(PurePosixPath(name).suffix.lower())


def instead_of(name: str) -> str:
    """What to hand in instead of `name`, as a clause; empty for data, pictures and the like."""
    return _INSTEAD.get(PurePosixPath(name).suffix.lower(), "")


def listed(names: tuple[str, ...]) -> str:
    """Names that were not read, those with a better form first, each with what to hand in instead."""
    ordered = sorted(names, key=lambda name: not instead_of(name))
    words = [f"{name} ({instead_of(name)})" if instead_of(name) else name for name in ordered[:8]]
    shown = ", ".join(words)
    return shown if len(names) <= 8 else f"{shown} and {len(names) - 8} more"
