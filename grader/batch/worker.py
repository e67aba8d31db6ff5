"""A worker: a process that does stages of jobs in its open session, one after another, and tells what it does."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path

from grader.batch.job import Done, Job, Journal, Stage, cached_submission, job_fingerprint
from grader.classroom.marks import apply_marks, read_marks
from grader.classroom.rules import apply_weights, late_deduction
from grader.classroom.sheets import number_text
from grader.errors import UserError
from grader.options import Options
from grader.pipeline import Reading, judge_submission, reading_of, reference_of, report_folder
from grader.records import Entry, Match, Progress, Recording, Reference, Result
from grader.reports.files import cached_report, find_cached_report, result_json, write_result
from grader.session import Session, session_factory

_EVERY_SECONDS = 0.5
"""Between two things told: the terminal is not drawn more often."""

_LOG = logging.getLogger(__name__)


def serve(connection: Connection, options: Options, session: str) -> None:
    """Do what comes over `connection` until it ends; ends itself as soon as the batch is gone.

    `session` names what makes the session: `grader.session.session_factory`.
    """
    # Ctrl-C goes to all processes of the terminal: the batch alone answers it, and ends its workers. A handler, not
    # SIG_IGN: students' processes would inherit that.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(1))
    threading.Thread(target=_end_with_the_batch, daemon=True).start()
    _log_to(options.cache / "labgrade.log")
    teller = _Teller(connection)
    with session_factory(session)(options, teller) as opened:
        connection.send(("ready", os.getpid()))
        while True:
            try:
                stage, job = connection.recv()
            except (EOFError, OSError):
                return
            connection.send(("done", do_stage(stage, job, opened, teller)))


def _end_with_the_batch() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _log_to(path: Path) -> None:
    """Failures of labgrade's own go to the log file; the terminal is the batch's."""
    root = logging.getLogger()
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.handlers[:] = [handler]
    root.setLevel(logging.ERROR)


class _Teller:
    """Progress that goes to the batch, not more often than a person can read."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._last = 0.0

    def stage(self, name: str) -> None:
        """A stage begins: always told."""
        self._tell(name, always=True)

    def cell(self, number: int, of: int) -> None:
        """A cell begins to run."""
        self._tell(f"Code cell {number} of {of}")

    def training(self, label: str, epoch: int, epochs: int) -> None:
        """An epoch is done."""
        self._tell(f"Training {label}, epoch {epoch} of {epochs}")

    def _tell(self, text: str, always: bool = False) -> None:
        now = time.monotonic()
        if always or now - self._last > _EVERY_SECONDS:
            self._last = now
            self._connection.send(("stage", text))


