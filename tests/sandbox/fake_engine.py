"""A container engine for tests: takes the command line of `docker run`, makes what it asks for out of namespaces.

It knows no images: the command runs in a minimal root made of this machine's folders. `FAKE_ENGINE_LACKS` names one
thing that it leaves out, as a broken or misled engine might. What is asked of it is noted in `FAKE_ENGINE_LOG`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import grader
from grader.sandbox.contract import Limits
from grader.sandbox.linux import root
from grader.sandbox.linux.child import become, is_privileged
from grader.sandbox.linux.confine import _enter_user_namespace
from grader.sandbox.linux.kernel import (
    Mount,
    Namespace,
    Prctl,
    drop_bounding_set,
    drop_capabilities,
    mount,
    prctl,
    unshare,
)
from grader.sandbox.linux.root import Readable, readable_paths

LACKS = os.environ.get("FAKE_ENGINE_LACKS", "")


def main() -> None:
    """Answer as an engine does."""
    arguments = sys.argv[1:]
    with Path(os.environ["FAKE_ENGINE_LOG"]).open("a") as log:
        log.write(json.dumps(arguments) + "\n")
    if arguments[0] == "info":
        sys.exit("Cannot connect to the Docker daemon" if LACKS == "daemon" else 0)
    if arguments[:2] == ["image", "inspect"]:
        sys.exit(1 if LACKS == "image" else 0)
    if arguments[0] == "rm":
        remove(arguments[-1])
    if arguments[0] == "run":
        run(arguments[1:])


def remove(name: str) -> None:
    """End the container: its first process takes its namespace along."""
    place = Path(os.environ["FAKE_ENGINE_LOG"] + "." + name)
    if place.exists():
        os.kill(int(place.read_text()), signal.SIGKILL)


def run(arguments: list[str]) -> None:
    """Be the client of a container, to its end."""
    options = [one for one in arguments if one.startswith("--")]
    command = arguments[len(options) + 1 :]
    values = dict(option[2:].split("=", 1) for option in options if "=" in option and not option.startswith("--env"))
    variables = dict(option.removeprefix("--env=").split("=", 1) for option in options if option.startswith("--env="))
    privileged = is_privileged()
    if privileged:
        unshare(Namespace.PID)
    else:
        _enter_user_namespace()
    first = os.fork()
    if first == 0:
        be_container(command, values, variables, privileged)
    place = Path(os.environ["FAKE_ENGINE_LOG"] + "." + values["name"])
    place.write_text(str(first))
    code = os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])
    place.unlink()
    sys.exit(code if code >= 0 else 128 - code)


def be_container(command: list[str], values: dict[str, str], variables: dict[str, str], privileged: bool) -> None:
    """Become the container's first process."""
    prctl(Prctl.SET_PDEATHSIG, signal.SIGKILL)
    unshare(Namespace.MOUNT | Namespace.IPC | Namespace.UTS | (Namespace(0) if LACKS == "network" else Namespace.NET))
    size = int(values["shm-size"].removesuffix("b"))
    user = int(values["user"].split(":")[0]) if privileged and LACKS != "user" else os.getuid()
    shown = readable_paths()
    package = str(Path(grader.__file__).parent)
    search = os.environ.get("FAKE_ENGINE_ENTRIES", "")
    more = (package, *([search] if search else []))
    inner = [path for path in more if not any(path.startswith(known + "/") for known in shown.paths)]
    root.enter_root(Readable((*shown.paths, *inner), shown.links, ()), Limits(scratch_bytes=size), user)
    if LACKS == "read-only root":
        mount(None, "/", None, Mount.REMOUNT | Mount.BIND)
    if LACKS != "no new privileges":
        prctl(Prctl.SET_NO_NEW_PRIVS, 1)
    if LACKS != "capabilities":
        drop_bounding_set()
    if privileged:
        become(user)
    drop_capabilities()
    path = os.pathsep.join([str(Path(package).parent), search])
    os.chdir("/scratch")
    os.execve(sys.executable, [sys.executable, *command], {**variables, "PYTHONPATH": path})


if __name__ == "__main__":
    main()
