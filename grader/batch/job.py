"""One submission's job: what a process needs to grade it, what comes of it, and the journal of those that are finished.

Jobs and what comes of them pickle. The fingerprint of a job is a digest of all that its result rests on: while the
journal holds the same one, finished work is not repeated. What took long to read (PDFs, mostly) is cached as it was
read: an edit of the rubric does not read it again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeAlias

from filelock import FileLock, Timeout

from grader import __version__
from grader.assets import rubrics_folder, templates_folder
from grader.classroom.marks import MARKS
from grader.classroom.rules import deadline_of
from grader.datasets.array_files import own_folder
from grader.errors import UserError
from grader.extensions import fingerprint
from grader.formats.reader import reader_of
from grader.options import Options
from grader.recorder.recording_store import RecordingStore, code_digest, student_libraries
from grader.records import ClassRules, Entry, Submission
from grader.reports.files import write_whole
from grader.submissions import entries
from grader.submissions.read import read_submission
from grader.submissions.rubric_choice import SETTINGS
from grader.submissions.rubric_file import rubric_digest, rubrics
from grader.training.service import library_versions
from grader.training.spec import canonical_digest

Stage: TypeAlias = Literal["judge", "reference", "render", "record"]
"""`judge`: the pure checks on what is recorded. `reference`: record the solution. `record`: run the submission, and
judge and report it. `render`: the report alone."""

Outcome: TypeAlias = Literal["graded", "judged", "unrecorded", "failed", "fault", "fatal"]
"""What came of a stage.

`graded`: all is written. `judged`: the result is written, the report is not. `unrecorded`: it has to run first.
`failed`: it cannot be read. `fault`: labgrade failed. `fatal`: no submission can be graded until the teacher mends
something.
"""

_READS = ("formats", "submissions", "questions", "code", "records", "facts")
"""Rooms whose code decides what is read from a hand-in."""

_LONG_SECONDS = 0.05
"""From here on a reading is stored: a notebook is read in milliseconds, a PDF in seconds."""

_JOURNAL_VERSION = 2
"""Version 1 called the fingerprint `basis`."""
_FILES = ("result.json", "report.html", "report.pdf")
"""Those of a report."""
_DRAFTED = (*_FILES, "marks.json", "gradebook.csv", "review.csv")
"""What is written as a draft beside its place first: a run that was killed may leave the draft behind."""


@dataclass(frozen=True)
class Job:
    """Grade one submission."""

    entry: Entry
    rules: ClassRules
    options: Options
    session: str = "grader.session:Session"
    """What records, as `module:class`."""
    on_cluster: bool = False
    """Whether a cluster trains, whose devices are not this machine's."""

    @property
    def folder(self) -> Path:
        """Where its report goes."""
        return self.options.out / self.entry.name


@dataclass(frozen=True)
class Done:
    """What came of one stage of a job."""

    name: str
    outcome: Outcome
    message: str = ""
    """One line: the score, or why there is none."""
    rubric: str = ""
    fingerprint: str = ""
    """Digest of what the result rests on, taken before it was read."""
    trained: int = 0
    """Trainings that were run for it."""
    shared: int = 0
    """Trainings that were answered from the store."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall seconds by part: reading, recording, judging, reporting."""


def job_fingerprint(job: Job) -> str:
    """SHA-256 (hex) over submission, rubrics, the class's rules for it, its marks, data, options and code."""
    entry, rules, options = job.entry, job.rules, job.options
    deadline = deadline_of(entry, rules)
    content = {
        "files": files_digest(entry.path),
        "entry": entry.model_dump(mode="json", include={"name", "submitted", "late", "problem", "notes"}),
        "deadline": deadline.isoformat() if deadline else None,
        "rules": rules.model_dump(mode="json", include={"rubric", "timezone", "grace_minutes", "penalty", "weights"}),
        "marks": _file_digest(job.folder / MARKS),
        "rubrics": _rubrics(options.rubric),
        "options": [options.effort, options.threads, options.provider, options.saved_only, options.limits.as_json()],
        "budget": options.budget.as_json(),
        "data": _data(options.data, options.cache),
        "device": Path("/dev/nvidia0").exists(),
        "session": [job.session, job.on_cluster],
        "code": _code(),
    }
    return canonical_digest(content)


@lru_cache(maxsize=1)
def _packages() -> list[list[str]]:
    """What installed packages bring: looked up once in a process, as every submission asks for it."""
    return fingerprint()


