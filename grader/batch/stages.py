"""The stages of one submission's job, each a function of the job and of an open workshop."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from grader.batch.basis import basis_of
from grader.batch.job import Done, Job, Stage
from grader.batch.journal import Journal
from grader.batch.readings import kept_submission
from grader.classes.lateness import late_deduction
from grader.classes.sheets import number_text
from grader.classes.weights import weighted_rubric
from grader.errors import UserError
from grader.pipeline import Reading, judged, reading_of, report_folder
from grader.records.match import Match, Reference
from grader.records.progress import Progress
from grader.records.recording import Recording
from grader.records.result import Result
from grader.records.roster import Entry
from grader.reports.kept import current_report, kept_report
from grader.reports.tables import result_json, write_result
from grader.reviews.marks import read_marks, with_marks
from grader.workshop import Workshop

log = logging.getLogger(__name__)


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


def stage_done(stage: Stage, job: Job, shop: Workshop, progress: Progress) -> Done:
    """Do one stage of `job`; what came of it. Never raises but for an interruption."""
    timing = Timing()
    before = shop.service.trained, shop.service.shared
    try:
        done = _done(stage, job, shop, progress, timing)
    except _UnreadableError as error:
        return _failed(job, str(error))
    except UserError as error:
        done = Done(job.entry.name, "fatal", str(error))
    except Exception as error:  # our own fault, whatever it is: this submission waits, the others go on
        log.exception("The stage %s of %s failed", stage, job.entry.name)
        done = Done(job.entry.name, "fault", f"labgrade failed by its own fault ({type(error).__name__}: {error})")
    trained, shared = shop.service.trained - before[0], shop.service.shared - before[1]
    return replace(done, trained=trained, shared=shared, seconds=timing.seconds)


class _UnreadableError(Exception):
    """The submission cannot be graded, by no fault of labgrade's or the teacher's."""


def _done(stage: Stage, job: Job, shop: Workshop, progress: Progress, timing: Timing) -> Done:
    name = job.entry.name
    progress.stage("Reading")
    with timing.part("reading"):
        basis = basis_of(job)
        read = _read(job, stage == "record")
        report_folder(job.options.out, read.submission)
    done = Done(name, "unrecorded", rubric=read.rubric.name, basis=basis)
    if stage == "reference":
        with timing.part("recording"):
            shop.reference(read.rubric, read.solution)
        return done
    with timing.part("recording"):
        reference, rerun = _recorded(stage, read, shop)
    if rerun is None or reference is None:
        return done
    progress.stage("Matching and judging")
    with timing.part("judging"):
        result, match = _result(job, read, reference, rerun, shop)
    if stage == "judge":
        with timing.part("writing"):
            stands = _stands(job, result, match, reference, basis)
            if not stands:
                write_result(result, job.folder / "result.json")
        return replace(done, outcome="graded" if stands else "judged", message=score_words(result))
    progress.stage("Writing the report")
    with timing.part("reporting"):
        _write(job, result, match, reference, basis)
    return replace(done, outcome="graded", message=score_words(result))


def _read(job: Job, runs: bool) -> Reading:
    """The submission under its name in the class, its rubric weighted as the class wants it."""
    entry = job.entry
    if entry.problem:
        raise _UnreadableError(entry.problem)
    options = replace(job.options, rubric=job.options.rubric or job.rules.rubric)
    try:
        submission = kept_submission(Path(entry.path), job, runs)
    except UserError as error:
        raise _unreadable(error, entry) from None
    submission = submission.model_copy(update={"name": entry.name, "notes": (*submission.notes, *entry.notes)[:200]})
    try:
        read = reading_of(submission, Path(entry.path), options)
    except UserError as error:
        if options.rubric is not None:
            raise  # the rubric is the teacher's, and so is what is wrong with it
        raise _unreadable(error, entry) from None
    return replace(read, rubric=weighted_rubric(read.rubric, job.rules.weights))


def _unreadable(error: UserError, entry: Entry) -> _UnreadableError:
    """The message without the path on this machine."""
    return _UnreadableError(str(error).replace(f"{entry.path}: ", "").replace(entry.path, entry.name))


def _recorded(stage: Stage, read: Reading, shop: Workshop) -> tuple[Reference | None, Recording | None]:
    """The reference first: how long a training may take rests on it."""
    reference = shop.known_reference(read.rubric, read.solution)
    if stage == "record":
        reference = reference or shop.reference(read.rubric, read.solution)
        return reference, shop.rerun(read.submission, read.rubric, read.functions)
    if stage == "judge" and shop.options.fresh:
        return reference, None
    return reference, shop.known_rerun(read.submission, read.rubric, read.functions)


def _result(job: Job, read: Reading, reference: Reference, rerun: Recording, shop: Workshop) -> tuple[Result, Match]:
    result, match = judged(read, reference, rerun, shop.effort)
    result = with_marks(result, read_marks(job.folder))
    late = late_deduction(job.entry, job.rules, result.score)
    return (result.model_copy(update={"deductions": (late,)}) if late else result), match


def _write(job: Job, result: Result, match: Match, reference: Reference, basis: str) -> None:
    """The report, and then the journal."""
    if not _stands(job, result, match, reference, basis):
        today = date.today()
        current_report(result, match, reference, job.folder, today, job.options.cache / "reports")
        Journal(job.options.out).write(job.entry.name, basis, True, score_words(result), today.isoformat())


def _stands(job: Job, result: Result, match: Match, reference: Reference, basis: str) -> bool:
    """Whether the report that lies there says all of this already. It keeps its day, and the journal its new basis."""
    journal = Journal(job.options.out)
    day = journal.day(job.entry.name)
    if not day or not _is_written(result, job.folder / "result.json"):
        return False
    ledger = job.options.cache / "reports"
    if kept_report(result, match, reference, job.folder, date.fromisoformat(day), ledger) is None:
        return False
    journal.write(job.entry.name, basis, True, score_words(result), day)
    return True


def _is_written(result: Result, path: Path) -> bool:
    try:
        return path.read_bytes() == result_json(result).encode()
    except OSError:
        return False


def _failed(job: Job, message: str) -> Done:
    """A submission that cannot be read is finished, too, until it changes."""
    journal = Journal(job.options.out)
    journal.remove_report(job.entry.name)
    basis = basis_of(job)
    journal.write(job.entry.name, basis, False, message, "")
    return Done(job.entry.name, "failed", message, basis=basis)


def score_words(result: Result) -> str:
    """A result in one line: `9.75 of 11.5 decided points; 8.5 await the teacher`."""
    score = result.score
    text = f"{number_text(result.final)} of {number_text(score.decided)} decided points"
    if result.deducted:
        text += f" ({number_text(result.deducted)} off for being late)"
    return text + (f"; {number_text(score.awaiting)} await the teacher" if score.awaiting else "")
