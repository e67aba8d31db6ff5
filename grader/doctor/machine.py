"""Everything else that grading rests on: device, libraries, data sets, PDF, cache, memory."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psutil

from grader.datasets.sources import load_dataset
from grader.doctor.finding import Finding
from grader.errors import LabgradeError, UserError
from grader.reports.printing import PdfLibrariesError, tagged_pdf
from grader.sandbox.chosen import SandboxServer
from grader.sandbox.contract import Limits, ProviderChoice
from grader.training.service import library_versions

_NVIDIA = Path("/dev/nvidia0")
_GIB = 1 << 30
_TRAINER_SECONDS = 180.0
_DATASETS = ("mnist", "cifar10")
_LEAST_MEMORY = 3 * _GIB
_LEAST_DISK = 2 * _GIB
_SMALL_PAGE = "<html lang='en'><head><title>Test</title></head><body><p>Test ●◐○</p></body></html>"


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
