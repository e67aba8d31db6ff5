"""What a teacher can choose for a run."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_cache_path

from grader.records.result import Effort
from grader.sandbox.contract import Limits, ProviderChoice


def default_cache() -> Path:
    """`LABGRADE_CACHE`, else the user's cache folder of this platform."""
    chosen = os.environ.get("LABGRADE_CACHE")
    return Path(chosen) if chosen else user_cache_path("labgrade", appauthor=False)


def default_data() -> Path | None:
    """`LABGRADE_DATA`, if set."""
    chosen = os.environ.get("LABGRADE_DATA")
    return Path(chosen) if chosen else None


@dataclass(frozen=True)
class Options:
    """Choices of one run."""

    rubric: str | None = None
    """Name of a rubric, or path to its folder; `None` finds it."""
    out: Path = Path("reports")
    effort: Effort | None = None
    """`None`: full on a GPU, else quick."""
    data: Path | None = None
    """Folder with data sets as npz."""
    cache: Path = field(default_factory=default_cache)
    provider: ProviderChoice = "auto"
    limits: Limits = field(default_factory=Limits)
    threads: int = 2
    fresh: bool = False
    """Record again even if nothing changed. Trainings are still shared."""
