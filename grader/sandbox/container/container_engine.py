"""The container engine, Docker or podman, through its command line: the image, and the arguments of one container.

The image holds Python, the libraries in this environment's versions, and labgrade's own sandbox and probe; no rubric,
no solution and no part of labgrade that judges. Its tag is a digest of everything in it, so that another version of
labgrade or of a library asks for another image. A container is closed in every way that can be closed, and has every
limit that can be set.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import grader
from grader.errors import UserError
from grader.sandbox.contract import Limits
from grader.sandbox.environment import FIXED

_ENGINES = ("docker", "podman")
_CHOSEN = "LABGRADE_CONTAINER_ENGINE"
"""Environment variable with the engine's name or path, where it is not to be found by itself."""
_ANSWER_SECONDS = 30.0
"""A virtual machine of Docker Desktop or podman that has gone to sleep takes some seconds to wake."""

LABEL = "labgrade.sandbox"
USER = 65_532
"""User and group inside: no account of the image."""

_LIBRARIES_BYTES = 2 << 30
"""What the imported libraries take, beside what a limit counts."""
_OWN_PROCESSES = 16
"""The first process and its threads that relay, beside what a limit counts."""

_PLACES = {"HOME": "/scratch", "KERAS_HOME": "/tmp/keras", "MPLCONFIGDIR": "/tmp/matplotlib"}
_NAME = "labgrade-sandbox"
_PACKAGES = (
    *("tensorflow", "keras", "numpy", "scipy", "pandas", "matplotlib", "seaborn", "scikit-learn"),
    *("ipython", "h5py", "pillow", "msgspec"),
)
_CODE = ("__init__.py", "sandbox", "facts", "probe")
_DOCKERFILE = """\
FROM docker.io/library/python:{python}-slim
RUN apt-get update && apt-get install -y --no-install-recommends libseccomp2 && rm -rf /var/lib/apt/lists/*
COPY requirements.txt /opt/labgrade/requirements.txt
RUN python -m pip install --no-cache-dir -r /opt/labgrade/requirements.txt
RUN mkdir -p /scratch
COPY grader /opt/labgrade/grader
ENV PYTHONPATH=/opt/labgrade
"""


@dataclass(frozen=True)
class Engine:
    """One engine's command line."""

    program: str
    """Absolute path."""

    @property
    def name(self) -> str:
        """`docker`, `podman` or what the program is called."""
        return Path(self.program).stem

    @property
    def is_podman(self) -> bool:
        """Whether it takes podman's options."""
        return "podman" in self.name

    def refusal(self) -> str | None:
        """Why the engine does not work here; `None` when it does."""
        try:
            done = self._ask("info")
        except subprocess.TimeoutExpired:
            return f"{self.name} does not answer: start Docker Desktop, or the podman machine"
        except OSError as error:
            return f"{self.name} cannot be run: {error.strerror or error}"
        if done.returncode or "cannot connect" in done.stderr.lower():
            said = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "no reason given")
            return f"{self.name} does not work ({said.strip()[:200]}): start Docker Desktop, or the podman machine"
        return None

    def has_image(self, tag: str) -> bool:
        """Whether the image `tag` is here."""
        try:
            return self._ask("image", "inspect", tag).returncode == 0
        except (OSError, subprocess.TimeoutExpired):
            return False

    def containers(self, label: str) -> list[str]:
        """Ids of containers with `label`, running or not. Raises UserError when the engine does not say."""
        try:
            done = self._ask("ps", "--all", "--quiet", "--no-trunc", "--filter", f"label={label}")
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UserError(f"{self.name} does not answer") from error
        return done.stdout.split()

    def remove(self, container: str) -> None:
        """End and remove `container`; of no effect when it is gone."""
        try:
            self._ask("rm", "--force", container)
        except (OSError, subprocess.TimeoutExpired):
            return

    def start(self, arguments: Sequence[str], errors: int) -> subprocess.Popen[bytes]:
        """Run the engine with `arguments`, with pipes as standard input and output and `errors` for its complaints."""
        return subprocess.Popen(
            [self.program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=os.name == "posix",
        )

    def _ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_ANSWER_SECONDS,
        )


def find_engine() -> Engine | None:
    """The engine that `LABGRADE_CONTAINER_ENGINE` names, else docker or podman where one is installed."""
    chosen = os.environ.get(_CHOSEN)
    for name in (chosen,) if chosen else _ENGINES:
        program = shutil.which(name)
        if program is not None:
            return Engine(str(Path(program).absolute()))
    return None


def run_arguments(image: str, name: str, limits: Limits, threads: int, podman: bool) -> list[str]:
    """Arguments of `docker run` or `podman run` for one submission.

    Options as of docker-run(1) and podman-run(1). No engine's defaults are relied on for what keeps it closed;
    `grader.sandbox.container.inside` checks from inside that they had their effect.
    """
    memory = limits.memory_bytes + _LIBRARIES_BYTES
    # Where a container may use swap, its memory would not end where the limit says.
    closed = [
        *("--rm", "--interactive", "--pull=never", "--log-driver=none", f"--name={name}", f"--label={LABEL}=1"),
        *("--network=none", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--ipc=private"),
        *(f"--user={USER}:{USER}", "--hostname=sandbox", "--workdir=/scratch", "--entrypoint=python"),
        *(f"--pids-limit={limits.processes + _OWN_PROCESSES}", f"--cpus={threads}"),
        *(f"--memory={memory}b", f"--memory-swap={memory}b", f"--shm-size={limits.scratch_bytes}b"),
        *(f"--ulimit=nofile={limits.open_files}:{limits.open_files}", "--ulimit=core=0:0"),
        *(f"--tmpfs={place}:{_scratch_options(limits, podman)}" for place in ("/scratch", "/tmp")),
    ]
    if podman:
        # Its other writable places have no size.
        closed.append("--read-only-tmpfs=false")
    environment = {**FIXED, **_PLACES, "OMP_NUM_THREADS": str(threads)}
    variables = [f"--env={key}={value}" for key, value in environment.items()]
    return ["run", *closed, *variables, image, "-P", "-m", "grader.sandbox.container.inside"]


def _scratch_options(limits: Limits, podman: bool) -> str:
    # Podman refuses the option; the files' number is then bounded by the container's memory alone.
    inodes = "" if podman else f",nr_inodes={limits.scratch_files}"
    return f"rw,nosuid,nodev,size={limits.scratch_bytes}{inodes},mode=1777"


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
