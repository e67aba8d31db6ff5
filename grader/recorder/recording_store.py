"""The store of recordings: a submission that has not changed is not run again."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeVar

from filelock import FileLock
from pydantic import ValidationError

from grader.records import Record, Recording, Rubric, Submission

_LIBRARIES = (
    *("ipython", "matplotlib", "pandas", "scikit-learn", "scipy", "seaborn", "pillow", "h5py", "tqdm", "plotly"),
    *("opencv-python", "opencv-python-headless", "scikit-image", "tensorflow-datasets", "keras-tuner", "torch"),
)
_Kept = TypeVar("_Kept", bound=Record)


class RecordingStore:
    """Records below `folder`, as compressed JSON under a content key, written atomically.

    Which data sets a hand-in's code asks for is known only after it has run: beside what its key tells, a record rests
    on those that were asked for, as `data` (name -> content digest; `None` where it cannot be had) tells them now.
    """

    def __init__(self, folder: Path, data: Callable[[str], str | None] = lambda _: None) -> None:
        self._folder = folder
        self._data = data

    def _place(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.json.gz"

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Held while `key` is being recorded, so that two processes that need it record it once."""
        place = self._place(key)
        place.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(str(place) + ".lock"):
            yield

    def get(self, key: str, kind: type[_Kept]) -> _Kept | None:
        """The record of `key`; `None` when there is none or it is damaged or of another version."""
        place = self._place(self._with_data(key, self._asked(key)))
        try:
            return kind.model_validate_json(gzip.decompress(place.read_bytes()))
        except (OSError, EOFError, zlib.error, ValidationError, ValueError):
            return None

    def put(self, key: str, record: Record, asked: Iterable[str] = ()) -> None:
        """Keep `record`, which rests on the data sets `asked`, too; whoever reads sees all of it or nothing."""
        known = self._asked(key)
        names = tuple(sorted({*known, *asked}))
        if names != known:
            _write(self._asked_place(key), json.dumps(names).encode())
        content = gzip.compress(record.model_dump_json().encode(), compresslevel=4, mtime=0)
        _write(self._place(self._with_data(key, names)), content)

    def _asked(self, key: str) -> tuple[str, ...]:
        """Data sets on which what was recorded for `key` has rested so far."""
        try:
            names = json.loads(self._asked_place(key).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return ()
        return tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()

    def _asked_place(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.asked.json"

    def _with_data(self, key: str, asked: tuple[str, ...]) -> str:
        if not asked:
            return key
        known = json.dumps([key, [[name, self._data(name)] for name in asked]])
        return hashlib.sha256(known.encode()).hexdigest()


def _write(place: Path, data: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=place.parent, prefix=".draft-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(draft).replace(place)
    finally:
        with suppress(FileNotFoundError):
            Path(draft).unlink()


@lru_cache(maxsize=8)
def code_digest(folders: tuple[str, ...]) -> str:
    """SHA-256 (hex) of labgrade's own code in `folders` (below the package): a recording rests on it too."""
    package = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted((package / folder).rglob("*.py")):
            digest.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


@lru_cache(maxsize=1)
def student_libraries() -> dict[str, str]:
    """Package -> version of what students' code commonly imports beside TensorFlow; empty where it is not there."""
    found = {}
    for package in _LIBRARIES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = ""
    return found


def is_settled(recording: Recording) -> bool:
    """Whether another run would find the same: not when labgrade itself failed or ended the run."""
    unfinished = any(event.kind == "noted" and event.topic == "limit" for event in recording.events)
    killed = recording.outcome.status == "killed" and recording.outcome.limit is None
    return not killed and not unfinished


def may_be_ours(recording: Recording) -> bool:
    """Whether the run ended by a signal from nobody knows where, or for want of the trainer: it is run once more, as
    somebody may have killed one of labgrade's processes."""
    killed = recording.outcome.status == "killed" and recording.outcome.limit is None
    failed = (event for event in recording.events if event.kind == "noted" and event.topic == "limit")
    return killed or any("labgrade's trainer failed" in event.message for event in failed)


def solution_fault(rubric: Rubric, solution: Submission, recording: Recording) -> str:
    """Why the solution of `rubric` did not run to its end, and what to do, in one line."""
    for event in recording.events:
        if event.kind == "failed":
            cell = solution.cells[event.cell]
            place = f"rubrics/{rubric.name}/{cell.file}: cell {cell.number}"
            return f"{place} fails with {event.error}: {event.message[:200]}; mend the solution"
    return f"rubrics/{rubric.name}/solution.py: {recording.outcome.message}; mend the solution"
