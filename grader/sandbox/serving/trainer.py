"""How a process forked from the warm image becomes the trainer: labgrade's own code, fed with validated data."""

from __future__ import annotations

import os
import signal
import socket
import sys
import traceback
from collections.abc import Mapping
from typing import NoReturn

from grader.sandbox.confinement.libc import die_with_parent
from grader.sandbox.frames import Channel
from grader.sandbox.job import Entry
from grader.sandbox.supervision.rlimits import limit_data


def become_trainer(
    entry: Entry, channel: int, environment: Mapping[str, str | None], memory_bytes: int | None, server: int
) -> NoReturn:
    """Run `entry` on the frames behind the descriptor `channel`, then leave the process; ends with the server.

    `environment` is set before `entry` runs, where None removes a variable; `memory_bytes` is what it may take beyond
    the warm image.
    """
    code = 70
    try:
        die_with_parent(signal.SIGKILL, server)
        for name, value in environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if memory_bytes is not None:
            limit_data(memory_bytes)
        entry(Channel(socket.socket(fileno=channel)))
        code = 0
    except EOFError:
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
