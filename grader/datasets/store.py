"""Arrays on disk, one `.npy` file each: quick to load, written atomically, never pickled."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from grader.datasets.dataset import ARRAY_NAMES, Bytes, arrays_digest

_CONTENTS = "contents.json"


def stored_arrays(folder: Path) -> tuple[dict[str, Bytes], str] | None:
    """The four arrays in `folder` and their digest, or `None` when they are not there or damaged.

    They are mapped, not read: who needs the digest alone reads no images, and processes share what they do read.
    """
    try:
        contents = json.loads((folder / _CONTENTS).read_text(encoding="utf-8"))
        arrays = {name: np.asarray(np.load(folder / f"{name}.npy", "r", False)) for name in ARRAY_NAMES}
        digest = contents["digest"]
        shapes = {name: list(array.shape) for name, array in arrays.items()}
    except (OSError, ValueError, EOFError, KeyError, TypeError):
        return None
    if not isinstance(digest, str) or contents.get("shapes") != shapes:
        return None
    for array in arrays.values():
        array.flags.writeable = False
    return arrays, digest


def store_arrays(folder: Path, arrays: Mapping[str, Bytes]) -> str:
    """Write the four arrays into `folder` at one stroke; the digest of their content.

    Raises `OSError` when the folder cannot be written.
    """
    digest = arrays_digest(arrays)
    contents = {"digest": digest, "shapes": {name: list(arrays[name].shape) for name in ARRAY_NAMES}}
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        fresh = Path(scratch) / "fresh"
        fresh.mkdir()
        for name in ARRAY_NAMES:
            np.save(fresh / f"{name}.npy", arrays[name], allow_pickle=False)
        (fresh / _CONTENTS).write_text(json.dumps(contents), encoding="utf-8")
        _put(fresh, folder)
    return digest


def _put(fresh: Path, folder: Path) -> None:
    for _ in range(2):
        try:
            fresh.rename(folder)
        except OSError:
            # another process may have been quicker; what is damaged makes room
            if stored_arrays(folder) is not None:
                return
            shutil.rmtree(folder, ignore_errors=True)
        else:
            return
    fresh.rename(folder)
