"""The functions of one submission: called in a confined process on behalf of a lab's cases, and how they did.

A process over which a call is lost is replaced by one that only defines.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from grader.functions.calls import Argument, CallsExhaustedError, Reply, Returned
from grader.functions.candidates import Candidate, FunctionPlan
from grader.functions.judgement import FunctionJudgement, judge_functions
from grader.functions.loading import CaseFile
from grader.probe import descriptions
from grader.probe.messages import Call, CallAnswered, CallArgument, CandidateJob, Enough, FunctionsReady, RunDefinitions
from grader.recorder.connection import ClockedProcess, ForgedError, Process, receive_message, send_message
from grader.recorder.event_log import EventLog
from grader.records import FunctionTested
from grader.sandbox.frames import Array, FrameError

CALL_SECONDS, PROBE_SECONDS = 5.0, 2.0
"""Processor time for one call: of a case, and of a probe for the right function."""
WALL_FACTOR = 3
"""Wall seconds that a call may take for each second of processor time that it may take."""
_GRACE_SECONDS = 2.0
"""Beyond its own limit on the wall clock, until a process that does not answer is killed."""
_START_SECONDS = 60.0
_MOST_BYTES = 4 << 20
_MOST_STUCK = 2
_MOST_PROCESSES = 12
LEAST_SECONDS, MOST_SECONDS = 30.0, 240.0
"""For all calls together; between these, as long as the code itself may run."""
_MOST_STRAY = 200
"""Other messages that a process may send before its answer: a student's threads may go on printing."""


class FunctionCaller:
    """Calls to functions, over as many processes as it takes. A `Caller`.

    `process` is one that has run the whole submission and waits for calls, or `None`; `fresh` starts another, which
    runs only the definitions of the plan.
    """

    def __init__(
        self, plan: FunctionPlan, process: Process | None, fresh: Callable[[], Process], seconds: float = MOST_SECONDS
    ) -> None:
        self._plan = plan
        self._process = process
        self._fresh = fresh
        self._started = 0
        self._number = 0
        self._stuck: Counter[tuple[int, bool]] = Counter()
        self._seconds = min(max(seconds, LEAST_SECONDS), MOST_SECONDS)
        self._until = time.monotonic() + self._seconds

    def call(self, candidate: Candidate, arguments: Sequence[Argument], seed: int, probing: bool) -> Reply:
        """The reply to one call. Raises `CallsExhaustedError`."""
        seconds = PROBE_SECONDS if probing else CALL_SECONDS
        if self._stuck[candidate.id, probing] >= _MOST_STUCK:
            return Reply("not tried")
        if time.monotonic() > self._until:
            raise CallsExhaustedError(f"the functions together took longer than {self._seconds:.0f} seconds")
        process = self._process or self._started_anew()
        self._number += 1
        call, arrays = _call(candidate, arguments, self._number, seed, seconds)
        try:
            send_message(process.channel, call, arrays, timeout=WALL_FACTOR * seconds + _GRACE_SECONDS)
            reply = self._reply(process, seconds)
        except TimeoutError:
            reply = self._lost(Reply("too long", seconds=seconds))
        except (EOFError, ConnectionError, FrameError, ForgedError):
            reply = self._lost(Reply("ended"))
        if reply.status in ("too long", "ended"):
            self._stuck[candidate.id, probing] += 1
        return reply

    def close(self) -> None:
        """Let the process go on, or end it."""
        if self._process is not None:
            with suppress(OSError, TimeoutError):
                send_message(self._process.channel, Enough(), timeout=_GRACE_SECONDS)
            if self._started:
                self._process.kill()
            self._process = None

    @property
    def first_lives(self) -> bool:
        """Whether the process that it began with was not replaced."""
        return self._started == 0 and self._process is not None

    def _lost(self, reply: Reply) -> Reply:
        if self._process is not None:
            self._process.kill()
        self._process = None
        return reply

    def _started_anew(self) -> Process:
        if self._started >= _MOST_PROCESSES:
            raise CallsExhaustedError(f"its functions ended {_MOST_PROCESSES} processes")
        self._started += 1
        process = self._fresh()
        try:
            send_message(process.channel, definitions_job(self._plan))
            self._await_ready(process)
        except (EOFError, ConnectionError, FrameError, ForgedError, TimeoutError) as error:
            process.kill()
            raise CallsExhaustedError("its definitions could not be run by themselves") from error
        self._process = process
        return process

    def _await_ready(self, process: Process) -> None:
        deadline = time.monotonic() + _START_SECONDS
        for _ in range(_MOST_STRAY):
            message, _ = receive_message(process.channel, max(0.01, deadline - time.monotonic()))
            if isinstance(message, FunctionsReady):
                return
        raise ForgedError("messages where readiness was awaited")

    def _reply(self, process: Process, seconds: float) -> Reply:
        deadline = time.monotonic() + WALL_FACTOR * seconds + _GRACE_SECONDS
        for _ in range(_MOST_STRAY):
            message, arrays = receive_message(process.channel, max(0.01, deadline - time.monotonic()))
            if isinstance(message, CallAnswered) and message.call == self._number:
                return reply_of(message, arrays, seconds)
        raise ForgedError("messages where an answer was awaited")


