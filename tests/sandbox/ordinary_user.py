"""Run a command as an ordinary user: `python ordinary_user.py HOME COMMAND...`, started by root.

Where Python or a folder of the command lies below a folder for root alone (such as /root), that folder is replaced, in
a mount namespace of this process, by one that shows nothing else.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from grader.sandbox.linux.kernel import Mount, Namespace, mount, unshare

USER = 54321


def main() -> None:
    """Become the user and run the command."""
    home = Path(sys.argv[1])
    os.chown(home, USER, USER)
    try:
        unshare(Namespace.MOUNT)
    except OSError as error:
        sys.exit(f"cannot become an ordinary user: {error}")
    mount(None, "/", None, Mount.REC | Mount.PRIVATE)
    for path in {sys.prefix, sys.base_prefix, str(Path(__file__).parents[2])}:
        open_way(Path(path), home)
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    os.environ.update(HOME=str(home), TMPDIR=str(home), XDG_CACHE_HOME=str(home / "cache"))
    os.execv(sys.argv[2], sys.argv[2:])


def open_way(path: Path, room: Path) -> None:
    """Let everyone reach `path`."""
    for folder in reversed(path.parents):
        if not folder.stat().st_mode & 0o001:
            kept = room / "kept"
            kept.mkdir()
            mount(str(path), str(kept), None, Mount.BIND | Mount.REC)
            mount("tmpfs", str(folder), "tmpfs", Mount.NOSUID, "mode=755")
            path.mkdir(parents=True)
            mount(str(kept), str(path), None, Mount.BIND | Mount.REC)
            return


if __name__ == "__main__":
    main()
