"""The warm server: it starts behind the host's back, serves, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from sandbox_helpers import HERE, PATIENCE, eventually, processes_of, quick_server

from grader.errors import LabgradeError, SandboxUnavailableError
from grader.sandbox.contract import Limits


def test_starting_takes_no_time():
    """`start` returns before the server is ready."""
    with quick_server("unconfined", preload=["sandbox_slow_module"]) as server:
        began = time.monotonic()
        server.start()
        assert time.monotonic() - began < 30, "the module takes a minute"
        assert processes_of(server)


def test_runs_begin_alike(sandbox):
    """Every run starts in an empty folder with the same random numbers and an environment of its own."""
    code = """
import os, random, numpy, sys, tempfile
open("left", "w").close()
answer = [random.random(), numpy.random.rand(), sorted(os.environ), __import__("__main__").__name__,
          sys.path[0] == os.getcwd(), os.environ["HOME"] == os.getcwd(), os.path.isdir(tempfile.gettempdir())]
import tempfile
answer.append(tempfile.mkdtemp() is not None)
"""
    answers = [sandbox.run(code)[0]["answer"] for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0][3:] == ["__main__", True, True, True, True]
    assert "PYTHONPATH" not in answers[0][2]
    assert not [name for name in answers[0][2] if name.startswith(("SSH", "AWS", "PYTEST"))]


def test_the_host_environment_stays_outside(sandbox, monkeypatch):
    """A secret in the host's environment does not reach the server."""
    monkeypatch.setenv("LABGRADE_SECRET", "hush")
    with quick_server(sandbox.server.provider) as server:
        student = server.student()
        student.channel.send({"code": "answer = open('/proc/self/environ').read() + str(__import__('os').environ)"})
        answer, _ = student.channel.receive(PATIENCE)
    assert "hush" not in answer["answer"]


def test_arrays_reach_the_student(sandbox):
    """What the host sends arrives inside."""
    student = sandbox.server.student()
    student.channel.send({"code": "answer = float(arrays[0].sum())"}, [np.ones((600, 784), np.float32)])
    assert student.channel.receive(PATIENCE)[0] == {"answer": 470_400.0}
    student.close()


def test_the_clock_can_be_stopped(sandbox):
    """Time that the host spends on the run's behalf does not count."""
    student = sandbox.server.student(Limits(wall_seconds=1.2))
    student.pause_clock()
    time.sleep(1.5)
    student.channel.send({"code": "answer = 1"})
    assert student.channel.receive(PATIENCE)[0] == {"answer": 1}
    student.resume_clock()
    assert student.wait(PATIENCE).status == "timed out"
    student.close()


def test_a_run_can_be_killed(sandbox):
    """`kill` ends a run, and waiting in vain raises TimeoutError before it."""
    student = sandbox.server.student()
    with pytest.raises(TimeoutError):
        student.wait(0.1)
    student.kill()
    assert student.wait(PATIENCE).status == "killed"
    student.kill()
    student.close()


def test_a_closed_run_is_ended(sandbox):
    """A handle that is given up takes its processes along."""
    sandbox.server.student().close()
    assert eventually(lambda: len(processes_of(sandbox.server)) == 1)


def test_a_trainer_serves_with_its_own_environment(sandbox):
    """The trainer has the variables that it was given, and others removed."""
    trainer = sandbox.server.trainer({"LABGRADE_TEST": "yes", "CUDA_VISIBLE_DEVICES": None})
    trainer.channel.send({"name": "LABGRADE_TEST"}, [np.arange(3)])
    header, (array,) = trainer.channel.receive(PATIENCE)
    assert header["value"] == "yes"
    assert array.tolist() == [0, 1, 2]
    trainer.channel.send({"name": "CUDA_VISIBLE_DEVICES"})
    assert trainer.channel.receive(PATIENCE)[0]["value"] is None
    assert trainer.alive
    trainer.close()
    assert not trainer.alive


def test_a_dead_trainer_takes_nothing_along(sandbox):
    """When the trainer dies, a run goes on, and another trainer can be had."""
    student, trainer = sandbox.server.student(), sandbox.server.trainer()
    trainer.channel.send({"die": True})
    with pytest.raises(EOFError):
        trainer.channel.receive(PATIENCE)
    assert eventually(lambda: not trainer.alive)
    student.channel.send({"code": "answer = 1"})
    assert student.channel.receive(PATIENCE)[0] == {"answer": 1}
    again = sandbox.server.trainer(memory_bytes=1 << 30)
    again.channel.send({})
    assert again.channel.receive(PATIENCE)[0]["pid"]
    for handle in (student, trainer, again):
        handle.close()


