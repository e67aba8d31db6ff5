"""The roster of a class that was graded, kept beside its reports."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from grader.records.roster import Entry
from grader.reports.tables import write_whole

_FILE = Path(".labgrade") / "roster.json"


def write_roster(reports: Path, entries: Iterable[Entry]) -> None:
    """Keep who is in the class, without where the hand-ins lie."""
    kept = [entry.model_dump(mode="json", exclude={"path"}) for entry in entries]
    write_whole(reports / _FILE, (json.dumps({"version": 1, "entries": kept}, indent=1) + "\n").encode())


def known_roster(reports: Path) -> tuple[Entry, ...]:
    """The roster behind the reports in a folder; empty when they come from no class."""
    try:
        raw = json.loads((reports / _FILE).read_text(encoding="utf-8"))
        return tuple(Entry.model_validate({**item, "path": ""}) for item in raw["entries"])
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        return ()
