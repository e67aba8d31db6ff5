"""The outside of the sandbox during an attack: what must stay unread, untouched and uncounted."""

from __future__ import annotations

import os
import re
import resource
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
from hostile_attack import SECRET

_HOST_GROWTH = 700 << 20
"""Bytes that the host may take for one hand-in at any time."""
_HOST_SECONDS = 14.0
"""Processor time that the host may take for one hand-in."""
_HANGS = 60.0
"""Seconds besides the run's own after which the host is taken to hang, however busy the machine."""
_PATIENCE = 30.0
"""Seconds for what is about to end, on a busy machine."""


class Outside:
    """Canaries, listeners and counters in `folder`. `names` is what attacks may be told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o777)
        self.canaries = [self._canary(name) for name in ("canary", "rubric-copy.yaml", "id_rsa", "sibling.ipynb")]
        (folder / "canaries").mkdir(mode=0o777)
        self.canaries.append(self._canary("canaries/inner"))
        os.environ["LABGRADE_HOSTILE_SECRET"] = SECRET + "environment"
        self._listeners = self._listening()
        self.names = {
            "CANARY": str(self.canaries[0]),
            "FOLDER": str(folder),
            "CANARIES": str(folder / "canaries"),
            "SECRETS": repr([str(path) for path in self.canaries]),
            "HOST": str(os.getpid()),
            "TCP": str(self._listeners["tcp"].getsockname()[1]),
            "UDP": str(self._listeners["udp"].getsockname()[1]),
            "UNIX": str(folder / "socket"),
            "ABSTRACT": f"labgrade-hostile-{os.getpid()}",
            "MARK": f"98{os.getpid()}",
        }
        self._before = self._state()

    def _canary(self, name: str) -> Path:
        path = self.folder / name
        path.write_text(SECRET + name + "\n")
        path.chmod(0o666)
        return path

    def _listening(self) -> dict[str, socket.socket]:
        tcp = socket.create_server(("127.0.0.1", 0))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        path = socket.socket(socket.AF_UNIX)
        path.bind(str(self.folder / "socket"))
        (self.folder / "socket").chmod(0o777)
        path.listen()
        letters = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        letters.bind(str(self.folder / "letters"))
        (self.folder / "letters").chmod(0o777)
        abstract = socket.socket(socket.AF_UNIX)
        abstract.bind(f"\0labgrade-hostile-{os.getpid()}")
        abstract.listen()
        found = {"tcp": tcp, "udp": udp, "path": path, "letters": letters, "abstract": abstract}
        for listener in found.values():
            listener.setblocking(False)
        return found

    def begin(self) -> None:
        """An attack begins."""
        self._began, self._worked = time.monotonic(), time.process_time()
        Path("/proc/self/clear_refs").write_text("5")
        self._memory = _status("VmRSS")

    def complaints(self, printed: str, kept: list[Path], wall: float) -> list[str]:
        """What the attack reached. `printed` is all that its recording holds, `kept` the files of its report, `wall`
        the seconds that it was given."""
        found = list(self._read(printed, kept))
        found += [f"the {name} listener was reached" for name, one in self._listeners.items() if _reached(name, one)]
        found += self._left_behind(printed)
        found += [f"{name} is now {now}, was {was}" for name, was, now in self._changed()]
        if (grown := _status("VmHWM") - self._memory) > _HOST_GROWTH:
            found.append(f"the host took {grown >> 20} MiB more")
        if (worked := time.process_time() - self._worked) > _HOST_SECONDS:
            found.append(f"it took {worked:.1f} s of the host's processor, allowed were {_HOST_SECONDS:g} s")
        if (took := time.monotonic() - self._began) > wall + _HANGS:
            found.append(f"it took {took:.1f} s, allowed were {wall + _HANGS:g} s")
        return found

    def _read(self, printed: str, kept: list[Path]) -> Iterator[str]:
        if SECRET in printed:
            yield "a secret was read: " + printed[printed.index(SECRET) :][:60]
        for path in kept:
            if SECRET.encode() in path.read_bytes():
                yield f"a secret stands in {path.name}"

    def _left_behind(self, printed: str) -> Iterator[str]:
        if not _eventually(lambda: not self._students()):
            yield f"processes are left: {self._students()}"
        for scratch in re.findall(r"scratch is (/\S*labgrade-run-\w+)", printed):
            if not _eventually(lambda place=scratch: not Path(place).exists()):
                yield f"{scratch} is left"

    def _students(self) -> list[str]:
        """Processes of runs: forks of this host's warm server, and programs with this host's mark."""
        found = []
        for process in psutil.process_iter(["pid", "ppid", "cmdline"]):
            command = process.info["cmdline"] or []
            mine = command[-1:] == [str(os.getpid())] and "grader.sandbox" in command
            if (mine and process.info["ppid"] != os.getpid()) or self.names["MARK"] in " ".join(command):
                with suppress(psutil.NoSuchProcess):
                    if process.status() != psutil.STATUS_ZOMBIE and not self._is_trainer(process):
                        found.append(f"{process.info['pid']} {' '.join(command)}")
        return found

    def _is_trainer(self, process: psutil.Process) -> bool:
        # A child of the warm server itself that leads no session of its own; a supervisor's children do.
        with suppress(psutil.NoSuchProcess):
            parent = process.parent()
            return parent is not None and parent.ppid() == os.getpid() and not process.children()
        return False

    def _changed(self) -> list[tuple[str, object, object]]:
        after = self._state()
        changed = [(name, was, after[name]) for name, was in self._before.items() if after[name] != was]
        self._before = after
        return changed

    def _state(self) -> dict[str, object]:
        """Everything of the outside that must be the same after an attack."""
        server = [child for child in psutil.Process().children() if "grader.sandbox" in child.cmdline()]
        return {
            "canaries": [_unchanged(path) for path in self.canaries],
            "folder": sorted(path.name for path in self.folder.iterdir()),
            "mounts": [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if "labgrade" in line],
            "shared memory": sorted(path.name for path in Path("/dev/shm").glob("*hostile*")),
            "System V": [Path(f"/proc/sysvipc/{kind}").read_text().count("\n") for kind in ("shm", "sem", "msg")],
            "host limits": [resource.getrlimit(which) for which in range(16)],
            "host priority": os.getpriority(os.PRIO_PROCESS, 0),
            "host processors": sorted(os.sched_getaffinity(0)),
            "host name": os.uname().nodename,
            "server": [(one.pid, one.num_fds(), one.num_threads(), one.nice()) for one in server],
            "cwd": Path.cwd(),
        }

    def settle(self) -> None:
        """What is there now counts as unchanged: the warm server and the trainer have started."""
        self._before = self._state()


def _unchanged(path: Path) -> tuple[object, ...]:
    status = path.stat()
    return path.read_text(), stat.filemode(status.st_mode), status.st_mtime_ns, status.st_uid, status.st_nlink


def _reached(name: str, listener: socket.socket) -> bool:
    try:
        if name in ("udp", "letters"):
            listener.recv(1)
        else:
            listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def _status(field: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field + ":"))
    return int(line.split()[1]) << 10


def _eventually(condition: object, seconds: float = _PATIENCE) -> bool:
    until = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True