def test_closing_ends_everything():
    """After `close` no process of the server, of runs or of trainers lives."""
    with quick_server() as server:
        server.trainer()
        student = server.student()
        student.channel.send({"code": "import time; time.sleep(60)"})
        processes = processes_of(server)
        assert len(processes) >= 4
    assert eventually(lambda: not any(_alive(process) for process in processes))
    server.close()


@pytest.mark.parametrize("provider", ["namespaces", "landlock", "unconfined"])
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_outlives_the_host(provider, end):
    """A host that is killed or interrupted leaves no process behind."""
    if provider != "unconfined":
        _skip_unless_available(provider)
    with _host(provider, "running") as host:
        processes = _below(host)
        assert len(processes) >= 4
        host.send_signal(end)
        host.wait(PATIENCE)
        assert eventually(lambda: not any(_alive(process) for process in processes))


def test_nothing_outlives_a_host_killed_during_warm_up():
    """A server that is still importing ends with the host too."""
    with _host("unconfined", "started") as host:
        processes = _below(host)
        host.kill()
        host.wait(PATIENCE)
        assert eventually(lambda: not any(_alive(process) for process in processes))


def test_a_server_that_cannot_start_says_why():
    """A preload that fails is labgrade's own fault, with the reason in the error."""
    with quick_server(preload=["no_such_module"]) as server, pytest.raises(LabgradeError, match="no_such_module"):
        server.student()


BREAKS = {
    "libseccomp": "import grader.sandbox.linux.confine as c; c.require_libseccomp = bad",
    "read-only folders": "import grader.sandbox.linux.root as r; r.bind_read_only = bad",
    "resource limits": "import grader.sandbox.linux.child as l; l.limit_process = bad",
    "capabilities": "import grader.sandbox.linux.child as l; l.drop_capabilities = bad",
    "Landlock": "import grader.sandbox.linux.child as l; l.restrict_files = bad",
    "system call filter": "import grader.sandbox.linux.child as l; l.restrict_system_calls = bad",
    "could open a socket": ("import grader.sandbox.linux.child as l; l.restrict_system_calls = lambda allowed: None"),
}


@pytest.mark.parametrize("step", BREAKS)
def test_a_failing_step_stops_everything(tmp_path, step, sandbox):
    """No step of confinement may fail without the step's name in SandboxUnavailableError, and no student code runs."""
    provider = sandbox.server.provider
    if step == "read-only folders" and provider == "landlock":
        pytest.skip("no mounts there")
    _broken(tmp_path, BREAKS[step])
    with quick_server(provider, search_path=[tmp_path, HERE]) as server:
        with pytest.raises(SandboxUnavailableError, match=step) as refused:
            server.student()
        assert "--unconfined" in str(refused.value)


def test_a_step_that_fails_later_stops_that_run(tmp_path, sandbox):
    """Confinement that works in the trial and not for a run refuses that run."""
    late = "import os, grader.sandbox.linux.child as l; was = l.drop_capabilities\n"
    late += f"l.drop_capabilities = lambda: bad() if os.path.exists({str(tmp_path / 'flag')!r}) else was()"
    if sandbox.server.provider == "namespaces":
        late = "import os, grader.sandbox.linux.confine as l; was = l.enter_root\n"
        late += f"l.enter_root = lambda *a: bad() if os.path.exists({str(tmp_path / 'flag')!r}) else was(*a)"
    _broken(tmp_path, late)
    with quick_server(sandbox.server.provider, search_path=[tmp_path, HERE]) as server:
        server.student().close()
        (tmp_path / "flag").touch()
        with pytest.raises((SandboxUnavailableError, LabgradeError)):
            server.student()


def test_auto_falls_back_to_landlock(tmp_path):
    """Where namespaces fail, `auto` takes Landlock and keeps the reason."""
    _skip_unless_available("landlock")
    _broken(tmp_path, "import grader.sandbox.linux.confine as n; n.unshare = bad")
    with quick_server("auto", search_path=[tmp_path, HERE]) as server:
        assert server.provider == "landlock"
        assert "namespace" in server.refusals["namespaces"]


def _broken(folder: Path, patch: str) -> None:
    (folder / "sitecustomize.py").write_text(f"def bad(*a, **k):\n    raise OSError('broken on purpose')\n{patch}\n")


def _skip_unless_available(provider: str) -> None:
    with quick_server(provider) as server:
        try:
            server.provider  # noqa: B018
        except SandboxUnavailableError as error:
            pytest.skip(str(error))


def _host(provider: str, wait_until: str) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(HERE), str(HERE.parents[1])])
    command = [sys.executable, str(HERE / "sandbox_host.py"), provider, wait_until]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        # a shell that runs these tests in the background has Ctrl-C ignored, and children inherit that
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def _below(host: subprocess.Popen[str]) -> list[psutil.Process]:
    assert host.stdout is not None
    assert host.stdout.readline().strip().isdecimal()
    return psutil.Process(host.pid).children(recursive=True)


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
