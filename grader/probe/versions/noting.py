"""How a shim says what it did: by the key of its row in the table of versions."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress

from grader.facts.versions.version_table import TABLE
from grader.probe.link import Link

Note = Callable[[str], None]
"""Says once, by the key of its row, what was done."""
Call = Callable[..., object]
Prepare = Callable[[list[object], dict[str, object]], None]
"""Changes the arguments of a call in place: those by place, without the object itself, and those by name."""


def note_of(link: Link) -> Note:
    """What notes a row for the recording."""

    def note(key: str) -> None:
        link.note("shim", key, TABLE[key].now)

    return note


def read_first(original: Call, prepare: Prepare, bound: bool = True) -> Call:
    """`original`, whose arguments `prepare` reads before it does; `bound` where the first is an object or class.

    It keeps its signature, which Keras looks at when a layer is made.
    """
    kept = 1 if bound else 0

    @functools.wraps(original)
    def call(*arguments: object, **more: object) -> object:
        places = list(arguments[kept:])
        prepare(places, more)
        return original(*arguments[:kept], *places, **more)

    with suppress(ValueError, TypeError):
        call.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]
    return call


def rename(more: dict[str, object], names: Mapping[str, str], note: Callable[[str], None]) -> None:
    """Give arguments their names of today; `note` is told the old ones. One that stands there under both is left."""
    for old in [name for name in more if name in names and names[name] not in more]:
        note(old)
        more[names[old]] = more.pop(old)
