"""Between submissions: after any attack the next one finds the same machine, and a changed server is replaced."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Iterator

import psutil
import pytest
from sandbox_helpers import HERE, PATIENCE, Sandbox, eventually, own_children, processes_of, quick_server
from sandbox_remains import additions, remains
from test_container import install_engine, quick_containers

from grader.errors import SandboxUnavailableError
from grader.sandbox.choice import SandboxServer
from grader.sandbox.contract import Limits
from grader.sandbox.processes import Condition, change
from grader.sandbox.warm import WarmServer

SAME = """
import builtins, hashlib, json, os, sys, threading, numpy as np
answer = [
    np.random.rand(), os.listdir("."), threading.active_count(),
    sorted((name, value.replace(os.getcwd(), "scratch")) for name, value in os.environ.items()),
    len(os.listdir("/proc/self/fd")), json.dumps([0.1]), float(np.ones(3).sum()), np.allclose(1, 2),
    hashlib.sha256(repr(sorted(sys.modules)).encode()).hexdigest(), os.path.exists("/tmp/MARK"),
]
"""
ATTACKS = {
    "files everywhere": """
for place in (".", "/tmp", "/dev/shm", "/var/tmp", "/dev/mqueue", "/run"):
    try: open(f"{place}/MARK", "wb").write(b"1" * 1000)
    except OSError: pass
""",
    "replaced functions": """
import builtins, json, sys, numpy as np
np.allclose = lambda *a, **k: True; json.dumps = lambda *a, **k: "{}"; builtins.sum = max
sys.modules["os"].listdir = lambda *a: ["forged"]; os.environ["MARK"] = "1"; os.umask(0)
""",
    "a daemon": """
try:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            import time; time.sleep(99)
        os._exit(0)
except OSError: pass
""",
    "shared memory": """
import ctypes, mmap
libc = ctypes.CDLL(None)
libc.shmget(0x4d41524b, 4096, 0o1666); libc.semget(0x4d41524b, 1, 0o1666); libc.msgget(0x4d41524b, 0o1666)
libc.mq_open(b"/MARK", 0o102, 0o600, None); libc.shm_open(b"/MARK", 0o102, 0o600)
""",
    "mounts and namespaces": """
import ctypes
libc = ctypes.CDLL(None)
libc.unshare(0x10020000); libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None)
""",
    "signals to everyone": "os.kill(-1, 9)",
    "a crash": "import ctypes; ctypes.string_at(0)",
    "memory": "x = []\nwhile True: x.append(b'1' * (8 << 20))",
    "threads": """
import threading, time
for _ in range(500):
    try: threading.Thread(target=time.sleep, args=(60,)).start()
    except RuntimeError: break
""",
    "flood": "while True: channel.send({'x': 'y' * 100000})",
}


@pytest.fixture(params=["namespaces", "landlock", "container"])
def any_sandbox(request, tmp_path, monkeypatch) -> Iterator[Sandbox]:
    """A sandbox of each provider, the container's with an engine made of namespaces."""
    if request.param == "container":
        install_engine(tmp_path, monkeypatch)
    server = quick_containers() if request.param == "container" else quick_server(request.param)
    with server:
        try:
            server.student().close()
        except SandboxUnavailableError as error:
            pytest.skip(str(error))
        yield Sandbox(server)


def test_nothing_remains_of_any_attack(any_sandbox):
    """Processes, mounts, shared memory, queues and files are counted before and after; the next run is the same."""
    mark = f"mark{secrets.token_hex(6)}"
    first, _, _ = any_sandbox.run(SAME.replace("MARK", mark))
    server = any_sandbox.server
    top = pid_of(server) if isinstance(server, WarmServer) else os.getpid()
    before = remains(top, mark)
    for name, attack in ATTACKS.items():
        code = "import os\n" + attack.replace("MARK", mark)
        student = any_sandbox.server.student(Limits(wall_seconds=2.0, memory_bytes=100 << 20, processes=60))
        student.channel.send({"code": code})
        if name == "flood":
            student.channel.receive(PATIENCE)
            student.kill()
        else:
            student.channel.close()
        student.wait(PATIENCE)
        student.close()
        # On a busy machine a process that is about to end may take its time.
        gone = eventually(lambda: not additions(before, remains(top, mark)), seconds=30)
        assert gone, (name, additions(before, remains(top, mark)), [one.as_dict() for one in processes_of(server)])
    again, outcome, _ = any_sandbox.run(SAME.replace("MARK", mark))
    assert again == first
    assert outcome.status == "finished"
    if isinstance(server, WarmServer):
        assert server.change() is None


