"""One submission's job: what a process needs to grade it, and what comes of it; both pickle.

The fingerprint of a job is a digest of all that its result rests on: while it stays the same, finished work is not
repeated. What took long to read (PDFs, mostly) is cached as it was read: an edit of the rubric does not read it again.
"""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeAlias

from grader import __version__
from grader.assets import rubrics_folder, templates_folder
from grader.classroom.marks import FILE as MARKS
from grader.classroom.rules import deadline_of
from grader.datasets.array_files import own_folder
from grader.errors import UserError
from grader.extensions import fingerprint
from grader.formats.reader import reader_of
from grader.options import Options
from grader.recorder.recording_store import RecordingStore, code_digest, student_libraries
from grader.records import ClassRules, Entry, Submission
from grader.submissions.entries import Entry as FileEntry
from grader.submissions.entries import candidates, file_entry
from grader.submissions.read import read_submission
from grader.submissions.rubric_choice import SETTINGS
from grader.submissions.rubric_file import rubric_digest, rubrics
from grader.training.plain import canonical_digest
from grader.training.service import library_versions

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


def _entries(place: Path) -> list[FileEntry]:
    if place.is_dir():
        found = candidates(place)
        return [*found.files, *found.others]
    if not place.is_file():
        return []
    alone = [file_entry(place, place.name)]
    reader = reader_of(place.name)
    if reader is None or not reader.pictures_beside:
        return alone
    return alone + [entry for entry in candidates(place.parent).others if "/" not in entry.name]


def _entry_digest(entry: FileEntry) -> str:
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
