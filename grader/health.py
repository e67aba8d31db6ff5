"""What grading rests on, tried for real on this machine: confinement, device, libraries, data sets, PDF, room.

Nothing is believed from version numbers or the presence of a file: each provider of confinement runs a program that
attacks it, a GPU counts when TensorFlow sees it, a PDF is made. Each finding says what is wrong and how to mend it.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Literal

import psutil

from grader import __version__
from grader.datasets.sources import load_dataset
from grader.errors import LabgradeError, UserError
from grader.facts.datasets import CIFAR10, MNIST
from grader.facts.status import STATUSES
from grader.records import Record
from grader.reports.printing import PdfLibrariesError, tagged_pdf
from grader.sandbox.choice import SandboxServer
from grader.sandbox.contract import Limits, ProviderChoice
from grader.sandbox.probing.providers import LAYERS, PROVIDERS, Examined, advice, examine
from grader.training.service import library_versions

_NVIDIA = Path("/dev/nvidia0")
"""Where the kernel's driver shows the first GPU; TensorFlow, which takes seconds to load, is asked only then."""
_GIB = 1 << 30
_TRAINER_SECONDS = 180.0
"""For TensorFlow to load and say its device: a first load from a cold disk takes a minute and more."""
_DATASETS = (MNIST, CIFAR10)
_LEAST_MEMORY = 3 * _GIB
"""TensorFlow and one submission."""
_LEAST_DISK = 2 * _GIB
_SIGNS = "".join(known.sign for known in STATUSES.values())
_SMALL_PAGE = f"<html lang='en'><head><title>Test</title></head><body><p>Test {_SIGNS}</p></body></html>"
"""Holds the status shapes, which are missing where the fonts are."""

Status = Literal["works", "limited", "missing"]


class Finding(Record):
    """What was found about one thing, and how to mend it."""

    area: Literal["confinement", "layers", "device", "data", "reports", "versions", "storage", "memory"]
    name: str
    status: Status
    """`limited`: labgrade works without it, less well."""
    says: str
    """One sentence or less, with numbers where there are any."""
    mend: tuple[str, ...] = ()
    """What to do, a sentence each."""


class Examination(Record):
    """Everything that `labgrade doctor` found."""

    version: Literal[1] = 1
    labgrade: str
    platform: str
    """Operating system, kernel and processor."""
    confined_by: str | None
    """The provider that `auto` takes here; `None` when student code cannot be confined."""
    findings: tuple[Finding, ...]

    @property
    def ready(self) -> bool:
        """Whether a submission can be graded, confined."""
        return self.confined_by is not None


# Confinement


def confinement(progress: Callable[[str], None]) -> tuple[str | None, tuple[Finding, ...]]:
    """The provider that `auto` takes here, and what was found about each; `progress` hears which is being tried."""
    findings: list[Finding] = []
    tried: list[Examined] = []
    for provider in PROVIDERS:
        progress(f"Trying {provider}")
        tried.append(examine(provider))
    chosen = next((one.provider for one in tried if one.refusal is None), None)
    for one in tried:
        findings.append(_provider(one, one.provider == chosen, chosen is not None))
        findings += _layers(one)
    # A provider that starts and leaks is a fault of labgrade: nothing may be graded until somebody has looked at it.
    leaking = any(one.provider == chosen and not one.confines for one in tried)
    return (None if leaking else chosen), tuple(findings)


def _provider(one: Examined, chosen: bool, another: bool) -> Finding:
    """What was found about a provider; `another` says whether any provider can be used here."""
    if one.refusal is not None:
        status = "limited" if another else "missing"
        return _finding(one, status, f"not available: {_short(one.refusal)}", advice(one.provider, one.refusal))
    if one.broken:
        mend = ("Do not grade with it, and report this to labgrade's authors.",)
        return _finding(one, "missing", f"leaks: {', '.join(sorted(one.broken))}", mend)
    says = f"all {len(LAYERS)} layers hold" + ("; taken by auto" if chosen else "")
    if not one.programs:
        return _finding(one, "works", f"{says}; shell commands in cells fail", ())
    return _finding(one, "works", says, ())


def _finding(one: Examined, status: str, says: str, mend: tuple[str, ...]) -> Finding:
    return Finding.model_validate(
        {"area": "confinement", "name": one.provider, "status": status, "says": says, "mend": mend}
    )


def _layers(one: Examined) -> list[Finding]:
    if one.refusal is not None:
        return []
    return [
        Finding(
            area="layers",
            name=f"{one.provider}: {layer}",
            status="missing" if layer in one.broken else "works",
            says=one.broken.get(layer, promise),
        )
        for layer, promise in LAYERS.items()
    ]


def _short(refusal: str) -> str:
    """The reason without what the doctor's reader knows."""
    text = refusal.removeprefix("Student code cannot be confined on this machine (").partition("). To run it")[0]
    text = text.removeprefix("Student code cannot be confined in a container: ")
    return text.removeprefix("Student code was not run, as it could not be confined ").strip("(). ")


# Everything else


def versions() -> Finding:
    """Python and the libraries that decide a training's numbers."""
    found = [f"Python {platform.python_version()}", *(f"{name} {version}" for name, version in library_versions())]
    absent = [name for name, version in library_versions() if version == "absent"]
    status = "missing" if absent or sys.version_info < (3, 11) else "works"
    mend = ("Install labgrade with its dependencies, in Python 3.11 or newer.",) if status == "missing" else ()
    return Finding(area="versions", name="libraries", status=status, says=", ".join(found), mend=mend)


