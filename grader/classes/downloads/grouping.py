"""Files that one person handed in apart, brought together in one folder."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from grader.classes.names import safe_name


def grouped(parts: Sequence[tuple[Path, str]], staging: Path) -> Path:
    """A folder below `staging` with a copy of each part: a file under the given name, a folder's content as it is.

    The same content gives the same folder, made once.
    """
    files = [item for part in parts for item in _files(*part)]
    digest = hashlib.sha256()
    for path, name in files:
        digest.update(name.encode("utf-8", "surrogateescape") + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    place = staging / f"group-{digest.hexdigest()[:16]}"
    if place.is_dir():
        return place
    staging.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=staging))
    try:
        for path, name in files:
            target = _free(draft / name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        with suppress(FileExistsError):
            draft.rename(place)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return place


def _files(path: Path, name: str) -> list[tuple[Path, str]]:
    if path.is_file():
        return [(path, safe_name(name or path.name))]
    found = sorted(item for item in path.rglob("*") if item.is_file() and not item.is_symlink())
    return [(item, item.relative_to(path).as_posix()) for item in found]


def _free(target: Path) -> Path:
    """`target`, or the same with a number where that name is taken (Canvas keeps several uploads of one name)."""
    number = 2
    place = target
    while place.exists():
        place = target.with_name(f"{target.stem} ({number}){target.suffix}")
        number += 1
    return place
