"""Names: what an LMS hides in the names of a bulk download, and names that are safe for folders."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

_CANVAS = re.compile(r"(?P<name>[^_/]{1,200}?)_(?:(?P<late>LATE)_)?(?P<user>\d{1,18})_(?P<file>\d{1,18})_(?P<rest>.+)")
_MOODLE = re.compile(
    r"(?P<name>.{1,300}?)_(?P<participant>\d{1,18})_assignsubmission_(?:file|onlinetext)(?:_(?P<rest>.*))?"
)
_BRIGHTSPACE = re.compile(
    r"(?P<user>\d{1,18})-(?P<item>\d{1,18})\s+-\s+(?P<name>.{1,200}?)\s+-\s+(?P<date>[^-]{4,60}?)(?:\s+-\s+(?P<rest>.+))?"
)
_DATES = (
    "%b %d, %Y %I%M %p",
    "%B %d, %Y %I%M %p",
    "%b %d, %Y %I.%M %p",
    "%B %d, %Y %I.%M %p",
    "%d %b, %Y %H%M",
    "%d %B, %Y %H%M",
    "%d %b %Y %H%M",
    "%d %B %Y %H%M",
    "%b %d, %Y %H%M",
    "%Y %m %d %H%M",
    "%A, %d %B %Y, %I:%M %p",
    "%A, %d %B %Y, %H:%M",
    "%d %B %Y, %I:%M %p",
    "%d %B %Y, %H:%M",
    "%d/%m/%Y %H:%M",
    "%d.%m.%Y %H:%M",
    "%b %d, %Y %I:%M %p",
    "%B %d, %Y %I:%M %p",
)
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
_LONGEST = 80


@dataclass(frozen=True)
class Upload:
    """What the name of one file or folder of a bulk download says."""

    source: str
    name: str
    user: str
    """The number that identifies whoever handed it in."""
    rest: str = ""
    """The file's own name, where it is in there."""
    late: bool = False
    submitted: datetime | None = None
    attempt: str = ""
    """Tells one upload of a user from the next."""


def canvas_upload(name: str) -> Upload | None:
    """`{name}[_LATE]_{userid}_{fileid}_{file}`, as Canvas names files in `submissions.zip`.

    Canvas' `lib/submission_zipper` joins these parts with underscores; the name is the sortable name without signs
    (https://github.com/instructure/canvas-lms, "Content zipper").
    """
    found = _CANVAS.fullmatch(name)
    if found is None:
        return None
    return Upload(
        "canvas", found["name"], found["user"], found["rest"], found["late"] is not None, attempt=found["file"]
    )


def moodle_upload(name: str) -> Upload | None:
    """`{Full name}_{participantid}_assignsubmission_file[_]`, a folder; or a file with its own name behind.

    Moodle writes it in `mod/assign/locallib.php`, "download_submissions"; some versions leave the last
    underscore out.
    """
    found = _MOODLE.fullmatch(name)
    return Upload("moodle", found["name"], found["participant"], found["rest"] or "") if found else None


def brightspace_upload(name: str) -> Upload | None:
    """`{id}-{id} - {Name} - {date}`, a folder; or a file with its own name behind.

    The form that Brightspace documents under "Download all submissions"; its date has no colon: `Mar 1, 2026 1159 PM`.
    """
    found = _BRIGHTSPACE.fullmatch(name)
    if found is None:
        return None
    submitted = read_time(found["date"])
    return Upload(
        "brightspace",
        found["name"],
        f"{found['user']}-{found['item']}",
        found["rest"] or "",
        submitted=submitted,
        attempt=submitted.isoformat() if submitted else found["date"],
    )


def read_time(text: str) -> datetime | None:
    """A time as an LMS, a spreadsheet or ISO 8601 writes it; without a zone unless it names one. `None`: not one."""
    text = " ".join(text.replace("\u202f", " ").split())
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for form in _DATES:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None


def safe_name(text: str) -> str:
    """`text` as the name of one folder on any system: no separators, no control signs, no leading dot, not too long."""
    kept = "".join(
        " " if sign.isspace() else "-" if sign in '/\\:*?"<>|' else sign
        for sign in unicodedata.normalize("NFC", text)
        if sign.isspace() or unicodedata.category(sign)[0] != "C"
    )
    name = " ".join(kept.split()).strip(". ")[:_LONGEST]
    while len(name.encode()) > 2 * _LONGEST:
        name = name[:-1]
    name = name.strip(". ")
    if not name or name.startswith("~$"):
        return f"submission {name}".strip()
    return f"{name}-" if name.casefold().split(".")[0] in _RESERVED else name


def unique_names(texts: Iterable[str]) -> list[str]:
    """A safe name for each text, no two alike even where case does not count."""
    names: list[str] = []
    taken: set[str] = set()
    for text in texts:
        name = base = safe_name(text)
        number = 2
        while name.casefold() in taken:
            name, number = f"{base} ({number})", number + 1
        taken.add(name.casefold())
        names.append(name)
    return names