def device(provider: ProviderChoice) -> Finding:
    """The device that trainings run on; TensorFlow is asked only where there is a GPU at all."""
    cores = os.cpu_count() or 1
    cpu = f"CPU with {cores} core{'s' if cores > 1 else ''}"
    if not _NVIDIA.exists():
        quick = "trainings see a tenth of the rows unless --effort full is given"
        return Finding(area="device", name="device", status="works", says=f"{cpu}, no NVIDIA GPU: {quick}")
    try:
        with SandboxServer(provider) as server:
            trainer = server.trainer({"CUDA_VISIBLE_DEVICES": None})
            name = str(trainer.channel.receive(_TRAINER_SECONDS)[0].get("device", "cpu"))
            trainer.close()
    except (LabgradeError, EOFError, OSError) as error:
        name = f"cpu ({type(error).__name__})"
    if name.startswith("cpu"):
        mend = ("Install TensorFlow with its GPU libraries: pip install 'tensorflow[and-cuda]', and a recent driver.",)
        says = f"there is an NVIDIA GPU, but TensorFlow does not see it: trainings run on the {cpu}"
        return Finding(area="device", name="device", status="limited", says=says, mend=mend)
    return Finding(area="device", name="device", status="works", says=f"{name}; {cpu}")


def datasets(folder: Path | None, cache: Path) -> Iterator[Finding]:
    """Where each data set of the labs would come from now, without a download."""
    for name in _DATASETS:
        try:
            found = load_dataset(name, folder, cache, download=False)
        except UserError as error:
            yield Finding(area="data", name=name, status="missing", says=str(error))
            continue
        status = "limited" if found.standin else "works"
        mend = (f"Put {name}.npz into a folder and name it with --data or LABGRADE_DATA, or have a network.",)
        says = found.source.partition(": ")[2]
        yield Finding(area="data", name=name, status=status, says=says, mend=mend if found.standin else ())


def pdf() -> Finding:
    """Whether a PDF with labgrade's own fonts comes out."""
    try:
        size = len(tagged_pdf(_SMALL_PAGE, date(2024, 1, 1)))
    except PdfLibrariesError as error:
        return Finding(
            area="reports", name="PDF", status="limited", says="Pango is missing: HTML reports only", mend=(str(error),)
        )
    except Exception as error:  # whatever a damaged font or library raises is what the doctor is there to say
        says = f"a test page failed ({type(error).__name__}: {error})"
        return Finding(area="reports", name="PDF", status="limited", says=says[:300])
    return Finding(area="reports", name="PDF", status="works", says=f"a test page has {size // 1000} kB, fonts inside")


def storage(cache: Path) -> Finding:
    """The cache folder, its size, and the room beside it."""
    files = [path for path in cache.rglob("*") if path.is_file()] if cache.is_dir() else []
    size = sum(path.stat().st_size for path in files)
    place = next(folder for folder in (cache, *cache.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    says = f"{cache}: {size / 1e9:.2f} GB in {len(files):,} files, {free / 1e9:.0f} GB free"
    if not os.access(place, os.W_OK):
        mend = ("Choose another folder with --cache or LABGRADE_CACHE.",)
        return Finding(area="storage", name="cache", status="missing", says=f"{says}; cannot be written", mend=mend)
    if free < _LEAST_DISK:
        mend = ("Free some space, or move the cache with --cache or LABGRADE_CACHE; it may be deleted at any time.",)
        return Finding(area="storage", name="cache", status="limited", says=says, mend=mend)
    return Finding(area="storage", name="cache", status="works", says=says)


def memory() -> Finding:
    """Free memory beside what one submission may take."""
    free, limit = psutil.virtual_memory().available, Limits().memory_bytes
    says = f"{free / _GIB:.1f} GiB free; a submission may take {limit / _GIB:.0f} GiB"
    if free < _LEAST_MEMORY:
        mend = ("Close other programs; TensorFlow and one submission take some 3 GiB.",)
        return Finding(area="memory", name="memory", status="limited", says=says, mend=mend)
    if free < limit:
        mend = ("Set a lower limit, such as --memory 3GB, so that a greedy submission does not slow this machine.",)
        return Finding(area="memory", name="memory", status="limited", says=says, mend=mend)
    return Finding(area="memory", name="memory", status="works", says=says)


def examination(folder: Path | None, cache: Path, progress: Callable[[str], None]) -> Examination:
    """What works here, in the order in which it is shown; takes some ten seconds.

    `folder` holds data sets, `cache` is labgrade's own folder, `progress` hears what is being tried.
    """
    chosen, confined = confinement(progress)
    progress("Looking at device, data sets and reports")
    provider: ProviderChoice = "auto" if chosen else "unconfined"
    findings = (
        *confined,
        versions(),
        device(provider),
        *datasets(folder, cache),
        pdf(),
        storage(cache),
        memory(),
    )
    system = f"{platform.system()} {platform.release()} on {platform.machine()}"
    return Examination(labgrade=__version__, platform=system, confined_by=chosen, findings=findings)