def definitions_job(plan: FunctionPlan) -> RunDefinitions:
    """The job of a process that only defines."""
    sources = (statement for definition in plan.definitions for statement in definition.statements)
    return RunDefinitions(definitions=tuple(sources), functions=candidate_jobs(plan))


def candidate_jobs(plan: FunctionPlan) -> tuple[CandidateJob, ...]:
    """The candidates as the probe takes them."""
    last = {candidate.name.partition(".")[0]: candidate.source for candidate in plan.candidates}
    return tuple(
        CandidateJob(name=one.name, source=one.source, last=last[one.name.partition(".")[0]] == one.source)
        for one in plan.candidates
    )


def _call(
    candidate: Candidate, arguments: Sequence[Argument], number: int, seed: int, seconds: float
) -> tuple[Call, list[Array]]:
    """A call, and the arrays among its arguments."""
    arrays: list[Array] = []
    given: list[CallArgument] = []
    for at, argument in enumerate(arguments):
        parameter, value, array = argument.parameter, argument.value, None
        if isinstance(value, np.ndarray):
            array, value = len(arrays), None
            arrays.append(argument.value)
        given.append(
            CallArgument(
                name=parameter.name,
                place="constructor" if parameter.constructor else "call",
                # What stands before a parameter that is left out has to be named.
                keyword=parameter.keyword_only or not _given_before(candidate, parameter.name, arguments[:at]),
                array=array,
                value=list(value) if isinstance(value, tuple) else value,
            )
        )
    call = Call(
        call=number,
        candidate=candidate.id,
        arguments=tuple(given),
        seed=seed,
        seconds=seconds,
        wall=WALL_FACTOR * seconds,
        most_bytes=_MOST_BYTES,
    )
    return call, arrays


def _given_before(candidate: Candidate, name: str, before: Sequence[Argument]) -> bool:
    """Whether every parameter that stands before `name` gets a value."""
    given = {argument.parameter.name for argument in before}
    known = [parameter.name for parameter in candidate.parameters]
    return name not in known or all(one in given for one in known[: known.index(name)])


def reply_of(answer: CallAnswered, arrays: Sequence[Array], seconds: float) -> Reply:
    """The reply that an answer and its arrays make. Raises `ForgedError` where they do not go together."""
    if answer.after > len(arrays) or sum(array.nbytes for array in arrays) > 8 * _MOST_BYTES:
        raise ForgedError("an answer with the wrong arrays")
    returned = len(arrays) - answer.after
    return Reply(
        answer.status,
        _returned(answer.value),
        arrays[:returned],
        arrays[returned:],
        error=_one_line(answer.error),
        message=_one_line(answer.message),
        text=_one_line(answer.text),
        seconds=seconds,
    )


def _returned(value: descriptions.Returned) -> Returned:
    if isinstance(value, descriptions.ArrayReturned):
        return Returned("array", value.type, array=value.array)
    if isinstance(value, descriptions.ItemsReturned):
        return Returned("items", value.type, items=tuple(_returned(item) for item in value.items))
    if isinstance(value, descriptions.OtherReturned):
        return Returned("other", value.type)
    return Returned("none")


def _one_line(text: str) -> str:
    return " ".join(text.split())


@dataclass
class FunctionHandler:
    """Judges the functions of a plan by a lab's cases."""

    cases: CaseFile
    plan: FunctionPlan
    fresh: Callable[[], Process]
    """Starts another confined process."""
    seconds: float = MOST_SECONDS
    """How long the submission's own code may run."""
    done: bool = False
    first_lives: bool = False
    """After `judge`: whether the process that it was given was not lost over a call."""

    def judge(self, process: ClockedProcess | None, log: EventLog) -> None:
        """Append a `FunctionTested` for each question to `log`.

        `process` has run the submission and waits for calls, each of which has its own limit; `None` when it ended
        before: then the definitions alone are run, in another.
        """
        self.done = True
        caller = FunctionCaller(self.plan, process, self.fresh, self.seconds)
        if process is not None:
            process.pause_clock()
        try:
            judged = judge_functions(caller, self.cases, self.plan.candidates)
            self.first_lives = caller.first_lives
        finally:
            caller.close()
            if process is not None:
                process.resume_clock()
        for one in judged:
            log.add(_event(one, log.next_seq, self.plan.computing.get(one.question)))


def _event(judged: FunctionJudgement, seq: int, computing: int | None) -> FunctionTested:
    choice = judged.choice
    if choice is None:
        return FunctionTested(seq=seq, cell=-1, question=judged.question, computing=computing, trouble=judged.trouble)
    candidate = choice.binding.candidate
    return FunctionTested(
        seq=seq,
        cell=candidate.cell,
        question=judged.question,
        function=candidate.name,
        line=candidate.line,
        called=choice.binding.written,
        reason=choice.reason,
        remarks=judged.remarks,
        cases=judged.cases,
        trouble=judged.trouble,
    )
