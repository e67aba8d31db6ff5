"""The image that student code runs in: Python, the libraries in this environment's versions, and labgrade's own probe.

Its tag is a digest of everything in it, so that another version of labgrade or of a library asks for another image.
No rubric, no solution and no part of labgrade that judges is in it.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import grader
from grader.sandbox.container.engine import Engine

_NAME = "labgrade-sandbox"
_PACKAGES = (
    *("tensorflow", "keras", "numpy", "scipy", "pandas", "matplotlib", "seaborn", "scikit-learn"),
    *("ipython", "h5py", "pillow"),
)
_CODE = ("__init__.py", "sandbox", "recorder/__init__.py", "recorder/probe")
_DOCKERFILE = """\
FROM docker.io/library/python:{python}-slim
RUN apt-get update && apt-get install -y --no-install-recommends libseccomp2 && rm -rf /var/lib/apt/lists/*
COPY requirements.txt /opt/labgrade/requirements.txt
RUN python -m pip install --no-cache-dir -r /opt/labgrade/requirements.txt
RUN mkdir -p /scratch
COPY grader /opt/labgrade/grader
ENV PYTHONPATH=/opt/labgrade
"""


@cache
def image_tag() -> str:
    """`labgrade-sandbox:` and a digest of the image's content."""
    digest = hashlib.sha256()
    for name, data in sorted(_content().items()):
        digest.update(hashlib.sha256(name.encode()).digest() + hashlib.sha256(data).digest())
    return f"{_NAME}:{digest.hexdigest()[:16]}"


def build_image(engine: Engine) -> str | None:
    """Build the image: downloads Python and TensorFlow, shows its progress. Why that failed, or `None`."""
    with tempfile.TemporaryDirectory(prefix="labgrade-image-") as folder:
        for name, data in _content().items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        command = [engine.program, "build", "--tag", image_tag(), folder]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
        except OSError as error:
            return f"{engine.name} cannot be run: {error.strerror or error}"
    return None if done.returncode == 0 else f"{engine.name} build ended with exit code {done.returncode}"


def _content() -> dict[str, bytes]:
    """The build context: path -> bytes."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    package = Path(grader.__file__).parent
    content = {
        "Dockerfile": _DOCKERFILE.format(python=python).encode(),
        "requirements.txt": "".join(f"{line}\n" for line in _requirements()).encode(),
    }
    for name in _CODE:
        place = package / name
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            content[f"grader/{path.relative_to(package).as_posix()}"] = path.read_bytes()
    return content


def _requirements() -> list[str]:
    """The libraries of this environment that student code may use, each in its version."""
    found = []
    for package in _PACKAGES:
        try:
            found.append(f"{package}=={version(package)}")
        except PackageNotFoundError:
            continue
    return found
