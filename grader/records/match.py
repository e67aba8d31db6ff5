"""Which of a group's models, figures and texts answer which question."""

from __future__ import annotations

from statistics import fmean, pstdev

from grader.records.evidence import Architecture, CompileArguments, FitArguments
from grader.records.record import Record
from grader.records.recording import FigureDrawn, PictureSaved, Recording, Trained
from grader.records.rubric import Question, Rubric
from grader.records.submission import Passage, Submission


class ReferenceModel(Record):
    """A model of the reference solution, with all its trainings: over seeds, or over a sweep's factors and replicas."""

    name: str
    architecture: Architecture
    compile: CompileArguments | None = None
    fit: FitArguments | None = None
    trainings: tuple[Trained, ...] = ()
    architectures: dict[str, Architecture] = {}
    """Of all its trainings: a sweep has one per factor."""

    @property
    def test_accuracies(self) -> tuple[float, ...]:
        """Measured test accuracy of each training, 0 to 1."""
        tests = [training.test for training in self.trainings]
        return tuple(test.accuracy for test in tests if test is not None and "accuracy" in test.metrics)

    @property
    def mean_accuracy(self) -> float | None:
        """Mean test accuracy over the trainings, 0 to 1; `None` when none was measured."""
        return fmean(self.test_accuracies) if self.test_accuracies else None

    @property
    def spread(self) -> float | None:
        """Population standard deviation of the test accuracy over the trainings."""
        return pstdev(self.test_accuracies) if self.test_accuracies else None


class Reference(Record):
    """The recording of the lab's own solution."""

    rubric: str
    recording: Recording
    models: dict[str, ReferenceModel] = {}


class ModelMatch(Record):
    """A student's model (or family of models, for a sweep) held against a reference model."""

    label: str
    """How the report calls it, such as `model, cell 15`."""
    reference: str | None
    """Name of the reference model; `None` when it matches none."""
    models: tuple[str, ...]
    """Identities in the recording, such as `("m3",)`."""
    architecture: str | None
    """Id in the recording's `architectures` (of the first, for a sweep)."""
    trainings: tuple[int, ...] = ()
    """`seq` of its `Trained` events, in order."""
    cells: tuple[int, ...] = ()
    """Cells that built, compiled or trained it."""
    confidence: float = 0.0
    """0 to 1."""
    reason: str = ""
    """One sentence: what speaks for it."""


class QuestionMatch(Record):
    """Everything in a submission that answers one question."""

    question: Question
    passages: tuple[Passage, ...] = ()
    answer: str = ""
    """The prose (markdown, comments, docstrings) of its passages, the copied question left out."""
    cells: tuple[int, ...] = ()
    """Indices of its cells, code and prose, in order."""
    model: ModelMatch | None = None
    figures: tuple[FigureDrawn, ...] = ()
    """Drawn in its cells during the rerun."""
    pictures: tuple[PictureSaved, ...] = ()
    """Saved under its cells."""
    placed_by: str = ""
    """How it was found: `id`, `cues`, `model`, `figure`, `function`, or empty when it was not."""


class Match(Record):
    """A submission laid beside the rubric."""

    rubric: Rubric
    submission: Submission
    saved: Recording
    rerun: Recording
    questions: tuple[QuestionMatch, ...]
    models: tuple[ModelMatch, ...] = ()
    """Every model of the student, matched or not."""

    def question(self, question_id: str) -> QuestionMatch:
        """The match of one question."""
        return next(match for match in self.questions if match.question.id == question_id)

    def trainings(self, model: ModelMatch | None) -> tuple[Trained, ...]:
        """The rerun's trainings of `model`, in order."""
        if model is None:
            return ()
        wanted = set(model.trainings)
        return tuple(training for training in self.rerun.trainings() if training.seq in wanted)

    def architecture(self, model: ModelMatch | None) -> Architecture | None:
        """The architecture of `model` in the rerun."""
        if model is None or model.architecture is None:
            return None
        return self.rerun.architectures.get(model.architecture)
