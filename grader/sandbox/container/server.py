"""What gives out runs where a container confines: each run is a container of its own, the trainer a process here."""

from __future__ import annotations

import json
import os
import secrets
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol

from grader.errors import SandboxUnavailableError
from grader.sandbox.container.arguments import run_arguments
from grader.sandbox.container.engine import Engine, found_engine
from grader.sandbox.container.image import image_tag
from grader.sandbox.container.run import ContainerProcess
from grader.sandbox.container.trainer import LocalTrainer
from grader.sandbox.contract import Limits, Provider
from grader.sandbox.frames import Caps
from grader.sandbox.preload import PRELOAD


class _Closing(Protocol):
    def close(self) -> None: ...


class ContainerServer:
    """Gives out student runs in containers and trainers, as `grader.sandbox.warm.WarmServer` does by forking."""

    provider: Provider = "container"

    def __init__(
        self,
        student: str = "grader.recorder.probe.main:main",
        trainer: str = "grader.training.worker:main",
        preload: Sequence[str] = PRELOAD,
        search_path: Sequence[Path] = (),
        caps: Caps | None = None,
    ) -> None:
        """As for the warm server; `search_path` is for the trainer alone, as containers import from their image."""
        self._student, self._trainer, self._preload, self._caps = student, trainer, list(preload), caps
        self._search_path = search_path
        self._engine: Engine | None = None
        self._given: weakref.WeakSet[_Closing] = weakref.WeakSet()

    def __enter__(self) -> ContainerServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Nothing is started ahead of its use."""

    @property
    def refusals(self) -> dict[str, str]:
        """Nothing was tried in vain before this provider."""
        return {}

    def student(self, limits: Limits | None = None, threads: int = 2) -> ContainerProcess:
        """A new run of the student entry function; student code runs when this returns.

        Raises SandboxUnavailableError where there is no engine or no image, or a layer of confinement is missing.
        """
        limits, engine = limits or Limits(), self._ready()
        name = f"labgrade-{os.getpid()}-{secrets.token_hex(4)}"
        arguments = run_arguments(image_tag(), name, limits, threads, engine.is_podman)
        job = {"kind": "job", "student": self._student, "preload": self._preload}
        encoded = json.dumps({**job, "limits": limits.as_json(), "threads": threads}).encode()
        caps = (self._caps or Caps()).within(limits.memory_bytes)
        run = ContainerProcess(engine, name, arguments, encoded, limits, caps)
        self._given.add(run)
        run.await_running()
        return run

    def trainer(
        self, environment: Mapping[str, str | None] | None = None, memory_bytes: int | None = None
    ) -> LocalTrainer:
        """A new process on this machine that runs the trainer entry function, unconfined.

        `environment` is set there first (None removes a variable). A limit of memory is not to be had on every system
        and is left to the trainer's own budget.
        """
        trainer = LocalTrainer(self._trainer, environment or {}, self._search_path, self._caps)
        self._given.add(trainer)
        return trainer

    def close(self) -> None:
        """End every run and trainer that was given out."""
        for handle in list(self._given):
            handle.close()
        self._given.clear()

    def _ready(self) -> Engine:
        if self._engine is None:
            refusal = container_refusal()
            if refusal is not None:
                raise SandboxUnavailableError(f"Student code cannot be confined in a container: {refusal}")
            self._engine = found_engine()
        assert self._engine is not None
        return self._engine


def container_refusal() -> str | None:
    """Why no container can be had here, and what to do; `None` when one can."""
    engine = found_engine()
    if engine is None:
        return "neither docker nor podman is installed; install Docker Desktop or podman."
    refusal = engine.refusal()
    if refusal is not None:
        return f"{refusal}."
    if not engine.has_image(image_tag()):
        return f"the image {image_tag()} is not built; run `labgrade doctor --build-image` once (some 2 GB)."
    return None
