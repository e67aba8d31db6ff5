"""A batch: the roster's submissions through the workers, in the order that shows results soonest; how long it takes."""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Generic, Protocol

from grader.batch.job import Done, Job, Journal, Note, Stage, job_fingerprint
from grader.batch.workers import W, Worker, Workers
from grader.errors import LabgradeError, UserError

log = logging.getLogger(__name__)

_ORDER: tuple[Stage, ...] = ("judge", "reference", "render", "record")
"""What is short and shows something comes first."""

_ATTEMPTS = 3
"""A worker may die for want of memory that another took, twice even; a stage that kills three is to blame itself."""
_PATIENCE: dict[Stage, float] = {"judge": 300.0, "render": 600.0}
"""Seconds after which a stage without student code is taken to hang. Recording has limits of its own."""
_POLL_SECONDS = 0.5
"""How often the terminal is drawn anew while nothing happens."""

_REMEMBERED = 12
"""Stages that an estimate rests on: enough to even hand-ins out, few enough to follow a class that gets faster as its
trainings are shared."""


class Estimate:
    """Seconds of the last stages of each kind."""

    def __init__(self) -> None:
        self._seconds: dict[Stage, deque[float]] = defaultdict(lambda: deque(maxlen=_REMEMBERED))

    def add(self, stage: Stage, seconds: float) -> None:
        """A stage took so long."""
        self._seconds[stage].append(seconds)

    def seconds_left(self, waiting: Mapping[Stage, int], running: Mapping[Stage, float], workers: int) -> float | None:
        """Seconds until everything is done; `None` while a kind of stage that waits has not been measured.

        `waiting` counts stages that have not begun; `running` holds, of those that have, the seconds already spent.
        """
        total = 0.0
        for stage, count in waiting.items():
            if count and not self._seconds[stage]:
                return None
            total += count * fmean(self._seconds[stage]) if count else 0.0
        for stage, spent in running.items():
            if self._seconds[stage]:
                total += max(0.0, fmean(self._seconds[stage]) - spent)
        return total / max(1, workers)


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `2 h 05 min`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


@dataclass
class State:
    """Where a batch stands."""

    total: int
    cached: int = 0
    """Finished before this run, with nothing changed that it rests on."""
    done: int = 0
    failed: int = 0
    """Not gradable: unreadable, or labgrade's own fault."""
    left: int = 0
    """Not finished yet."""
    judged: int = 0
    """Results that are written while their reports are still to be rendered."""
    seconds_left: float | None = None
    """Until everything is done; `None` while that cannot be told."""
    trained: int = 0
    """Trainings that were run."""
    shared: int = 0
    """Trainings that were answered from the store."""


class Watcher(Protocol):
    """Shows a teacher how a batch gets on."""

    def begin(self, state: State, workers: int) -> None:
        """Say what there is to do, by how many workers at most."""

    def show_workers(self, state: State, workers: Sequence[Worker]) -> None:
        """Show what each does now: called every half second."""

    def show_results(self, state: State) -> None:
        """Say that the gradebook holds every result that rests on stored recordings; reports follow."""

    def show_finished(self, done: Done, state: State) -> None:
        """Say what came of a submission: its report is written, or it is known why there is none."""


