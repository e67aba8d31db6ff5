"""What a teacher can choose for a run."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_cache_path

from grader.records import BudgetChoices, Effort, LimitChoices
from grader.sandbox.contract import Limits, ProviderChoice

_CPU_PER_WALL = 4
"""Processor seconds for each second of wall time, where a rubric or a teacher chose the wall time alone."""
_FIELDS = {
    "wall": "wall_seconds",
    "cpu": "cpu_seconds",
    "memory": "memory_bytes",
    "processes": "processes",
    "file_size": "file_bytes",
    "scratch": "scratch_bytes",
    "files": "scratch_files",
    "open_files": "open_files",
    "output": "output_bytes",
}
"""A limit as a rubric names it -> the field of `Limits`."""


def default_cache() -> Path:
    """`LABGRADE_CACHE`, else the user's cache folder of this platform."""
    chosen = os.environ.get("LABGRADE_CACHE")
    return Path(chosen) if chosen else user_cache_path("labgrade", appauthor=False)


def effective_limits(*choices: LimitChoices) -> Limits:
    """The limits in force: of `choices` a later one stands above those before it, and all above the defaults."""
    chosen = {name: value for choice in choices for name, value in choice if value is not None}
    if "wall" in chosen and "cpu" not in chosen:
        # A training in the sandbox keeps several processors busy.
        chosen["cpu"] = chosen["wall"] * _CPU_PER_WALL
    if "cpu" in chosen:
        chosen["cpu"] = math.ceil(chosen["cpu"])
    return Limits(**{_FIELDS[name]: value for name, value in chosen.items()})


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
    limits: LimitChoices = field(default_factory=LimitChoices)
    """Chosen on the command line; they stand above the rubric's."""
    budget: BudgetChoices = field(default_factory=BudgetChoices)
    """What trainings may cost, chosen on the command line; it stands above the rubric's."""
    threads: int = 2
    fresh: bool = False
    """Record again even if nothing changed. Trainings are still shared."""
    saved_only: bool = False
    """Judge by the saved outputs: the submission's code is not run."""
