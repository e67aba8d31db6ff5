"""The session: what a run shares, from the warm server and the trainer to the data sets and the stores."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Protocol

from grader.datasets.dataset import Dataset, is_declared
from grader.datasets.fingerprints import Fingerprints, dataset_fingerprints
from grader.datasets.sources import load_dataset
from grader.errors import UserError
from grader.functions.loading import FunctionWork
from grader.options import Options, effective_limits
from grader.recorder.connection import StudentProcess
from grader.recorder.functions import FunctionHandler
from grader.recorder.host import Recorded, Recorder, run_content
from grader.recorder.lab_solution import SEEDS, complete_reference, is_trained_inside, training_seconds
from grader.recorder.recording_store import (
    RecordingStore,
    code_digest,
    is_settled,
    may_be_ours,
    solution_fault,
    student_libraries,
)
from grader.recorder.shown_data import DataHandler
from grader.recorder.trainings import TrainingHandler
from grader.records import Effort, Outcome, Progress, Recording, Reference, Rubric, Submission
from grader.sandbox.choice import SandboxServer
from grader.sandbox.contract import Limits
from grader.training.budget import Budget, chosen_budget
from grader.training.service import Compute, TrainerProcess, TrainingService, library_versions
from grader.training.spec import DataPool, Runtime, TrainingStore, canonical_digest

_NVIDIA = Path("/dev/nvidia0")
_DEVICE_SECONDS = 180.0
"""For the trainer to load TensorFlow and find the GPU: seconds as a rule, minutes from a cold disk."""
_CODE = ("probe", "recorder", "training", "sandbox", "datasets", "facts")


class TrainingSite(Protocol):
    """Where trainings are carried out, if not by a trainer of this machine: what a cluster passes to its sessions."""

    @property
    def device(self) -> str:
        """`cpu`, or the name of the GPU that the trainings run on."""

    @property
    def compute(self) -> Compute:
        """What carries out one training."""


class SessionFactory(Protocol):
    """What makes a session: the class itself, or what stands in for it in a test."""

    def __call__(self, options: Options, progress: Progress, site: TrainingSite | None = None) -> Session:
        """A session that is configured by these arguments."""


def session_factory(name: str) -> SessionFactory:
    """What `module:name` names. Imports the module: workers of a batch get the name, as no session travels."""
    module, _, attribute = name.partition(":")
    factory: SessionFactory = getattr(import_module(module), attribute)
    return factory


class Session:
    """What a run shares: the warm server, the trainer, the data sets and the stores, each started when first needed.

    Records submissions and references. A session is configured once, by what it is made with; limits that differ from
    lab to lab travel with each recording. A context manager: nothing of it outlives the `with`.
    """

    def __init__(self, options: Options, progress: Progress, site: TrainingSite | None = None) -> None:
        """`site` says where trainings are carried out; `None` means by a trainer of this machine."""
        self.options = options
        self._server: SandboxServer | None = None
        self.device = site.device if site is not None else self._find_device()
        self.effort: Effort = options.effort or ("quick" if self.device == "cpu" else "full")
        self._progress = progress
        self._pool = DataPool()
        self._recordings = RecordingStore(options.cache / "recordings", self._data_digest)
        self._references: dict[str, Reference] = {}
        self._datasets: dict[str, Dataset] = {}
        self._fingerprints: dict[str, Fingerprints] = {}
        self.service = TrainingService(
            TrainingStore(options.cache / "trainings"),
            self._start_trainer,
            self._pool,
            Runtime(self.device, options.threads, library_versions()),
            chosen_budget(options.budget),
            compute=site.compute if site is not None else None,
        )

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.service.close()
        if self._server is not None:
            self._server.close()

    def start(self) -> None:
        """Begin to warm the server up, so that it is ready when it is needed."""
        self.server()

    def server(self) -> SandboxServer:
        """The server that gives out runs and trainers; started by the first who asks."""
        if self._server is None:
            self._server = SandboxServer(self.options.provider)
            self._server.start()
        return self._server

    def reference(self, rubric: Rubric, solution: Submission) -> Reference:
        """The reference of `rubric`, from the store when nothing it rests on has changed; recorded once at most."""
        key = self._reference_key(rubric, solution)
        if key not in self._references:
            with self._recordings.lock(key):
                cached = None if self.options.fresh else self._recordings.get(key, Reference)
                self._references[key] = cached or self._record_reference(key, rubric, solution)
        return self._references[key]

    def cached_reference(self, rubric: Rubric, solution: Submission) -> Reference | None:
        """The reference if it is at hand; nothing is run."""
        key = self._reference_key(rubric, solution)
        cached = self._references.get(key) or self._recordings.get(key, Reference)
        if cached is not None:
            self._references[key] = cached
        return cached

    def _reference_key(self, rubric: Rubric, solution: Submission) -> str:
        """Titles, points and criteria are no part of it: only which models are seeded."""
        models = sorted({question.model for question in rubric.questions if question.model})
        return self._key("reference", rubric, solution, self.effort, rubric.name, models, SEEDS[self.effort])

    def _record_reference(self, key: str, rubric: Rubric, solution: Submission) -> Reference:
        self._progress.stage("Recording the reference solution")
        budget = self._budget(rubric)
        recorded, handler = self._record(solution, rubric, None, self.effort, budget)
        failed = [event for event in recorded.recording.events if event.kind == "failed"]
        if failed or recorded.recording.outcome.status != "finished":
            raise UserError(solution_fault(rubric, solution, recorded.recording))
        repeats = self._repeats(solution, rubric, budget) if is_trained_inside(rubric, recorded) else []
        reference = complete_reference(rubric, recorded, handler, self.effort, self._progress, repeats)
        reference = reference.model_copy(update={"recording": self._describe(reference.recording)})
        self._recordings.put(key, reference, recorded.asked.difference(rubric.datasets))
        return reference

    def _repeats(self, solution: Submission, rubric: Rubric, budget: Budget) -> list[Recording]:
        """Further runs of a solution that trains by itself, each with seeds of its own; one that failed is left out."""
        runs = []
        for redraw in range(1, SEEDS[self.effort]):
            again, _ = self._record(solution, rubric, None, self.effort, budget, redraw)
            failed = any(event.kind == "failed" for event in again.recording.events)
            if not failed and again.recording.outcome.status == "finished":
                runs.append(again.recording)
        return runs

    def rerun(
        self,
        submission: Submission,
        rubric: Rubric,
        functions: FunctionWork | None = None,
        reference: Reference | None = None,
        glance: bool = False,
    ) -> Recording:
        """What happens when `submission` runs and its `functions` are tried, from the store when nothing it rests on
        has changed.

        Trainings may take as long as those of `reference` ask for, unless the teacher chose a time. In a `glance` they
        see one row in a hundred: enough to see that they happen, and how.
        """
        if reason := _unrun_reason(submission, self.options):
            return self._unrun(reason)
        sample = "glance" if glance else self.effort
        key = self._rerun_key(submission, rubric, functions, sample)
        with self._recordings.lock(key):
            cached = None if self.options.fresh else self._recordings.get(key, Recording)
            if cached is not None:
                return cached
            self._progress.stage("Running the submission")
            budget = self._budget(rubric, reference)
            recorded, _ = self._record(submission, rubric, functions, sample, budget)
            if may_be_ours(recorded.recording):
                recorded, _ = self._record(submission, rubric, functions, sample, budget)
            recording = self._describe(recorded.recording)
            place = key if is_settled(recording) else f"{key}-unsettled"
            self._recordings.put(place, recording, recorded.asked.difference(rubric.datasets))
            return recording

    def cached_rerun(
        self, submission: Submission, rubric: Rubric, functions: FunctionWork | None = None
    ) -> Recording | None:
        """The rerun if it is at hand, settled or not (`labgrade batch` repeats neither); nothing is run."""
        if reason := _unrun_reason(submission, self.options):
            return self._unrun(reason)
        key = self._rerun_key(submission, rubric, functions, self.effort)
        return self._recordings.get(key, Recording) or self._recordings.get(f"{key}-unsettled", Recording)

    def _unrun(self, reason: str) -> Recording:
        outcome = Outcome(status="not run", message=reason)
        return Recording(testimony="rerun", outcome=outcome, environment={"effort": self.effort})

    def _rerun_key(self, submission: Submission, rubric: Rubric, functions: FunctionWork | None, sample: str) -> str:
        more = [*functions.key, code_digest(("functions",))] if functions else []
        return self._key("rerun", rubric, submission, sample, *more)

    def _record(
        self,
        submission: Submission,
        rubric: Rubric,
        functions: FunctionWork | None,
        sample: str,
        budget: Budget,
        redraw: int = 0,
    ) -> tuple[Recorded, TrainingHandler]:
        """Run `submission`; its trainings see the `sample` of the rows and may cost what `budget` says.

        `redraw` is added to all seeds of the run.
        """
        server, limits = self.server(), self._limits(rubric)
        data = DataHandler(self._pool, self._dataset_if_any, self._dataset_fingerprints)
        for name in rubric.datasets:
            data.dataset(name)
        handler = TrainingHandler(self.service, self._pool, data, sample, budget)
        recorder = Recorder(submission.run_cells, handler, data, self._pool, self._progress, submission.data)

        def student() -> StudentProcess:
            return server.student(limits, threads=self.options.threads)

        tests = (
            FunctionHandler(functions.new_cases(), functions.plan, student, limits.wall_seconds) if functions else None
        )
        first = student()
        try:
            return recorder.record(first, sample, self.options.threads, tests, redraw), handler
        finally:
            first.close()

    def _limits(self, rubric: Rubric) -> Limits:
        return effective_limits(rubric.limits, self.options.limits)

    def _budget(self, rubric: Rubric, reference: Reference | None = None) -> Budget:
        """What trainings may cost: as the rubric and the teacher chose, else in time as `reference` asks for."""
        chosen = (rubric.training, self.options.budget)
        budget = chosen_budget(*chosen)
        if reference is None:
            return budget
        one, together = training_seconds(reference, budget.seconds, budget.all_seconds)
        return replace(
            budget,
            seconds=one if all(choice.time is None for choice in chosen) else budget.seconds,
            all_seconds=together if all(choice.all_time is None for choice in chosen) else budget.all_seconds,
        )

    def _describe(self, recording: Recording) -> Recording:
        """`recording` with what it was made with."""
        environment: dict[str, str | int | bool] = {
            "effort": self.effort,
            "device": self.device,
            "threads": self.options.threads,
            "sandbox": self.server().provider,
            "standin": any(self._datasets[name].standin for name in recording.data_sources if name in self._datasets),
            "python": ".".join(str(part) for part in sys.version_info[:3]),
            **dict(library_versions()),
        }
        return recording.model_copy(update={"environment": environment})

    def _key(self, kind: str, rubric: Rubric, submission: Submission, sample: str, *more: object) -> str:
        """SHA-256 (hex) over everything that a recording rests on."""
        cells = submission.run_cells
        runtime = self.service.runtime
        content: dict[str, object] = {
            "kind": kind,
            "cells": [len(cells), run_content(cells)],
            "files": [[file.path, file.digest] for file in submission.data],
            "data": {name: self.dataset(name).digest for name in rubric.datasets},
            "effort": sample,
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

    def _dataset_if_any(self, name: str) -> Dataset | None:
        """A data set that a student's code asks for: one that cannot be had is that code's matter."""
        if name not in self._datasets and not is_declared(name):
            return None  # of sets that nobody declared only those that rubrics name, no other file of the data folder
        try:
            return self.dataset(name)
        except UserError:
            return None

    def _data_digest(self, name: str) -> str | None:
        found = self._dataset_if_any(name)
        return found.digest if found else None

    def _dataset_fingerprints(self, dataset: Dataset) -> Fingerprints:
        if dataset.name not in self._fingerprints:
            self._fingerprints[dataset.name] = dataset_fingerprints(dataset, self.options.cache)
        return self._fingerprints[dataset.name]

    def _start_trainer(self, memory_bytes: int) -> TrainerProcess:
        """A new trainer that may take `memory_bytes` beyond the warm image."""
        if _NVIDIA.exists():
            # The driver maps far more than it uses: a limit on this process would stop it at once.
            return self.server().trainer({"CUDA_VISIBLE_DEVICES": None})
        return self.server().trainer({}, memory_bytes)

    def _find_device(self) -> str:
        """`cpu`, or the name of the GPU that TensorFlow sees; it is asked only where there is a device at all."""
        if not _NVIDIA.exists():
            return "cpu"
        trainer = self._start_trainer(Budget().memory_bytes)
        try:
            header, _ = trainer.channel.receive(timeout=_DEVICE_SECONDS)
        except (EOFError, TimeoutError, OSError):
            return "cpu"
        finally:
            trainer.kill()
        return str(header.get("device", "cpu"))


def _unrun_reason(submission: Submission, options: Options) -> str:
    """Why the code is not run; empty where it is to run, which it also is where a notebook holds none."""
    if options.saved_only:
        return "the code was not run, as --saved-only asks"
    if any(cell.runs for cell in submission.cells):
        return ""
    if any(cell.unrun == "language" for cell in submission.cells):
        return "the code is in another language than Python, which labgrade does not run"
    if all(cell.origin == "file" for cell in submission.cells):
        return ""
    return "no code that can be run was found in the document"
