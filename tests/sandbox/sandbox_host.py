"""A host to be killed: starts a server, a trainer and a student that sleeps; says the server's process id."""

from __future__ import annotations

import sys
import time

from sandbox_helpers import quick_server


def main(provider: str, wait_until: str) -> None:
    """Say the process id when `wait_until` (`started` or `running`) is reached, then sleep."""
    preload = ["numpy", "time"] if wait_until == "running" else ["sandbox_slow_module"]
    with quick_server(provider, preload=preload) as server:
        if wait_until == "running":
            trainer = server.trainer()
            student = server.student()
            student.channel.send({"code": "import os, time\ntry: os.fork()\nexcept OSError: pass\ntime.sleep(60)"})
            time.sleep(0.2)
            assert trainer.alive
        assert server._server is not None
        print(server._server.pid, flush=True)
        time.sleep(60)


if __name__ == "__main__":
    main(*sys.argv[1:])
