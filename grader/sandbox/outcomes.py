"""The host's reading of how a run ended, from what its supervisor says and the last words on its output."""

from __future__ import annotations

import signal
from typing import Any

from grader.records.recording import Outcome
from grader.sandbox.contract import Limits
from grader.sandbox.supervision.verdicts import out_of_memory

_TAIL = 4096
_NO_MEMORY = (b"std::bad_alloc", b"Cannot allocate memory", b"OOM when allocating", b"out of memory")
_NO_THREAD = (b"Thread creation failed", b"pthread_create", b"Resource temporarily unavailable")


def outcome_of(ended: dict[str, Any], output: bytes, limits: Limits) -> Outcome:
    """The outcome of a run whose supervisor said `ended` and which wrote `output` to its standard streams.

    C++ libraries abort where memory or threads are refused, and say so on the error stream. Those words are the
    student process's: they only tell one early end from another, which costs and earns the same.
    """
    known = {name: ended.get(name) for name in ("limit", "observed", "allowed")}
    outcome = Outcome(status=ended["status"], message=ended["message"], seconds=ended["seconds"], **known)
    if outcome.status != "crashed" or not ended.get("aborted"):
        return outcome
    tail = output[-_TAIL:]
    if any(words in tail for words in _NO_MEMORY):
        verdict = out_of_memory(-signal.SIGABRT, ended["peak_bytes"], limits)
        told = {"status": verdict.status, "message": verdict.message, "limit": "memory"}
        return outcome.model_copy(update={**told, "observed": verdict.observed, "allowed": verdict.allowed})
    if any(words in tail for words in _NO_THREAD):
        message = f"It could not start another thread; {limits.processes} processes and threads are allowed."
        allowed = float(limits.processes)
        return outcome.model_copy(
            update={"status": "killed", "message": message, "limit": "processes", "allowed": allowed}
        )
    return outcome
