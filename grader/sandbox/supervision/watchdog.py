"""What the processes of one run use together, read from /proc."""

from __future__ import annotations

from pathlib import Path

_KIB = 1 << 10
_PROC = Path("/proc")


def descendants(pid: int) -> list[int]:
    """Process ids of all living descendants of `pid`."""
    found: list[int] = []
    children = _children()
    todo = [pid]
    while todo:
        born = children.get(todo.pop(), [])
        found += born
        todo += born
    return found


def thread_count(pids: list[int]) -> int:
    """Threads of all of `pids` together, each process counting at least one."""
    return sum(_field(pid, "status", ("Threads:",)) for pid in pids)


def memory_upper_bound(pids: list[int]) -> int:
    """Bytes of memory of `pids`, where a page that n processes share counts n times."""
    return _KIB * sum(_field(pid, "status", ("RssAnon:", "RssShmem:", "VmSwap:")) for pid in pids)


def memory(pids: list[int]) -> int:
    """Bytes of memory of `pids`, a page shared by n processes counting 1/n for each. Slow: some 10 ms a process.

    What does not let itself be looked at counts in full.
    """
    exact = {pid: _field(pid, "smaps_rollup", ("Pss_Anon:", "Pss_Shmem:", "SwapPss:")) for pid in pids}
    hidden = [pid for pid, size in exact.items() if not size]
    return _KIB * sum(exact.values()) + memory_upper_bound(hidden)


def _field(pid: int, file: str, names: tuple[str, ...]) -> int:
    try:
        text = (_PROC / str(pid) / file).read_text()
    except (OSError, ValueError):
        return 0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(names))


def _children() -> dict[int, list[int]]:
    # `/proc/<pid>/task/*/children` would be quicker, but many kernels are built without it.
    children: dict[int, list[int]] = {}
    for name in (entry.name for entry in _PROC.iterdir()):
        if name.isdecimal():
            try:
                fields = (_PROC / name / "stat").read_bytes()
            except OSError:
                continue
            parent = int(fields[fields.rindex(b")") + 1 :].split()[1])
            children.setdefault(parent, []).append(int(name))
    return children
