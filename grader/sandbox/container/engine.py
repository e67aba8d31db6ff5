"""The container engine: Docker or podman, through their command lines."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.errors import UserError

_ENGINES = ("docker", "podman")
_CHOSEN = "LABGRADE_CONTAINER_ENGINE"
"""Environment variable with the engine's name or path, where it is not to be found by itself."""
_ANSWER_SECONDS = 30.0


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
            done = self._asked("info")
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
            return self._asked("image", "inspect", tag).returncode == 0
        except (OSError, subprocess.TimeoutExpired):
            return False

    def containers(self, label: str) -> list[str]:
        """Ids of containers with `label`, running or not. Raises UserError when the engine does not say."""
        try:
            done = self._asked("ps", "--all", "--quiet", "--no-trunc", "--filter", f"label={label}")
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UserError(f"{self.name} does not answer") from error
        return done.stdout.split()

    def remove(self, container: str) -> None:
        """End and remove `container`; of no effect when it is gone."""
        try:
            self._asked("rm", "--force", container)
        except (OSError, subprocess.TimeoutExpired):
            return

    def started(self, arguments: Sequence[str], errors: int) -> subprocess.Popen[bytes]:
        """The engine run with `arguments`, with pipes as standard input and output and `errors` for its complaints."""
        return subprocess.Popen(
            [self.program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=os.name == "posix",
        )

    def _asked(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_ANSWER_SECONDS,
        )


def found_engine() -> Engine | None:
    """The engine that `LABGRADE_CONTAINER_ENGINE` names, else docker or podman where one is installed."""
    chosen = os.environ.get(_CHOSEN)
    for name in (chosen,) if chosen else _ENGINES:
        program = shutil.which(name)
        if program is not None:
            return Engine(str(Path(program).absolute()))
    return None