@dataclass
class Timing:
    """Wall seconds by part."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what happens inside as `name`."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - began


def do_stage(stage: Stage, job: Job, session: Session, progress: Progress) -> Done:
    """Do one stage of `job`; what came of it. Never raises but for an interruption."""
    timing = Timing()
    before = session.service.trained, session.service.shared
    try:
        done = _do(stage, job, session, progress, timing)
    except _UnreadableError as error:
        return _unreadable_done(job, str(error))
    except UserError as error:
        done = Done(job.entry.name, "fatal", str(error))
    except Exception as error:  # our own fault, whatever it is: this submission waits, the others go on
        _LOG.exception("The stage %s of %s failed", stage, job.entry.name)
        done = Done(job.entry.name, "fault", f"labgrade failed by its own fault ({type(error).__name__}: {error})")
    trained, shared = session.service.trained - before[0], session.service.shared - before[1]
    return replace(done, trained=trained, shared=shared, seconds=timing.seconds)


class _UnreadableError(Exception):
    """The submission cannot be graded, by no fault of labgrade's or the teacher's."""


def _do(stage: Stage, job: Job, session: Session, progress: Progress, timing: Timing) -> Done:
    name = job.entry.name
    progress.stage("Reading")
    with timing.part("reading"):
        fingerprint = job_fingerprint(job)
        read = _read(job, stage == "record")
        report_folder(job.options.out, read.submission)
    done = Done(name, "unrecorded", rubric=read.rubric.name, fingerprint=fingerprint)
    if stage == "reference":
        with timing.part("recording"):
            reference_of(session, read.rubric, read.solution)
        return done
    with timing.part("recording"):
        reference, rerun = _recordings(stage, read, session)
    if rerun is None or reference is None:
        return done
    progress.stage("Matching and judging")
    with timing.part("judging"):
        result, match = _result(job, read, reference, rerun, session)
    if stage == "judge":
        with timing.part("writing"):
            confirmed = _confirm_report(job, result, match, reference, fingerprint)
            if not confirmed:
                write_result(result, job.folder / "result.json")
        return replace(done, outcome="graded" if confirmed else "judged", message=score_words(result))
    progress.stage("Writing the report")
    with timing.part("reporting"):
        _write(job, result, match, reference, fingerprint)
    return replace(done, outcome="graded", message=score_words(result))


def _read(job: Job, runs: bool) -> Reading:
    """The submission under its name in the class, its rubric weighted as the class wants it."""
    entry = job.entry
    if entry.problem:
        raise _UnreadableError(entry.problem)
    options = replace(job.options, rubric=job.options.rubric or job.rules.rubric)
    try:
        submission = cached_submission(Path(entry.path), job, runs)
    except UserError as error:
        raise _unreadable(error, entry) from None
    submission = submission.model_copy(update={"name": entry.name, "notes": (*submission.notes, *entry.notes)[:200]})
    try:
        read = reading_of(submission, Path(entry.path), options)
    except UserError as error:
        if options.rubric is not None:
            raise  # the rubric is the teacher's, and so is what is wrong with it
        raise _unreadable(error, entry) from None
    return replace(read, rubric=apply_weights(read.rubric, job.rules.weights))


def _unreadable(error: UserError, entry: Entry) -> _UnreadableError:
    """The message without the path on this machine."""
    return _UnreadableError(str(error).replace(f"{entry.path}: ", "").replace(entry.path, entry.name))


def _recordings(stage: Stage, read: Reading, session: Session) -> tuple[Reference | None, Recording | None]:
    """The reference first: how long a training may take rests on it."""
    reference = session.cached_reference(read.rubric, read.solution)
    if stage == "record":
        reference = reference or reference_of(session, read.rubric, read.solution)
        return reference, session.rerun(read.submission, read.rubric, read.functions, reference)
    if stage == "judge" and session.options.fresh:
        return reference, None
    return reference, session.cached_rerun(read.submission, read.rubric, read.functions)


def _result(job: Job, read: Reading, reference: Reference, rerun: Recording, session: Session) -> tuple[Result, Match]:
    result, match = judge_submission(read, reference, rerun, session.effort)
    result = apply_marks(result, read_marks(job.folder))
    late = late_deduction(job.entry, job.rules, result.score)
    return (result.model_copy(update={"deductions": (late,)}) if late else result), match


def _write(job: Job, result: Result, match: Match, reference: Reference, fingerprint: str) -> None:
    """Write the report, and then the journal."""
    if not _confirm_report(job, result, match, reference, fingerprint):
        today = date.today()
        cached_report(result, match, reference, job.folder, today, job.options.cache / "reports")
        Journal(job.options.out).write(job.entry.name, fingerprint, True, score_words(result), today.isoformat())


def _confirm_report(job: Job, result: Result, match: Match, reference: Reference, fingerprint: str) -> bool:
    """Keep the report that lies there, with its day, if it says all of this already; whether it does."""
    journal = Journal(job.options.out)
    day = journal.day(job.entry.name)
    if not day or not _holds(result, job.folder / "result.json"):
        return False
    manifests = job.options.cache / "reports"
    if find_cached_report(result, match, reference, job.folder, date.fromisoformat(day), manifests) is None:
        return False
    journal.write(job.entry.name, fingerprint, True, score_words(result), day)
    return True


def _holds(result: Result, path: Path) -> bool:
    try:
        return path.read_bytes() == result_json(result).encode()
    except OSError:
        return False


def _unreadable_done(job: Job, message: str) -> Done:
    """A submission that cannot be read is finished, too, until it changes."""
    journal = Journal(job.options.out)
    journal.remove_report(job.entry.name)
    fingerprint = job_fingerprint(job)
    journal.write(job.entry.name, fingerprint, False, message, "")
    return Done(job.entry.name, "failed", message, fingerprint=fingerprint)


def score_words(result: Result) -> str:
    """A result in one line: `9.75 of 11.5 decided points; 8.5 await the teacher`."""
    score = result.score
    text = f"{number_text(result.final)} of {number_text(score.decided)} decided points"
    if result.deducted:
        text += f" ({number_text(result.deducted)} off for being late)"
    return text + (f"; {number_text(score.awaiting)} await the teacher" if score.awaiting else "")
