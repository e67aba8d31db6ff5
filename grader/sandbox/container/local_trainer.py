"""The trainer as a process of its own on this machine, with nothing that only Linux has: frames travel over loopback.

`python -m grader.sandbox.container.local_trainer PORT ENTRY` is that process. It proves by a secret from its standard
input that it is the one that was started; nobody else on the machine can take its place.
"""

from __future__ import annotations

import hmac
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from grader.errors import LabgradeError
from grader.sandbox.contract import entry_function
from grader.sandbox.environment import server_environment
from grader.sandbox.frames import Caps, Channel

_SECRET_BYTES = 32
_CONNECT_SECONDS = 60.0
"""For a Python process to start, before it loads anything heavy."""
_KILL_SECONDS = 5.0
"""For the system to take a killed process away."""


class LocalTrainer:
    """The trainer's process. `channel` is the host's end of what its entry function got."""

    def __init__(
        self,
        entry: str,
        environment: Mapping[str, str | None],
        search_path: Sequence[Path] = (),
        caps: Caps | None = None,
    ) -> None:
        variables = {**server_environment(search_path, os.cpu_count() or 1), **environment}
        secret = secrets.token_hex(_SECRET_BYTES // 2).encode()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, str(port), entry],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={name: value for name, value in variables.items() if value is not None},
            )
            assert self._process.stdin is not None
            with suppress(OSError):
                self._process.stdin.write(secret)
                self._process.stdin.close()
            self.channel = Channel(self._accept(listener, secret), caps)

    @property
    def alive(self) -> bool:
        """Whether the process still lives."""
        return self._process.poll() is None

    def kill(self, timeout: float = _KILL_SECONDS) -> None:
        """Kill it and wait until it is gone. Of no effect when it is."""
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout)

    def close(self) -> None:
        """Kill it and free what the handle holds."""
        self.kill()
        self.channel.close()

    def _accept(self, listener: socket.socket, secret: bytes) -> socket.socket:
        listener.settimeout(_CONNECT_SECONDS)
        with suppress(OSError):
            while True:
                stream, _ = listener.accept()
                stream.settimeout(_CONNECT_SECONDS)
                if hmac.compare_digest(_exactly(stream, _SECRET_BYTES), secret):
                    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    return stream
                stream.close()
        self.kill()
        raise LabgradeError("the trainer did not start")


def main(port: str, entry: str) -> None:
    """Connect to the host and run the entry function until the host is gone."""
    secret = sys.stdin.buffer.read(_SECRET_BYTES)
    stream = socket.create_connection(("127.0.0.1", int(port)), _CONNECT_SECONDS)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stream.sendall(secret)
    with suppress(EOFError):
        entry_function(entry)(Channel(stream))


def _exactly(stream: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count and (piece := stream.recv(count - len(data))):
        data += piece
    return data


if __name__ == "__main__":
    main(*sys.argv[1:])
