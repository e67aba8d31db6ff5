"""All readers: those in this folder, and those that installed packages bring."""

from __future__ import annotations

from functools import cache

import grader.formats
from grader.errors import UserError
from grader.extensions import built_in_extensions, installed_extensions
from grader.formats.reader import Reader

GROUP = "labgrade.formats"


@cache
def readers() -> tuple[Reader, ...]:
    """Every reader, by rank. Raises `UserError` when two of them claim the same ending."""
    found = [
        *built_in_extensions(grader.formats, "READER", Reader),
    ]
    found += installed_extensions(GROUP, Reader)
    owners: dict[str, Reader] = {}
    for reader in found:
        for suffix in reader.suffixes:
            other = owners.setdefault(suffix, reader)
            if other is not reader:
                raise UserError(f"Two readers claim {suffix}: {other.name} and {reader.name}. Remove one's package.")
    return tuple(sorted(found, key=lambda reader: (reader.rank, reader.name)))


def reader_of(name: str) -> Reader | None:
    """The reader for the file called `name`: the one with the longest ending that fits; `None` for what is not read."""
    fitting = [
        (len(suffix), reader) for reader in readers() for suffix in reader.suffixes if name.lower().endswith(suffix)
    ]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def reader_by_beginning(data: bytes) -> Reader | None:
    """The reader for a file of another name that begins as one of its type does."""
    start = data[:65_536].lstrip()
    return next((reader for reader in readers() if reader.begins and start.startswith(reader.begins)), None)


def suffixes(*forms: str) -> str:
    """The usual endings of what is read in these forms, as a list in a sentence."""
    return ", ".join(reader.suffixes[0] for reader in readers() if reader.form in forms)
