"""The journal: which submissions are finished, on what their results rest, and which files belong to them."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from grader.errors import UserError
from grader.reports.files import write_whole

_VERSION = 2
"""Version 1 called the fingerprint `basis`."""
_FILES = ("result.json", "report.html", "report.pdf")
_DRAFTED = (*_FILES, "marks.json", "gradebook.csv", "review.csv")


@dataclass(frozen=True)
class Note:
    """What the journal holds of one submission."""

    fingerprint: str
    """Digest of what the result rests on."""
    graded: bool
    """Whether there is a result; otherwise `message` says why there is none."""
    message: str
    """One line: the score, or the reason."""
    day: str
    """ISO date of its report."""


class Journal:
    """Notes below `out/.labgrade/journal`, one file per submission, each written whole after what it speaks of."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.home = out / ".labgrade"
        self._folder = self.home / "journal"
        self._lock = FileLock(str(self.home / "lock"), blocking=False)

    def __enter__(self) -> Journal:
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except Timeout:
            raise UserError(
                f"{self.out}: another batch is at work there; wait for it, or choose another --out."
            ) from None
        except OSError as error:
            reason = error.strerror or error
            raise UserError(f"{self.out}: cannot write there ({reason}); choose another folder with --out.") from None
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def note(self, name: str) -> Note | None:
        """What is known of `name`, if its files still are what they were; else `None`."""
        raw = self._raw(name)
        if raw is None or raw.get("files") != digests(self.out / name):
            return None
        return Note(str(raw["fingerprint"]), bool(raw["graded"]), str(raw["message"]), str(raw["day"]))

    def fingerprint(self, name: str) -> str:
        """What the finished work for `name` rests on; empty when none is known. Its files are not looked at."""
        raw = self._raw(name)
        return str(raw["fingerprint"]) if raw else ""

    def day(self, name: str) -> str:
        """The day on which the report was made that lies there, or once lay there; empty when unknown."""
        raw = self._raw(name)
        return str(raw["day"]) if raw else ""

    def write(self, name: str, fingerprint: str, graded: bool, message: str, day: str) -> None:
        """Note that `name` is finished; last of all that is written for it."""
        content = {"version": _VERSION, "fingerprint": fingerprint, "graded": graded, "message": message, "day": day}
        content |= {"files": digests(self.out / name)}
        write_whole(self._folder / f"{name}.json", json.dumps(content, indent=1).encode())

    def clean(self, names: Iterable[str]) -> None:
        """Remove the drafts that a killed run left behind. Only the run that holds the lock may."""
        for place in (self.out, self._folder, *(self.out / name for name in names)):
            known = [".", *(f".{file}." for file in _DRAFTED)][0 if place == self._folder else 1 :]
            for draft in place.glob(".*") if place.is_dir() else ():
                if draft.is_file() and draft.name.startswith(tuple(known)):
                    draft.unlink(missing_ok=True)
        for draft in (self.home / "handed-in").glob(".draft-*"):
            shutil.rmtree(draft, ignore_errors=True)

    def remove_report(self, name: str) -> None:
        """Remove an older report of what cannot be graded any more: it would contradict the gradebook."""
        for file in _FILES:
            with suppress(OSError):
                (self.out / name / file).unlink(missing_ok=True)

    def _raw(self, name: str) -> dict[str, object] | None:
        """The note on `name` as version 2 writes it; `None` for what is missing or damaged.

        Raises `UserError` for what a newer labgrade wrote: this one would write over it.
        """
        path = self._folder / f"{name}.json"
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(raw, dict) or not isinstance(version := raw.get("version"), int):
            return None
        if version > _VERSION:
            raise UserError(f"{path}: a newer labgrade wrote it; use that one, or choose another folder with --out.")
        if version == 1:
            raw["fingerprint"] = raw.pop("basis", None)
        whole = {"fingerprint", "graded", "message", "day", "files"} <= raw.keys()
        return raw if whole and isinstance(raw["fingerprint"], str) else None


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 (hex) of each file of a report that is there."""
    found = {}
    for name in _FILES:
        with suppress(OSError):
            found[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    return found
