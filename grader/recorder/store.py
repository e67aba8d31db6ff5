"""The store of recordings: a submission that has not changed is not run again."""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from filelock import FileLock
from pydantic import ValidationError

from grader.records.base import Record

_Kept = TypeVar("_Kept", bound=Record)


class RecordingStore:
    """Records below `folder`, as compressed JSON under a content key, written atomically."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

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
        try:
            return kind.model_validate_json(gzip.decompress(self._place(key).read_bytes()))
        except (OSError, EOFError, zlib.error, ValidationError, ValueError):
            return None

    def put(self, key: str, record: Record) -> None:
        """Keep `record` under `key`; whoever reads sees all of it or nothing."""
        place = self._place(key)
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=place.parent, prefix=".draft-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(gzip.compress(record.model_dump_json().encode(), compresslevel=4, mtime=0))
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
