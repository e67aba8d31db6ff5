"""What a learning platform says in the names of a bulk download's files and folders."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from grader.classes.downloads.times import read_time

_CANVAS = re.compile(
    # a group may be called `group_1`; Canvas takes numbers between underscores out of a name, but not at its end
    r"(?P<name>[^/]{1,200}?(?:_\d{1,3}(?=(?:_LATE)?_\d{4,18}_\d{4,18}_))?)"
    r"_(?:(?P<late>LATE)_)?(?P<user>\d{1,18})_(?:(?P<file>\d{1,18})_(?P<rest>.+)|(?P<page>(?:text|link)\.html))"
)
_CANVAS_ANONYMOUS = re.compile(
    r"(?:(?P<late>LATE)_)?anon_(?P<user>[A-Za-z0-9]{5})_(?:(?P<file>\d{1,18})_(?P<rest>.+)|(?P<page>(?:text|link)\.html))"
)
_MOODLE = re.compile(
    r"(?P<name>[^/]{1,300}?)(?:_(?P<participant>\d{1,18}))?_assignsubmission_(?:file|onlinetext)(?:_(?P<rest>.*))?"
)
_BRIGHTSPACE = re.compile(
    r"(?P<user>\d{1,18})-(?P<item>\d{1,18})\s+-\s+(?P<name>.{1,200}?)\s+-\s+"
    r"(?P<date>(?=[^-]{0,56}\b(?:19|20)\d\d\b)[^-]{4,60}?)(?:\s+-\s+(?P<rest>.+))?"
)


@dataclass(frozen=True)
class Upload:
    """What the name of one file or folder of a bulk download says."""

    source: str
    name: str
    user: str
    """What tells whoever handed it in from all others of the download."""
    number: str = ""
    """The platform's own number of the student (Canvas' user id, Moodle's participant); empty where it gives none."""
    rest: str = ""
    """The file's own name, where it is in there."""
    late: bool = False
    submitted: datetime | None = None


def upload_of(name: str, is_file: bool) -> Upload | None:
    """What `name` says, if it is one that a platform gives to a file or folder; else `None`."""
    return moodle_upload(name) or brightspace_upload(name) or (canvas_upload(name) if is_file else None)


def canvas_upload(name: str) -> Upload | None:
    """`{name}[_LATE]_{userid}_{fileid}_{file}`, as Canvas names files in `submissions.zip`.

    `lib/content_zipper.rb` of https://github.com/instructure/canvas-lms: the name is the sortable name (or a group's)
    in small letters without anything but letters, digits and underscores; text typed online is
    `{name}_{userid}_text.html`, a link `..._link.html`; an anonymous student is `anon_{five signs}`.
    """
    found = _CANVAS_ANONYMOUS.fullmatch(name)
    if found is not None:
        known = f"anon_{found['user']}", found["user"], ""
    else:
        found = _CANVAS.fullmatch(name)
        if found is None:
            return None
        known = found["name"], found["user"], found["user"]
    rest = found["rest"] or found["page"]
    return Upload("canvas", *known, rest=rest, late=found["late"] is not None)


def moodle_upload(name: str) -> Upload | None:
    """`{Full name}_{participantid}_assignsubmission_file[_]`, a folder; or a file with its own name behind.

    `mod/assign/classes/downloader.php` (before 4.1 `locallib.php`) of https://github.com/moodle/moodle. Where groups
    hand in, versions before 4.1 write `{Group}-{Full name}_{participantid}`, newer ones `{Group}_{groupid}` or, for
    those without a group, `{Default group}` alone: the number may thus be a group's.
    """
    found = _MOODLE.fullmatch(name)
    if found is None:
        return None
    number = found["participant"] or ""
    return Upload("moodle", found["name"], number or found["name"], number, found["rest"] or "")


def brightspace_upload(name: str) -> Upload | None:
    """`{id}-{id} - {Name} - {date}`, a folder; or a file with its own name behind.

    The form that Brightspace documents under "Download all submissions"; its date has no colon: `Mar 1, 2026 1159 PM`.
    Neither number is the `OrgDefinedId` of the grade book, and both may be the same for a whole class.
    """
    found = _BRIGHTSPACE.fullmatch(name)
    if found is None:
        return None
    user, submitted = f"{found['user']}-{found['item']}", read_time(found["date"])
    return Upload("brightspace", found["name"], user, rest=found["rest"] or "", submitted=submitted)
