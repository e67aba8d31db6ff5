"""The sandbox in force: the warm server where Linux confines, a container elsewhere, whichever was chosen or works."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from types import TracebackType

from grader.errors import SandboxUnavailableError
from grader.sandbox.container.container_run import ContainerProcess, ContainerServer, container_refusal
from grader.sandbox.container.local_trainer import LocalTrainer
from grader.sandbox.contract import Limits, Provider, ProviderChoice
from grader.sandbox.processes import StudentProcess, TrainerProcess
from grader.sandbox.warm import WarmServer

logger = logging.getLogger(__name__)


class SandboxServer:
    """Gives out student runs and trainers, as a context manager. Thread-safe as the servers behind it are.

    `provider` `auto` takes namespaces, Landlock or a container, the first that works here; on macOS and Windows that
    is a container. Uses raise SandboxUnavailableError when none does.
    """

    def __init__(self, provider: ProviderChoice = "auto") -> None:
        self._choice = provider
        contained = provider == "container" or (provider == "auto" and sys.platform != "linux")
        self._server: WarmServer | ContainerServer = ContainerServer() if contained else WarmServer(provider=provider)

    def __enter__(self) -> SandboxServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Begin what can be begun without waiting for it."""
        self._server.start()

    @property
    def provider(self) -> Provider:
        """Which provider is in force. Waits until that is known."""
        return self._choose_server().provider

    def student(self, limits: Limits | None = None, threads: int = 2) -> StudentProcess | ContainerProcess:
        """A new run of student code, which runs when this returns; `threads` bounds TensorFlow's pools.

        A warm server that is not what it was is replaced before, with its trainers, unless another run is under way.
        """
        server = self._choose_server()
        if isinstance(server, WarmServer) and server.idle:
            changed = server.change()
            if changed is not None:
                logger.warning("the warm server is replaced: %s", changed)
                server.close()
        return server.student(limits, threads)

    def trainer(
        self, environment: Mapping[str, str | None] | None = None, memory_bytes: int | None = None
    ) -> TrainerProcess | LocalTrainer:
        """A new process for the trainer, with variables set or (None) removed."""
        return self._choose_server().trainer(environment, memory_bytes)

    def close(self) -> None:
        """End everything that was given out. May be called more than once."""
        self._server.close()

    def _choose_server(self) -> WarmServer | ContainerServer:
        """The server, after turning to a container where nothing else confines."""
        if isinstance(self._server, ContainerServer) or self._choice != "auto":
            return self._server
        try:
            self._server.provider  # noqa: B018
        except SandboxUnavailableError as error:
            refusal = container_refusal()
            if refusal is not None:
                raise SandboxUnavailableError(f"{error} A container cannot be had either: {refusal}") from error
            self._server.close()
            self._server = ContainerServer()
        return self._server
