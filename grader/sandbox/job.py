"""One student run, as the server hands it to a supervisor."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from grader.sandbox.contract import Limits, Provider
from grader.sandbox.frames import Channel

Entry = Callable[[Channel], object]


@dataclass(frozen=True)
class Job:
    """What to run, within which limits, and where it talks."""

    entry: Entry
    limits: Limits
    threads: int
    provider: Provider
    slot: int
    """Tells concurrent runs apart: each gets a user id of its own where labgrade runs as root."""
    channel: int
    """Descriptor of the stream socket for frames."""
    output: int
    """Descriptor of the pipe for what the run writes to descriptors 1 and 2."""

    def close(self) -> None:
        """Close this process's copies of the descriptors."""
        os.close(self.channel)
        os.close(self.output)


def entry_function(name: str) -> Entry:
    """The function that `module:function` names. Imports the module."""
    module, _, function = name.partition(":")
    found: Entry = getattr(import_module(module), function)
    return found
