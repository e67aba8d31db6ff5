"""Two versions of one notebook or script in a hand-in: which of them is the group's answer.

Both would be run one after the other, and the draft's networks would stand beside the final ones. Kinship is told by
names first, since notebooks for two tasks of a lab share most of their code: only names that differ in a mark that
programs and people give to versions (`lab-Copy1`, `lab (2)`, `lab_v3`, `old/lab`) are of one file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

_SHARED = 0.5
"""Share of the shorter version's lines that stand in the longer one too. A draft is mostly kept in what it became; two
tasks under kindred names share imports and loading, a quarter of their lines."""
_EMPTIER = 0.7
"""A version that is newer by its name and has less than this share of the other's content was hardly meant: a new
notebook that was begun and left."""
_FULLER = 1.1
"""Ratio of contents from which one version is fuller; below it the two differ in a value or a word."""
_MARK = re.compile(
    r"""[\s_.-]*(?:
        \((?P<count>\d{1,2})\) | (?:copy|kopia|kopie|copie|copia)(?:[\s_-]*(?:of|av|von)\b)?[\s_-]*\(?\d{0,2}\)?
        | (?:v|ver|version)[\s_.-]?(?P<number>\d{1,3}) | (?P<newer>final|new|latest|ny|slutlig)
        | (?P<older>old|backup|draft|gammal|utkast|checkpoint)
    )(?![^\W_])""",
    re.IGNORECASE | re.VERBOSE,
)
"""What a name has in addition where it is a version's: after a sign or at the beginning, never within a word."""

_NETWORK = re.compile(r"(?:net|inception|xception|yolo|bert)[\s_.-]*$")
"""Before a number it makes the name of a network: MobileNet v2 and v3 are two networks, not two versions."""


@dataclass(frozen=True)
class Version:
    """What tells one version from another."""

    file: str
    lines: Sequence[str]
    """Its code, without blanks and comments."""
    words: int
    """Of its prose."""
    outputs: int
    """Cells with saved outputs."""

    @property
    def size(self) -> float:
        """How much it says: lines of code, and a line of prose for eight words."""
        return len(self.lines) + self.words / 8


def are_versions(one: Version, other: Version) -> bool:
    """Whether two files are versions of one: by their names, and as one holds most of the other's code."""
    if one.file == other.file or _root(one.file) != _root(other.file):
        return False
    shorter, longer = sorted((one.lines, other.lines), key=len)
    known = set(longer)
    return bool(shorter) and sum(line in known for line in shorter) >= _SHARED * len(shorter)


def preferred(one: Version, other: Version) -> tuple[Version, str]:
    """The version that counts, and why, as the end of a sentence."""
    older, newer = sorted((one, other), key=lambda version: _age(version.file))
    if _age(older.file) != _age(newer.file) and newer.size >= _EMPTIER * older.size:
        return newer, "is the newer by its name"
    emptier, fuller = sorted((one, other), key=lambda version: version.size)
    if fuller.size > _FULLER * emptier.size:
        return fuller, "is the fuller"
    bare, shown = sorted((one, other), key=lambda version: version.outputs)
    if shown.outputs > bare.outputs:
        return shown, "has more saved outputs"
    return min(one, other, key=lambda version: (len(version.file), version.file)), "has the plain name"


def _root(file: str) -> str:
    """The path without marks of versions."""
    path = PurePosixPath(file.casefold())
    parts = [*path.parts[:-1], path.name.partition(".")[0] if path.name.count(".") == 1 else path.name]
    plain = [_bare(part) for part in parts]
    return "/".join(part for part in plain if part)


def _bare(part: str) -> str:
    """A name without the marks that stand at its beginning or after a sign."""
    found = _MARK.sub(lambda mark: "" if _is_mark(mark, part) else mark[0], part)
    return found.strip(" _.-")


def _is_mark(mark: re.Match[str], part: str) -> bool:
    if mark["number"] and _NETWORK.search(part[: mark.start()]):
        return False
    return mark.start() == 0 or mark[0][0] in " _.-("


def _age(file: str) -> tuple[int, int]:
    """Grows with what a name says of its version; equal for names that say nothing of it."""
    marks = [mark for part in PurePosixPath(file.casefold()).parts for mark in _MARK.finditer(part)]
    rank = sum((mark["newer"] is not None) - (mark["older"] is not None) for mark in marks)
    numbers = [int(mark["number"]) for mark in marks if mark["number"]]
    return rank, max(numbers, default=0)
