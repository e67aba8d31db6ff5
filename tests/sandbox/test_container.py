"""The provider `container`: its command line, what is checked inside and its ends, with an engine of namespaces."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import test_attacks as attacks
from sandbox_helpers import HERE, PATIENCE, Sandbox, eventually, own_children

from grader.errors import SandboxUnavailableError
from grader.sandbox.choice import SandboxServer
from grader.sandbox.container import container_engine
from grader.sandbox.container.container_engine import run_arguments
from grader.sandbox.container.container_run import ContainerServer
from grader.sandbox.contract import Limits


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An engine's program; what is asked of it is in the file `log` beside it."""
    return install_engine(tmp_path, monkeypatch)


def install_engine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = folder / "docker"
    program.write_text(f'#!/bin/sh\nOPENBLAS_NUM_THREADS=1 exec {sys.executable} {HERE / "fake_engine.py"} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("LABGRADE_CONTAINER_ENGINE", str(program))
    monkeypatch.setenv("FAKE_ENGINE_LOG", str(folder / "log"))
    monkeypatch.setenv("FAKE_ENGINE_ENTRIES", str(HERE))
    monkeypatch.setenv("PYTHONPATH", str(HERE.parents[1]))
    return program


def quick_containers() -> ContainerServer:
    return ContainerServer("sandbox_entries:student", "sandbox_entries:trainer", ["numpy"], [HERE])


@pytest.fixture(scope="module")
def contained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Runs in containers."""
    with pytest.MonkeyPatch.context() as patch:
        install_engine(tmp_path_factory.mktemp("engine"), patch)
        with quick_containers() as server:
            try:
                server.student().close()
            except SandboxUnavailableError as error:
                pytest.skip(f"no namespaces to make containers of: {error}")
            yield Sandbox(server)


@pytest.mark.parametrize(
    "attack",
    [
        attacks.test_nothing_outside_scratch_can_be_written,
        attacks.test_no_network_of_any_kind,
        attacks.test_links_and_descriptors_lead_nowhere,
    ],
    ids=lambda attack: attack.__name__,
)
def test_attacks_on_files_and_network_fail(contained, tmp_path, attack):
    """What fails in the other providers fails in a container."""
    attack(contained, tmp_path)


@pytest.mark.parametrize(
    "attack",
    [
        attacks.test_the_kernel_offers_nothing_more,
        attacks.test_privileges_are_gone,
        attacks.test_signals_to_everyone_reach_nobody_outside,
        attacks.test_a_fork_bomb_fizzles,
        attacks.test_memory_of_several_processes_counts_together,
        attacks.test_a_flood_of_output_is_cut,
        attacks.test_a_daemon_does_not_outlive_the_run,
        attacks.test_forged_frames_are_errors_of_the_run,
    ],
    ids=lambda attack: attack.__name__,
)
def test_attacks_on_the_machine_fail(contained, attack):
    """What fails in the other providers fails in a container, and nothing of it is left."""
    attack(contained)


def test_the_first_process_is_out_of_reach(contained):
    """The watch shares its user with student code: it takes no signal from there, and its memory is closed."""
    code = """
done = []
for number in (1, 2, 9, 15, 19, 20):
    fails(lambda: os.kill(1, number))
for path in ("mem", "environ", "fd/1", "root/etc/passwd", "maps"):
    if not fails(lambda: open(f"/proc/1/{path}", "rb").read(1)):
        done.append(path)
answer = done, os.getpid() != 1
"""
    answer, outcome, _ = attacks.attempt(contained, code)
    assert answer == [[], True]
    assert outcome.status == "finished"


@pytest.mark.parametrize(
    ("code", "limits", "status", "limit"),
    [
        ("os._exit(3)", {}, "crashed", None),
        ("while True: pass", {"wall_seconds": 0.5}, "timed out", "wall"),
        ("while True: pass", {"cpu_seconds": 1}, "timed out", "cpu"),
        (
            "import mmap; x = mmap.mmap(-1, 90 << 20)\nfor _ in range(90): x.write(b'1' * (1 << 20))\n"
            "import time; time.sleep(9)",
            {"memory_bytes": 60 << 20},
            "out of memory",
            "memory",
        ),
    ],
)
def test_ends_are_told_as_elsewhere(contained, code, limits, status, limit):
    """The outcome is the one that the other providers tell."""
    _, outcome, output = contained.run(f"import os; os.write(1, b'kept')\n{code}", **limits)
    assert (outcome.status, outcome.limit) == (status, limit), outcome
    assert output == b"kept"


def test_large_frames_travel(contained):
    """A data set arrives whole, and arrays come back."""
    student = contained.server.student()
    student.channel.send({"code": "answer = float(arrays[0].sum())"}, [np.ones((3000, 784), np.float32)])
    assert student.channel.receive(PATIENCE)[0] == {"answer": 2_352_000.0}
    student.close()


def test_the_clock_can_be_stopped(contained):
    """Time that the host spends on the run's behalf does not count."""
    student = contained.server.student(Limits(wall_seconds=1.2))
    student.pause_clock()
    time.sleep(1.5)
    student.channel.send({"code": "answer = 1"})
    assert student.channel.receive(PATIENCE)[0] == {"answer": 1}
    student.resume_clock()
    assert student.wait(PATIENCE).status == "timed out"
    student.close()


def test_a_run_can_be_killed(contained):
    """`kill` ends a run, also one whose frames nobody reads, and waiting in vain raises TimeoutError before it."""
    student = contained.server.student()
    student.channel.send({"code": "while True: channel.send({'x': 'y' * 1000})"})
    with pytest.raises(TimeoutError):
        student.wait(0.3)
    student.kill()
    assert student.wait(PATIENCE).status == "killed"
    student.close()
    assert eventually(lambda: not own_children())


@pytest.mark.parametrize(
    ("lacks", "says"),
    [
        ("network", "network: there is a network"),
        ("read-only root", "read-only root"),
        ("no new privileges", "no-new-privileges"),
        ("capabilities", "capabilities are left"),
        ("user", "the user is root"),
        ("daemon", "start Docker Desktop"),
        ("image", "doctor --build-image"),
    ],
)
def test_a_missing_layer_stops_everything(contained, engine, monkeypatch, lacks, says):
    """An engine that leaves something out, does not run or has no image: refused, and no student code runs."""
    if lacks in ("user", "capabilities") and os.getuid() != 0:
        pytest.skip("an ordinary user's containers have neither")
    monkeypatch.setenv("FAKE_ENGINE_LACKS", lacks)
    with quick_containers() as server, pytest.raises(SandboxUnavailableError, match=says):
        server.student()


def test_without_an_engine_containers_are_refused(monkeypatch):
    """Neither docker nor podman: one line that says what to install."""
    monkeypatch.setenv("LABGRADE_CONTAINER_ENGINE", "no-such-engine")
    with SandboxServer("container") as server, pytest.raises(SandboxUnavailableError, match="install"):
        server.student()


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_take_a_container(monkeypatch, platform):
    """On macOS and Windows `auto` is a container, and nothing of Linux is started."""
    monkeypatch.setattr(sys, "platform", platform)
    server = SandboxServer("auto")
    server.start()
    assert server.provider == "container"


def test_a_container_is_closed_and_bounded():
    """The command line asks for every layer, gives every limit, and passes nothing of this machine in."""
    limits = Limits(processes=100, memory_bytes=1 << 30, scratch_bytes=5 << 20, scratch_files=77, open_files=99)
    for podman in (False, True):
        arguments = run_arguments("image:tag", "name", limits, 3, podman)
        assert arguments[0] == "run"
        for wanted in (
            *("--network=none", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--pull=never"),
            *("--user=65532:65532", "--pids-limit=116", "--cpus=3", "--ulimit=nofile=99:99", "--rm", "--ipc=private"),
            *("--memory=3221225472b", "--memory-swap=3221225472b", "--shm-size=5242880b"),
        ):
            assert wanted in arguments
        scratch = next(one for one in arguments if one.startswith("--tmpfs=/scratch:"))
        assert "size=5242880" in scratch
        assert ("nr_inodes=77" in scratch) != podman
        assert ("--read-only-tmpfs=false" in arguments) == podman
        assert not [one for one in arguments if one.startswith(("--volume", "-v", "--mount", "--privileged"))]
        assert arguments[-4:] == ["image:tag", "-P", "-m", "grader.sandbox.container.inside"]


def test_the_image_holds_what_runs_inside_and_no_more(monkeypatch):
    """Sandbox and probe are in the image, rubrics and checks are not; its tag follows its content."""
    content = container_engine._content()
    assert {"Dockerfile", "requirements.txt", "grader/sandbox/frames.py", "grader/probe/cells.py"} <= set(content)
    assert not [name for name in content if "rubric" in name or name.startswith(("grader/criteria", "grader/training"))]
    assert b"tensorflow==" in content["requirements.txt"]
    before = container_engine.image_tag()
    monkeypatch.setattr(container_engine, "_content", lambda: {**content, "requirements.txt": b"tensorflow==0\n"})
    container_engine.image_tag.cache_clear()
    assert container_engine.image_tag() != before
    monkeypatch.undo()
    container_engine.image_tag.cache_clear()
    assert container_engine.image_tag() == before


def test_the_image_imports_alone(tmp_path):
    """What the image holds of labgrade is whole: the first process starts from it without the rest."""
    for name, data in container_engine._content().items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    command = "import grader.sandbox.container.inside, grader, sys; print(grader.__file__, 'pydantic' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.stdout.split() == [str(tmp_path / "grader" / "__init__.py"), "False"], done.stderr


def test_the_trainer_runs_here(contained):
    """Under containers the trainer is a process of this machine, with its own environment; it dies alone."""
    trainer = contained.server.trainer({"LABGRADE_TEST": "yes", "CUDA_VISIBLE_DEVICES": None})
    trainer.channel.send({"name": "LABGRADE_TEST"}, [np.arange(3)])
    header, (array,) = trainer.channel.receive(PATIENCE)
    assert header["value"] == "yes"
    assert array.tolist() == [0, 1, 2]
    trainer.channel.send({"die": True})
    with pytest.raises(EOFError):
        trainer.channel.receive(PATIENCE)
    assert eventually(lambda: not trainer.alive)
    trainer.close()


def test_nothing_outlives_the_host(contained, tmp_path, monkeypatch):
    """A killed host leaves no container behind."""
    install_engine(tmp_path, monkeypatch)
    script = (
        "import sys, time; sys.path.insert(0, sys.argv[1]); from test_container import quick_containers\n"
        "run = quick_containers().student(); run.channel.send({'code': 'import time; time.sleep(60)'})\n"
        "print('ready', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(HERE)], stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        assert host.stdout.readline() == "ready\n"
        below = psutil.Process(host.pid).children(recursive=True)
        assert len(below) >= 3
        host.send_signal(signal.SIGKILL)
        host.wait(PATIENCE)
    assert eventually(lambda: not any(process.is_running() for process in below))


def test_every_container_is_removed(contained, engine):
    """A run that is given up has its container removed by name."""
    with quick_containers() as server:
        student = server.student()
        student.channel.send({"code": "import time; time.sleep(60)"})
        student.close()
    asked = [json.loads(line) for line in (engine.parent / "log").read_text().splitlines()]
    name = next(one for run in asked if run[0] == "run" for one in run if one.startswith("--name=")).partition("=")[2]
    assert not (engine.parent / f"log.{name}").exists()
    assert eventually(lambda: not own_children())


def test_the_hosts_side_needs_no_posix():
    """What runs on Windows and macOS imports nothing that they lack."""
    script = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in ("fcntl", "resource", "pwd", "grp", "termios", "pty"):
            raise ImportError(name)
sys.meta_path.insert(0, Absent())
import grader.sandbox.choice, grader.sandbox.container.local_trainer
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_servers_side_loads_nothing_of_the_hosts():
    """The warm server and a container's first process import neither host handles nor pydantic: forks would inherit."""
    script = """
import sys
import grader.sandbox.server, grader.sandbox.container.inside
print(*(name for name in sys.modules if name.startswith("grader.")), *({"pydantic", "psutil"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert done.returncode == 0, done.stderr
    assert "grader.sandbox.supervisor" in loaded
    foreign = {"pydantic", "psutil", "grader.records", "grader.options", "grader.training"}
    foreign |= {f"grader.sandbox.{name}" for name in ("warm", "processes", "choice", "environment")}
    assert not loaded & foreign