@dataclass
class Run(Generic[W]):
    """The stages that wait, and what came of those that are done."""

    jobs: dict[str, Job]
    journal: Journal
    workers: Workers[W]
    watcher: Watcher
    save: Callable[[bool], None] = lambda _: None
    """Called after every finished submission, and with `True` as soon as what can be judged at once has been."""
    state: State = field(default_factory=lambda: State(0))
    judged: set[str] = field(default_factory=set)
    """Submissions whose result is written and whose report is still to be rendered."""
    faults: dict[str, str] = field(default_factory=dict)
    """Submissions that failed by labgrade's own fault: they are tried again by the next run."""
    _queues: dict[Stage, deque[str]] = field(default_factory=lambda: {stage: deque() for stage in _ORDER})
    _attempts: Counter[str] = field(default_factory=Counter)
    _ready: set[str] = field(default_factory=set)
    """Rubrics whose reference is recorded."""
    _held: dict[str, list[str]] = field(default_factory=dict)
    """Rubric -> submissions that are to run as soon as its reference is recorded."""
    _estimate: Estimate = field(default_factory=Estimate)
    _idle_deaths: int = 0
    _told: bool = False

    def go(self) -> State:
        """Grade what is not finished. Raises `UserError` when the teacher has to mend something first."""
        self.state = State(total=len(self.jobs))
        self.journal.clean(self.jobs)
        for name, job in self.jobs.items():
            note = self._cached_note(job)
            if note is not None:
                self.state.cached += 1
                self.state.failed += not note.graded
                self.state.done += note.graded
            else:
                self.workers.prepare()
                self._queues["judge"].append(name)
                self.state.left += 1
        self.watcher.begin(self.state, self.workers.size)
        while self.state.left:
            self._feed()
            for worker, done in list(self.workers.events(_POLL_SECONDS)):
                if done is None:
                    self._replace(worker)
                else:
                    self._advance(worker, done)
            self._tell_results()
            self._end_what_hangs()
            self.workers.look()
            self.state.seconds_left = self._seconds_left()
            self.watcher.show_workers(self.state, self.workers.present)
        return self.state

    def _cached_note(self, job: Job) -> Note | None:
        """What is noted of finished work that still stands."""
        name = job.entry.name
        if job.options.fresh or self.journal.fingerprint(name) != job_fingerprint(job):
            return None
        return self.journal.note(name)

    def _tell_results(self) -> None:
        """The gradebook does not wait for reports: a teacher who has edited the rubric looks at it first."""
        judging = any(worker.task is not None and worker.task[0] == "judge" for worker in self.workers.present)
        if self._told or not self.judged or self._queues["judge"] or judging:
            return
        self._told = True
        self.save(True)
        self.watcher.show_results(self.state)

    def _feed(self) -> None:
        waiting = sum(len(queue) for queue in self._queues.values())
        busy = sum(worker.task is not None for worker in self.workers.present)
        self.workers.grow(waiting + busy)
        for worker in self.workers.idle():
            stage = next((stage for stage in _ORDER if self._queues[stage]), None)
            if stage is None:
                return
            name = self._queues[stage].popleft()
            self.workers.give(worker, stage, self.jobs[name])

    def _advance(self, worker: W, done: Done) -> None:
        """A worker has finished a stage: what comes next for that submission."""
        assert worker.task is not None
        (stage, _), worker.task = worker.task, None
        worker.doing = "Waiting"
        self._estimate.add(stage, time.monotonic() - worker.began)
        self.state.trained += done.trained
        self.state.shared += done.shared
        if done.outcome == "fatal":
            raise UserError(done.message)
        if done.outcome == "fault" and self._attempts[done.name] + 1 < _ATTEMPTS:
            self._attempts[done.name] += 1
            self._queues[stage].append(done.name)
            self.workers.drop(worker)  # what failed may be its warm server: the next attempt has a new one
        elif stage == "reference":
            self._reference_done(done)
        elif done.outcome == "unrecorded":
            self._hold(done)
        elif done.outcome == "judged":
            self._queues["render"].append(done.name)
            self.judged.add(done.name)
            self.state.judged = len(self.judged)
        else:
            self._finish(done)

    def _reference_done(self, done: Done) -> None:
        if done.outcome != "unrecorded":
            raise LabgradeError(f"the reference could not be recorded: {done.message}")
        self._ready.add(done.rubric)
        self._queues["record"].extend(self._held.pop(done.rubric, []))

    def _hold(self, done: Done) -> None:
        """It has to run: as soon as the reference is there, since that decides how long its trainings may take."""
        if done.rubric in self._ready:
            self._queues["record"].append(done.name)
        elif done.rubric in self._held:
            self._held[done.rubric].append(done.name)
        else:
            self._held[done.rubric] = [done.name]
            self._queues["reference"].append(done.name)

    def _finish(self, done: Done) -> None:
        self.state.left -= 1
        self.judged.discard(done.name)
        self.state.judged = len(self.judged)
        if done.outcome == "graded":
            self.state.done += 1
        else:
            self.state.failed += 1
            if done.outcome == "fault":
                self.faults[done.name] = done.message
                self.journal.remove_report(done.name)
        self.state.seconds_left = self._seconds_left()
        self.save(False)
        self.watcher.show_finished(done, self.state)

    def _replace(self, worker: W) -> None:
        """A worker is gone, by a signal or for want of memory: its stage is done again, by another."""
        task = worker.task
        self.workers.drop(worker)
        if task is None:
            self._idle_deaths += 1
            if self._idle_deaths > 2 * _ATTEMPTS + self.workers.size:
                raise LabgradeError("the worker processes end as soon as they start; the log may say why")
            return
        stage, job = task
        name = job.entry.name
        self._attempts[name] += 1
        if self._attempts[name] < _ATTEMPTS or stage == "reference":
            self._queues[stage].appendleft(name)
        else:
            message = f"its process died {_ATTEMPTS} times; run the same command again to try once more"
            self._finish(Done(name, "fault", message))

    def _end_what_hangs(self) -> None:
        now = time.monotonic()
        for worker in list(self.workers.present):
            if worker.task is not None and now - worker.began > _PATIENCE.get(worker.task[0], float("inf")):
                log.error("stage %s of %s hangs", worker.task[0], worker.task[1].entry.name)
                self._replace(worker)

    def _seconds_left(self) -> float | None:
        now = time.monotonic()
        waiting: dict[Stage, int] = {stage: len(queue) for stage, queue in self._queues.items()}
        waiting["record"] += sum(len(held) for held in self._held.values())
        running = {worker.task[0]: now - worker.began for worker in self.workers.present if worker.task is not None}
        return self._estimate.seconds_left(waiting, running, min(self.workers.size, max(1, self.state.left)))
