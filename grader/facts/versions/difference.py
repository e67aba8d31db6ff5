"""One row of the table of versions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """One thing that an older version of a library wrote otherwise, or meant otherwise."""

    key: str
    """The old form, as people write it: its short name in the report."""
    now: str
    """What is made of it, as a sentence for the teacher; of what is lost, what there was."""
    since: str
    """The version that changed it."""
    error: str = ""
    """Of what is lost: a pattern of what today's libraries say of it, `Error: message`; empty where it is shimmed."""

    @property
    def lost(self) -> bool:
        """Whether nothing today means the same."""
        return bool(self.error)
