"""A folder searched for what a group handed in."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

READABLE = (".ipynb", ".py")
_DEPTH_LIMIT = 8
_ENTRIES_LIMIT = 20_000
_IGNORED = {"__macosx", "__pycache__", "venv", "env", "virtualenv", "node_modules", "site-packages", "build", "dist"}
_NOTEBOOK = re.compile(r"\.ipynb(?:\.(?:txt|json))?$", re.IGNORECASE)
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Candidates:
    """What a folder holds."""

    files: tuple[Path, ...]
    """Notebooks and scripts in natural order."""
    others: tuple[str, ...]
    """Names of the files that are neither, relative to the folder."""
    cut_short: bool = False
    """There were more entries than are looked at."""


def is_notebook(path: Path) -> bool:
    """Whether the name is a notebook's, also one that a mail program renamed."""
    return bool(_NOTEBOOK.search(path.name))


def is_script(path: Path) -> bool:
    """Whether the name is a Python script's."""
    return path.suffix.lower() == ".py"


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sorts `part2` before `part10`."""
    return [(0, int(part[:18]), part) if part.isdecimal() else (1, 0, part) for part in _DIGITS.split(name.casefold())]


def candidates(folder: Path) -> Candidates:
    """The notebooks and scripts below `folder`, hidden ones, environments and links that leave it left out."""
    root = folder.resolve()
    files: list[Path] = []
    others: list[str] = []
    seen = 0
    for place, folders, names in os.walk(root):
        here = Path(place)
        depth = len(here.relative_to(root).parts)
        folders[:] = sorted(name for name in folders if depth < _DEPTH_LIMIT and _is_searched(here / name))
        for name in sorted(names):
            seen += 1
            path = here / name
            if seen > _ENTRIES_LIMIT:
                break
            if name.startswith((".", "~$")) or not _is_inside(path, root):
                continue
            if is_notebook(path) or is_script(path):
                files.append(path)
            elif name != "labgrade.yaml":
                others.append(path.relative_to(root).as_posix())
        if seen > _ENTRIES_LIMIT:
            break
    files.sort(key=lambda path: natural_key(path.relative_to(root).as_posix()))
    return Candidates(tuple(files), tuple(sorted(others, key=natural_key)), seen > _ENTRIES_LIMIT)


def _is_searched(folder: Path) -> bool:
    name = folder.name
    if name.startswith(".") or name.casefold() in _IGNORED or folder.is_symlink():
        return False
    return not (folder / "pyvenv.cfg").exists() and not (folder / "conda-meta").exists()


def _is_inside(path: Path, root: Path) -> bool:
    if not path.is_symlink():
        return path.is_file()
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return False
    return target.is_file() and target.is_relative_to(root)
