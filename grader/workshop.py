"""The workshop: the warm server, the trainer, the data sets and the stores, each started only when it is needed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from grader.datasets.dataset import Dataset
from grader.datasets.fingerprints import Fingerprints, dataset_fingerprints
from grader.datasets.sources import load_dataset
from grader.errors import UserError
from grader.functions.work import FunctionWork
from grader.options import Options, effective_limits
from grader.recorder.data import DataDesk
from grader.recorder.functions.desk import FunctionDesk
from grader.recorder.host import Recorded, Recorder, jobs
from grader.recorder.line import StudentProcess
from grader.recorder.outcomes import is_settled, may_be_ours, solution_fault
from grader.recorder.reference import SEEDS, seeded_reference, training_seconds
from grader.recorder.store import RecordingStore, code_digest, student_libraries
from grader.recorder.trainings import TrainingDesk
from grader.records.match import Reference
from grader.records.progress import Progress
from grader.records.recording import Outcome, Recording
from grader.records.result import Effort
from grader.records.rubric import Rubric
from grader.records.submission import Submission
from grader.sandbox.chosen import SandboxServer
from grader.sandbox.contract import Limits
from grader.training.budget.limits import Budget, chosen_budget
from grader.training.plain import canonical_digest
from grader.training.pool import DataPool
from grader.training.service import TrainingService, library_versions
from grader.training.spec import Runtime
from grader.training.store import TrainingStore

_NVIDIA = Path("/dev/nvidia0")
_CODE = ("recorder", "training", "sandbox", "datasets")


class Workshop:
    """Records submissions and references. A context manager: nothing of it outlives the `with`."""

    def __init__(self, options: Options, progress: Progress) -> None:
        self.options = options
        self._warm: SandboxServer | None = None
        self.device = self._detected_device()
        self.effort: Effort = options.effort or ("quick" if self.device == "cpu" else "full")
        self._sample: str = self.effort
        """Which share of the rows trainings see: that of the effort, or of a glance."""
        self._progress = progress
        self._pool = DataPool()
        self._recordings = RecordingStore(options.cache / "recordings", self._data_digest)
        self._references: dict[str, Reference] = {}
        self._datasets: dict[str, Dataset] = {}
        self._prints: dict[str, Fingerprints] = {}
        runtime = Runtime(self.device, options.threads, library_versions())
        self.service = self._training_service(TrainingStore(options.cache / "trainings"), runtime)

        self.service.budget = chosen_budget(options.budget)

    def _training_service(self, store: TrainingStore, runtime: Runtime) -> TrainingService:
        """Who answers trainings: here the trainer of this machine."""
        return TrainingService(store, self._start_trainer, self._pool, runtime)

    def __enter__(self) -> Workshop:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.service.close()
        if self._warm is not None:
            self._warm.close()

    def reference(self, rubric: Rubric, solution: Submission) -> Reference:
        """The reference of `rubric`, from the store when nothing it rests on has changed; recorded once at most."""
        self._allow(rubric)
        key = self._reference_key(rubric, solution)
        if key not in self._references:
            with self._recordings.lock(key):
                known = None if self.options.fresh else self._recordings.get(key, Reference)
                self._references[key] = known or self._recorded_reference(key, rubric, solution)
        return self._with_limit(rubric, self._references[key])

    def _allow(self, rubric: Rubric) -> None:
        """Trainings may cost what the rubric and the command line say."""
        service, budget = self.service, chosen_budget(rubric.training, self.options.budget)
        if budget.memory_bytes != service.budget.memory_bytes:
            # the trainer's process got its limit when it began
            service.close()
        service.budget, service.limit_seconds, service.all_seconds = budget, budget.seconds, budget.all_seconds

    def _with_limit(self, rubric: Rubric, reference: Reference) -> Reference:
        """Trainings may take as long as was chosen, else as the reference's own ask for."""
        service, chosen = self.service, (rubric.training, self.options.budget)
        one, together = training_seconds(reference, service.budget.seconds, service.budget.all_seconds)
        if all(choice.time is None for choice in chosen):
            service.limit_seconds = one
        if all(choice.all_time is None for choice in chosen):
            service.all_seconds = together
        return reference

    def known_reference(self, rubric: Rubric, solution: Submission) -> Reference | None:
        """The reference if it is at hand; nothing is run."""
        self._allow(rubric)
        key = self._reference_key(rubric, solution)
        known = self._references.get(key) or self._recordings.get(key, Reference)
        if known is None:
            return None
        self._references[key] = known
        return self._with_limit(rubric, known)

    def _reference_key(self, rubric: Rubric, solution: Submission) -> str:
        """Titles, points and criteria are no part of it: only which models are seeded."""
        models = sorted({question.model for question in rubric.questions if question.model})
        return self._key("reference", rubric, solution, rubric.name, models, SEEDS[self.effort])

    def _recorded_reference(self, key: str, rubric: Rubric, solution: Submission) -> Reference:
        self._progress.stage("Recording the reference solution")
        recorded, desk = self._record(solution, rubric)
        failed = [event for event in recorded.recording.events if event.kind == "failed"]
        if failed or recorded.recording.outcome.status != "finished":
            raise UserError(solution_fault(rubric, solution, recorded.recording))
        reference = seeded_reference(rubric, recorded, desk, self.effort, self._progress)
        reference = reference.model_copy(update={"recording": self._described(reference.recording)})
        self._recordings.put(key, reference, recorded.asked.difference(rubric.datasets))
        return reference

    def rerun(self, submission: Submission, rubric: Rubric, functions: FunctionWork | None = None) -> Recording:
        """What happens when `submission` runs and its `functions` are tried, from the store when nothing it rests on
        has changed."""
        if reason := _unrun_reason(submission, self.options):
            return self._unrun(reason)
        key = self._rerun_key(submission, rubric, functions)
        with self._recordings.lock(key):
            known = None if self.options.fresh else self._recordings.get(key, Recording)
            if known is not None:
                return known
            self._progress.stage("Running the submission")
            recorded, _ = self._record(submission, rubric, functions)
            if may_be_ours(recorded.recording):
                recorded, _ = self._record(submission, rubric, functions)
            recording = self._described(recorded.recording)
            place = key if is_settled(recording) else f"{key}-unsettled"
            self._recordings.put(place, recording, recorded.asked.difference(rubric.datasets))
            return recording

    @contextmanager
    def glance(self) -> Iterator[None]:
        """Inside, trainings of a rerun see one row in a hundred: enough to see that they happen, and how."""
        self._sample = "glance"
        try:
            yield
        finally:
            self._sample = self.effort

    def known_rerun(
        self, submission: Submission, rubric: Rubric, functions: FunctionWork | None = None
    ) -> Recording | None:
        """The rerun if it is at hand, settled or not (`labgrade batch` repeats neither); nothing is run."""
        if reason := _unrun_reason(submission, self.options):
            return self._unrun(reason)
        key = self._rerun_key(submission, rubric, functions)
        return self._recordings.get(key, Recording) or self._recordings.get(f"{key}-unsettled", Recording)

    def _unrun(self, reason: str) -> Recording:
        outcome = Outcome(status="not run", message=reason)
        return Recording(testimony="rerun", outcome=outcome, environment={"effort": self.effort})

    def _rerun_key(self, submission: Submission, rubric: Rubric, functions: FunctionWork | None) -> str:
        more = [*functions.key, code_digest(("functions",))] if functions else []
        return self._key("rerun", rubric, submission, *more)

    def _record(
        self, submission: Submission, rubric: Rubric, functions: FunctionWork | None = None
    ) -> tuple[Recorded, TrainingDesk]:
        server = self._server()
        data = DataDesk(self._pool, self._asked_dataset, self._fingerprints)
        for name in rubric.datasets:
            data.dataset(name)
        desk = TrainingDesk(self.service, self._pool, data, self._sample)
        recorder = Recorder(submission.run_cells, desk, data, self._pool, self._progress, submission.data)

        def student() -> StudentProcess:
            return server.student(self._limits(rubric), threads=self.options.threads)

        wall = self._limits(rubric).wall_seconds
        tests = FunctionDesk(functions.new_cases(), functions.plan, student, wall) if functions else None
        first = student()
        try:
            return recorder.record(first, self._sample, self.options.threads, tests), desk
        finally:
            first.close()

    def _limits(self, rubric: Rubric) -> Limits:
        return effective_limits(rubric.limits, self.options.limits)

    def _described(self, recording: Recording) -> Recording:
        """`recording` with what it was made with."""
        environment: dict[str, Any] = {
            "effort": self.effort,
            "device": self.device,
            "threads": self.options.threads,
            "sandbox": self._server().provider,
            "standin": any(self._datasets[name].standin for name in recording.data_sources if name in self._datasets),
            "python": ".".join(str(part) for part in sys.version_info[:3]),
            **dict(library_versions()),
        }
        return recording.model_copy(update={"environment": environment})

    def _key(self, kind: str, rubric: Rubric, submission: Submission, *more: Any) -> str:
        cells = submission.run_cells
        data = {name: self.dataset(name).digest for name in rubric.datasets}
        runtime = self.service.runtime
        content = {
            "kind": kind,
            "cells": [len(cells), jobs(cells)],
            "files": [[file.path, file.digest] for file in submission.data],
            "data": data,
            "effort": self._sample,
            "runtime": [runtime.device, runtime.threads, [list(pair) for pair in runtime.versions]],
            "libraries": student_libraries(),
            "provider": self.options.provider,
            "limits": self._limits(rubric).as_json(),
            "code": code_digest(_CODE),
            "python": list(sys.version_info[:3]),
            "more": list(more),
        }
        budget = chosen_budget(rubric.training, self.options.budget)
        if budget != Budget():
            content["budget"] = asdict(budget)
        return canonical_digest(content)

    def dataset(self, name: str) -> Dataset:
        """The data set `name`, loaded once. Raises `UserError` when it cannot be had."""
        if name not in self._datasets:
            self._datasets[name] = load_dataset(name, self.options.data, self.options.cache)
        return self._datasets[name]

    def _asked_dataset(self, name: str) -> Dataset | None:
        """A data set that a student's code asks for: one that cannot be had is that code's matter."""
        try:
            return self.dataset(name)
        except UserError:
            return None

    def _data_digest(self, name: str) -> str | None:
        found = self._asked_dataset(name)
        return found.digest if found else None

    def _fingerprints(self, dataset: Dataset) -> Fingerprints:
        if dataset.name not in self._prints:
            self._prints[dataset.name] = dataset_fingerprints(dataset, self.options.cache)
        return self._prints[dataset.name]

    def start(self) -> None:
        """Begin to warm the server up, so that it is ready when it is needed."""
        self._server()

    def _server(self) -> SandboxServer:
        if self._warm is None:
            self._warm = SandboxServer(provider=self.options.provider)
            self._warm.start()
        return self._warm

    def _start_trainer(self) -> Any:
        if _NVIDIA.exists():
            # The driver maps far more than it uses: a limit on this process would stop it at once.
            return self._server().trainer({"CUDA_VISIBLE_DEVICES": None})
        return self._server().trainer({}, self.service.budget.memory_bytes)

    def _detected_device(self) -> str:
        """`cpu`, or the name of the GPU that TensorFlow sees; it is asked only where there is a device at all."""
        if not _NVIDIA.exists():
            return "cpu"
        trainer = self._start_trainer()
        try:
            header, _ = trainer.channel.receive(timeout=180.0)
        except (EOFError, TimeoutError, OSError):
            return "cpu"
        finally:
            trainer.kill()
        return str(header.get("device", "cpu"))


def _unrun_reason(submission: Submission, options: Options) -> str:
    """Why the code is not run; empty where it is to run, which it also is where a notebook holds none."""
    if options.saved_only:
        return "the code was not run, as --saved-only asks"
    if any(cell.runs for cell in submission.cells) or all(cell.origin == "file" for cell in submission.cells):
        return ""
    return "no code that can be run was found in the document"