CHANGES = {
    "digest": "numpy.allclose = lambda *a, **k: True",
    "descriptors": "os.open(os.devnull, os.O_RDONLY)",
    "grew": "globals().update(hog=bytearray(300 << 20))",
}
HANDLER = """
import os, signal, sys
def changed(*_):
    import numpy, os
    {change}
if "grader.sandbox" in sys.orig_argv:
    signal.signal(signal.SIGUSR1, changed)
"""


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_server_is_replaced(tmp_path, what):
    """A server whose memory, descriptors or size changed is not used again; the next run is served by a fresh one."""
    (tmp_path / "sitecustomize.py").write_text(HANDLER.format(change=CHANGES[what]))
    with served_by(quick_server("unconfined", search_path=[tmp_path, HERE])) as sandbox:
        server = sandbox._server
        sandbox.student().close()
        kept = pid_of(server)
        assert eventually(lambda: server.change() is None)
        trainer = sandbox.trainer()
        sandbox.student().close()
        assert pid_of(server) == kept, "an unchanged server, with a trainer beside it, stays"
        os.kill(kept, signal.SIGUSR1)
        assert eventually(lambda: what in (server.change() or ""))
        student = sandbox.student()
        student.channel.send({"code": "import numpy; answer = numpy.allclose(1, 2)"})
        assert student.channel.receive(PATIENCE)[0] == {"answer": False}
        assert pid_of(server) != kept
        assert not trainer.alive
        student.close()


def test_a_dead_server_is_replaced():
    """A server that was killed costs nobody a submission."""
    with served_by(quick_server("unconfined")) as sandbox:
        server = sandbox._server
        sandbox.student().close()
        kept = pid_of(server)
        os.kill(kept, signal.SIGKILL)
        assert eventually(lambda: psutil.Process(kept).status() == psutil.STATUS_ZOMBIE)
        student = sandbox.student()
        assert pid_of(server) != kept
        student.close()
    assert eventually(lambda: not own_children())


def test_a_server_in_use_is_left_alone(tmp_path):
    """Nobody's run is ended for the sake of another's."""
    (tmp_path / "sitecustomize.py").write_text(HANDLER.format(change=CHANGES["digest"]))
    with served_by(quick_server("unconfined", search_path=[tmp_path, HERE])) as sandbox:
        server = sandbox._server
        running = sandbox.student()
        os.kill(pid_of(server), signal.SIGUSR1)
        sandbox.student().close()
        running.channel.send({"code": "answer = 1"})
        assert running.channel.receive(PATIENCE)[0] == {"answer": 1}
        running.close()


def test_what_counts_as_a_change():
    """Another process, more threads or descriptors, other memory and much more of it; a little more does not."""
    was = Condition("1", "1", ("0 /dev/null",), 100 << 20, "digest")
    assert change(was, was) is None
    assert change(was, Condition("1", "1", ("0 /dev/null",), 110 << 20, "digest")) is None
    assert change(was, None) == "it is gone"
    assert change(was, Condition("2", "1", ("0 /dev/null",), 100 << 20, "digest")) == "it is gone"
    assert change(was, Condition("1", "2", ("0 /dev/null",), 100 << 20, "digest")) == "its threads changed"
    assert change(was, Condition("1", "1", (), 100 << 20, "digest")) == "its descriptors changed"
    assert change(was, Condition("1", "1", ("0 /dev/null",), 300 << 20, "digest")) == "it grew by 200 MiB"


def served_by(server: WarmServer) -> SandboxServer:
    sandbox = SandboxServer("unconfined")
    sandbox._server = server
    return sandbox


def pid_of(server: WarmServer) -> int:
    assert server._server is not None
    return server._server.pid
