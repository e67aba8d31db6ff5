"""How a run report, in words and numbers: which limit, what was seen, what is allowed."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from grader.sandbox.contract import EndStatus, LimitName, Limits
from grader.sandbox.control import Ended

_MIB, _GIB = 1 << 20, 1 << 30
_NEAR = 0.8
"""Share of the memory limit from which on a crash is put down to it: TensorFlow crashes where memory is refused.

The request that is refused does not show in what was seen, and neither does what comes and goes between two looks; a
crash for other reasons (a segmentation fault in an extension, `os.abort`) happens far below."""


@dataclass(frozen=True)
class Verdict:
    """How a run report."""

    status: EndStatus
    message: str = ""
    refused: bool = False
    """Confinement failed: no student code ran; `message` names the step."""
    limit: LimitName | None = None
    observed: float | None = None
    """In the limit's unit: seconds, bytes or a count."""
    allowed: float | None = None
    aborted: bool = False
    """It called `abort`, as C++ libraries do where no memory is left."""

    def report(self, seconds: float, cpu_seconds: float = 0.0, peak_bytes: int = 0) -> Ended:
        """The message that says so, with what the run took."""
        return Ended(
            self.status,
            self.message,
            self.limit,
            self.observed,
            self.allowed,
            self.aborted,
            round(seconds, 3),
            round(cpu_seconds, 3),
            peak_bytes,
        )


def limit_hit(limit: LimitName, observed: float, limits: Limits) -> Verdict:
    """The verdict on a run that passed `limit`."""
    allowed = float(getattr(limits, _FIELDS[limit]))
    status: EndStatus = "timed out" if limit in ("wall", "cpu") else "out of memory" if limit == "memory" else "killed"
    seen, most = _shown(limit, observed), _shown(limit, allowed)
    message = _MESSAGES[limit].format(seen if seen != most else f"a little more than {most}", most)
    return Verdict(status, message, limit=limit, observed=round(observed, 3), allowed=allowed)


def verdict_of_exit(code: int, limits: Limits, cpu_seconds: float, peak_bytes: int) -> Verdict:
    """The verdict on a process that left by itself, with `code` or minus the number of a signal."""
    if code == 0:
        return Verdict("finished")
    if code == -signal.SIGXCPU or (code == -signal.SIGKILL and cpu_seconds >= limits.cpu_seconds):
        return limit_hit("cpu", max(cpu_seconds, limits.cpu_seconds), limits)
    if code == -signal.SIGKILL:
        return Verdict("killed", "Its process was killed: by itself, or by the system for want of memory.")
    crash = code in (-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS)
    if crash and peak_bytes >= _NEAR * limits.memory_bytes:
        return out_of_memory(code, peak_bytes, limits)
    message = f"The process report with {how_left(code)}"
    if crash:
        message += f"; it had {_size(peak_bytes)} of memory, {_size(limits.memory_bytes)} are allowed"
    return Verdict("crashed", f"{message}.", aborted=code == -signal.SIGABRT)


def out_of_memory(code: int, peak_bytes: int, limits: Limits) -> Verdict:
    """The verdict on a run that asked for memory beyond its limit, was refused, and did not survive that."""
    used, allowed = _size(peak_bytes), _size(limits.memory_bytes)
    message = f"A request for memory was refused ({how_left(code)}): it had {used}; {allowed} are allowed."
    return Verdict(
        "out of memory", message, limit="memory", observed=float(peak_bytes), allowed=float(limits.memory_bytes)
    )


def how_left(code: int) -> str:
    """`exit code 3` or `signal SIGSEGV`."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"


_FIELDS: dict[LimitName, str] = {
    "wall": "wall_seconds",
    "cpu": "cpu_seconds",
    "memory": "memory_bytes",
    "processes": "processes",
    "scratch": "scratch_bytes",
    "files": "scratch_files",
}
_MESSAGES: dict[LimitName, str] = {
    "wall": "It ran for {} of its own time; {} are allowed.",
    "cpu": "It used {} of processor time; {} are allowed.",
    "memory": "It took {} of memory; {} are allowed.",
    "processes": "It ran {} processes and threads at once; {} are allowed.",
    "scratch": "It had {} on disk; {} are allowed.",
    "files": "It made {} files; {} are allowed.",
}


def _shown(limit: LimitName, value: float) -> str:
    if limit in ("processes", "files"):
        return f"{int(value):,}"
    if limit in ("wall", "cpu"):
        return f"{value:.1f}".removesuffix(".0") + " s"
    return _size(value)


def _size(value: float) -> str:
    for unit, name in ((_GIB, "GiB"), (_MIB, "MiB")):
        if value >= unit:
            return f"{value / unit:.2f}".rstrip("0").rstrip(".") + f" {name}"
    return f"{int(value)} bytes"