@lru_cache(maxsize=1)
def _code() -> list[object]:
    """Labgrade's own code, its templates, and the libraries: read once in a process."""
    digest = hashlib.sha256()
    for file in sorted(path for path in templates_folder().rglob("*") if path.is_file()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    versions = [*map(list, library_versions()), student_libraries(), _packages()]
    return [__version__, code_digest((".",)), digest.hexdigest(), versions]


def _rubrics(choice: str | None) -> list[list[str]]:
    """The chosen rubric; all of them where the choice falls on the one that fits best."""
    if choice is not None and Path(choice).is_dir():
        return [[Path(choice).resolve().name, rubric_digest(Path(choice))]]
    found = rubrics([rubrics_folder()])
    return [[place.name, rubric_digest(place)] for place in found if choice in (None, place.name)]


def _data(folder: Path | None, cache: Path) -> list[list[object]]:
    """Which data files are at hand. Their content is part of every recording's key; here size and time are enough.

    Of labgrade's own folder only what was downloaded: the rest of it is made of other files.
    """
    keras = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "datasets"
    named = os.environ.get("LABGRADE_DATA")
    places = [folder or (Path(named) if named else None), keras, cache / "datasets", own_folder()]
    found: list[list[object]] = []
    for at, place in enumerate(places):
        if place is not None and place.is_dir():
            for item in sorted(place.iterdir()):
                ours = place == cache / "datasets" and not item.name.endswith("-downloaded")
                if not ours and not item.name.startswith("."):
                    stat = item.stat()
                    sized = [stat.st_size, stat.st_mtime_ns] if item.is_file() else []
                    found.append([at, item.name, *sized])
    return found


def files_digest(path: str) -> str:
    """Names and bytes of everything that the reader would look at, and of the settings beside it."""
    if not path:
        return ""
    place = Path(path)
    digest = hashlib.sha256()
    for entry in _entries(place):
        digest.update(entry.name.encode("utf-8", "surrogateescape") + b"\0" + _entry_digest(entry).encode() + b"\0")
    for settings in (place / SETTINGS, place.parent / SETTINGS):
        digest.update(_file_digest(settings).encode() + b"\0")
    return digest.hexdigest()


def _entries(place: Path) -> list[entries.Entry]:
    if place.is_dir():
        found = entries.candidates(place)
        return [*found.files, *found.others]
    if not place.is_file():
        return []
    alone = [entries.file_entry(place, place.name)]
    reader = reader_of(place.name)
    if reader is None or not reader.pictures_beside:
        return alone
    return alone + [entry for entry in entries.candidates(place.parent).others if "/" not in entry.name]


def _entry_digest(entry: entries.Entry) -> str:
    try:
        return hashlib.sha256(entry.data()).hexdigest()
    except (UserError, OSError):
        return f"not read, {entry.size}"


def _file_digest(path: Path) -> str:
    """SHA-256 (hex) of a file; empty where there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def cached_submission(path: Path, job: Job, runs: bool) -> Submission:
    """The submission at `path`, from the store where it took long before. Raises `UserError`.

    `runs`: its code is about to run, and needs the content of its data files, which is not stored.
    """
    store = RecordingStore(job.options.cache / "readings")
    parts = [files_digest(str(path)), path.name, code_digest(_READS), repr(_packages())]
    key = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
    cached = store.get(key, Submission)
    if cached is not None and not (runs and cached.data):
        return cached
    began = time.monotonic()
    submission = read_submission(path)
    if cached is None and time.monotonic() - began > _LONG_SECONDS:
        store.put(key, submission)
    return submission


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
        if raw is None or raw.get("files") != _report_digests(self.out / name):
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
        content = {
            "version": _JOURNAL_VERSION,
            "fingerprint": fingerprint,
            "graded": graded,
            "message": message,
            "day": day,
        }
        content |= {"files": _report_digests(self.out / name)}
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
        if version > _JOURNAL_VERSION:
            raise UserError(f"{path}: a newer labgrade wrote it; use that one, or choose another folder with --out.")
        if version == 1:
            raw["fingerprint"] = raw.pop("basis", None)
        whole = {"fingerprint", "graded", "message", "day", "files"} <= raw.keys()
        return raw if whole and isinstance(raw["fingerprint"], str) else None


def _report_digests(folder: Path) -> dict[str, str]:
    """SHA-256 (hex) of each file of a report that is there."""
    found = {}
    for name in _FILES:
        with suppress(OSError):
            found[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    return found
