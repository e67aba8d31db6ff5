"""Parsing in a process of its own, with limits: parsers of PDF and Word files can loop for ever or eat all memory.

A worker reads the file from its standard input and writes one JSON value per line, so that what it said before a limit
ended it is not lost.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "TEMP", "LD_LIBRARY_PATH")
"""Variables of the environment that a worker is given."""
_OUTPUT_LIMIT = 256_000_000
"""Bytes of a worker's answer."""
_LINE_LIMIT = 40_000_000
"""Bytes of one of its lines; longer ones are left out."""
_PACKAGES = Path(__file__).parents[2]
"""The folder in which a worker finds labgrade."""

Said = dict[str, object]
"""One line of a worker: the file's word, so that nothing about its values is certain."""


@dataclass(frozen=True)
class ParserOutput:
    """What a worker said, and how it ended."""

    values: tuple[Said, ...]
    ended: Literal["finished", "timed out", "failed"]


def parse_apart(module: str, data: bytes, seconds: float, memory: int = 3 << 30) -> ParserOutput:
    """Run `module`, which calls `limit_worker` and reads `data`, for at most `seconds` of wall time and `memory` bytes.

    Its last line is `{"end": true}` when it came to the end; everything in its lines is the file's word.
    """
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join([str(_PACKAGES), *filter(None, [os.environ.get("PYTHONPATH")])])
    # -P: the working folder is one that others may write to, and what lies there must not pass for a library.
    command = [sys.executable, "-P", "-m", module, str(int(seconds)), str(memory)]
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
        given.write(data)
        given.seek(0)
        with subprocess.Popen(
            command, stdin=given, stdout=said, stderr=subprocess.DEVNULL, env=environment, cwd=tempfile.gettempdir()
        ) as process:
            try:
                process.wait(timeout=seconds)
                late = False
            except subprocess.TimeoutExpired:
                process.kill()
                late = True
            except BaseException:
                process.kill()
                raise
        said.seek(0)
        values = tuple(_values(said.read(_OUTPUT_LIMIT)))
    whole = bool(values) and values[-1].get("end") is True
    values = values[:-1] if whole else values
    # An exhausted CPU limit ends the process by a signal, which looks like any other.
    return ParserOutput(values, "finished" if whole else "timed out" if late else "failed")


def _values(text: bytes) -> Iterator[Said]:
    for line in text.split(b"\n"):
        if not 0 < len(line) <= _LINE_LIMIT:
            continue
        with suppress(ValueError, RecursionError):
            value = json.loads(line)
            if isinstance(value, dict):
                yield value


def limit_worker(arguments: list[str]) -> bytes:
    """Set a worker's limits from its arguments, which it does first, and return what it is to read."""
    with suppress(ImportError):
        import resource

        seconds, memory = int(arguments[0]), int(arguments[1])
        for kind, value in (
            (resource.RLIMIT_CPU, seconds),
            (resource.RLIMIT_AS, memory),
            (resource.RLIMIT_FSIZE, _OUTPUT_LIMIT),
            (resource.RLIMIT_CORE, 0),
        ):
            # macOS refuses some of these; the wall clock holds everywhere.
            with suppress(ValueError, OSError):
                resource.setrlimit(kind, (value, value))
    return sys.stdin.buffer.read()


def say(**value: object) -> None:
    """Write one line of a worker's answer."""
    sys.stdout.buffer.write(json.dumps(value).encode() + b"\n")
    sys.stdout.buffer.flush()
