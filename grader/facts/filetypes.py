"""Kinds of files by the ends of their names: of those that no reader reads (`formats/` knows its own)."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal, TypeAlias

FileKind: TypeAlias = Literal[
    "archive",
    "text",
    "other document",
    "slides",
    "packed",
    "page archive",
    "picture",
    "film",
    "arrays",
    "weights",
    "program",
    "disk image",
    "bytecode",
    "other language",
]

SUFFIXES: dict[str, FileKind] = {
    ".zip": "archive",
    ".txt": "text",
    **dict.fromkeys((".doc", ".odt", ".rtf", ".pages", ".tex", ".wps"), "other document"),
    **dict.fromkeys((".ppt", ".pptx", ".key"), "slides"),
    **dict.fromkeys((".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst"), "packed"),
    **dict.fromkeys((".mhtml", ".webarchive"), "page archive"),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".svg"), "picture"),
    **dict.fromkeys((".mp4", ".mov", ".avi"), "film"),
    **dict.fromkeys((".npy", ".npz"), "arrays"),
    **dict.fromkeys((".h5", ".hdf5", ".keras"), "weights"),
    ".exe": "program",
    **dict.fromkeys((".dmg", ".iso"), "disk image"),
    ".pyc": "bytecode",
    **dict.fromkeys((".r", ".rmd", ".m", ".mlx", ".jl", ".java", ".c", ".cpp", ".js"), "other language"),
}
"""End of a file's name, in lower case and with its dot -> kind."""

UNOPENED: frozenset[FileKind] = frozenset({"other document", "slides", "archive", "film", "program", "disk image"})
"""What no lab's code opens, however large it is."""


def file_kind(name: str) -> FileKind | None:
    """The kind of the file called `name`, by the end of its name; `None` for one that is read, or not known."""
    return SUFFIXES.get(PurePosixPath(name).suffix.lower())


def suffixes(*kinds: FileKind) -> tuple[str, ...]:
    """The ends of names of `kinds`, in lower case and with their dots."""
    return tuple(suffix for suffix, kind in SUFFIXES.items() if kind in kinds)


NOTEBOOK_HOSTS = (
    *("deepnote.com", "colab.research.google.com", "mybinder.org", "kaggle.com/kernels", "kaggle.com/notebooks"),
    *("datalore.jetbrains.com", "datalore.io", "cocalc.com", "console.paperspace.com", "studiolab.sagemaker.aws"),
)
"""Sites that run notebooks, and write a badge or a footer with a link to themselves into them."""
