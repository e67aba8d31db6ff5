"""The whole examination, in the order in which it is shown."""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path

from grader import __version__
from grader.doctor import machine
from grader.doctor.confinement import confinement
from grader.doctor.finding import Examination
from grader.sandbox.contract import ProviderChoice


def examination(folder: Path | None, cache: Path, progress: Callable[[str], None]) -> Examination:
    """What works here; takes some ten seconds. `folder` holds data sets, `cache` is labgrade's own folder."""
    chosen, confined = confinement(progress)
    progress("Looking at device, data sets and reports")
    provider: ProviderChoice = "auto" if chosen else "unconfined"
    findings = (
        *confined,
        machine.versions(),
        machine.device(provider),
        *machine.datasets(folder, cache),
        machine.pdf(),
        machine.storage(cache),
        machine.memory(),
    )
    system = f"{platform.system()} {platform.release()} on {platform.machine()}"
    return Examination(labgrade=__version__, platform=system, confined_by=chosen, findings=findings)
