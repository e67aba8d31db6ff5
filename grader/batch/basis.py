"""What a result rests on, as one digest: while it stays the same, finished work is not repeated."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path

from grader import __version__
from grader.assets import rubrics_folder, templates_folder
from grader.batch.job import Job
from grader.classes.rules import deadline_of
from grader.datasets.files import own_folder
from grader.errors import UserError
from grader.reading.choice import SETTINGS
from grader.reading.handin.entries import Entry, file_entry
from grader.reading.handin.folder import candidates
from grader.reading.rubric import rubric_digest, rubrics
from grader.recorder.store import code_digest, student_libraries
from grader.reviews.marks import FILE as MARKS
from grader.training.canonical import canonical_digest
from grader.training.service import library_versions

_WITH_PICTURES = {".md", ".markdown", ".qmd", ".html", ".htm"}
"""Files that may show pictures that lie beside them."""


def basis_of(job: Job) -> str:
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
        "workshop": job.workshop,
        "code": _code(),
    }
    return canonical_digest(content)


@lru_cache(maxsize=1)
def _code() -> list[object]:
    """Labgrade's own code, its templates, and the libraries: read once in a process."""
    digest = hashlib.sha256()
    for file in sorted(path for path in templates_folder().rglob("*") if path.is_file()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    versions = [*map(list, library_versions()), student_libraries()]
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


def _entries(place: Path) -> list[Entry]:
    if place.is_dir():
        found = candidates(place)
        return [*found.files, *found.others]
    if not place.is_file():
        return []
    alone = [file_entry(place, place.name)]
    if place.suffix.lower() not in _WITH_PICTURES:
        return alone
    return alone + [entry for entry in candidates(place.parent).others if "/" not in entry.name]


def _entry_digest(entry: Entry) -> str:
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
