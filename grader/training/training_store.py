"""The store of finished trainings: content-addressed, written atomically, without pickle, bounded in size."""

from __future__ import annotations

import io
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock

from grader.records import Array, History, Score

_VERSION = 2
"""Of `result.json`. Version 1 kept of a score its accuracy and its loss alone, and is read as well: see `Score`."""


@dataclass(frozen=True)
class TrainingResult:
    """What a training gave."""

    history: History
    weights: tuple[Array, ...]
    """In the order of Keras' `get_weights`."""
    optimizer: tuple[Array, ...] = ()
    """The optimizer's variables, in its own order: a continued training goes on from them."""
    test: Score | None = None


class TrainingStore:
    """Finished trainings below `folder`, at most `limit` bytes; the longest unused go first."""

    def __init__(self, folder: Path, limit: int = 4 << 30) -> None:
        self.folder = folder
        self.limit = limit

    def _place(self, key: str) -> Path:
        return self.folder / key[:2] / key

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Held while `key` is being trained, so that two processes asking at once train it once."""
        place = self._place(key)
        place.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(str(place) + ".lock"):
            yield

    def get(self, key: str) -> TrainingResult | None:
        """The stored result of `key`; `None` when there is none or it is damaged."""
        place = self._place(key)
        try:
            meta = json.loads((place / "result.json").read_text())
            if meta["version"] not in (1, _VERSION):
                return None
            with np.load(place / "arrays.npz", allow_pickle=False) as archive:
                weights = tuple(archive[f"w{at}"] for at in range(meta["weights"]))
                optimizer = tuple(archive[f"o{at}"] for at in range(meta["optimizer"]))
            history = History.model_validate(meta["history"])
            test = Score.model_validate(meta["test"]) if meta["test"] else None
        except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile, EOFError):
            return None
        with suppress(OSError):
            os.utime(place)
        return TrainingResult(history, weights, optimizer, test)

    def put(self, key: str, result: TrainingResult) -> None:
        """Store `result` under `key`; whoever reads sees all of it or nothing."""
        place = self._place(key)
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=place.parent))
        try:
            (draft / "arrays.npz").write_bytes(_archive(result.weights, result.optimizer))
            meta = {
                "version": _VERSION,
                "weights": len(result.weights),
                "optimizer": len(result.optimizer),
                "history": result.history.as_json(),
                "test": result.test.as_json() if result.test else None,
            }
            (draft / "result.json").write_text(json.dumps(meta))
            if place.exists():
                shutil.rmtree(place)
            draft.rename(place)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        self.prune()

    def prune(self) -> None:
        """Drop the longest unused results until the store is within its limit."""
        entries = []
        for meta in self.folder.glob("??/*/result.json"):
            with suppress(OSError):
                size = sum(file.stat().st_size for file in meta.parent.iterdir())
                entries.append((meta.parent.stat().st_mtime, size, meta.parent))
        excess = sum(size for _, size, _ in entries) - self.limit
        for _, size, place in sorted(entries)[:-1]:
            if excess <= 0:
                return
            shutil.rmtree(place, ignore_errors=True)
            excess -= size


def _archive(weights: Sequence[Array], optimizer: Sequence[Array]) -> bytes:
    arrays = {f"w{at}": array for at, array in enumerate(weights)}
    arrays |= {f"o{at}": array for at, array in enumerate(optimizer)}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
