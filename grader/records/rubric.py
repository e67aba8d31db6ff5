"""A rubric: the lab's questions, and by which criteria each is judged."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, NonNegativeFloat, PositiveInt, model_validator

from grader.records.base import Record


class _Criterion(Record):
    points: NonNegativeFloat


class ArchitectureCriterion(_Criterion):
    """Layer-by-layer likeness with the reference model, with partial credit."""

    kind: Literal["architecture"] = "architecture"
    must_have: tuple[str, ...] = ()
    """When given, only these layer classes are asked for (a free design), not likeness with the reference."""


class ParametersCriterion(_Criterion):
    """The number of parameters."""

    kind: Literal["parameters"] = "parameters"
    equals: PositiveInt | None = None
    """Default: the reference's."""


class CompiledCriterion(_Criterion):
    """Loss, optimizer and learning rate. Points are split evenly over what is asked."""

    kind: Literal["compiled"] = "compiled"
    loss: str | None = None
    """Default: the reference's."""
    optimizer: str | None = None
    """Default: the reference's; `any` asks for none."""
    learning_rate: float | None = None
    """Default: the reference's, unless the optimizer is free."""


class TrainedCriterion(_Criterion):
    """Epochs, and batch size where it is asked for."""

    kind: Literal["trained"] = "trained"
    epochs: PositiveInt | None = None
    """Default: the reference's."""
    at_least: bool = False
    """More epochs are as good."""
    batch_size: PositiveInt | None = None
    """Default: not asked for."""


class AccuracyCriterion(_Criterion):
    """Accuracy, measured by the host: in relation to the reference, or absolute."""

    kind: Literal["accuracy"] = "accuracy"
    on: Literal["test"] = "test"
    within: float | None = None
    """Allowed shortfall against the reference's mean over its seeds, as a share (0.01 = one percentage point)."""
    at_least: float | None = None
    """Absolute threshold, 0 to 1."""

    @model_validator(mode="after")
    def _one_threshold(self) -> AccuracyCriterion:
        if (self.within is None) == (self.at_least is None):
            raise ValueError("accuracy takes exactly one of 'within' and 'at_least'")
        return self


class ConsoleLogCriterion(_Criterion):
    """A training log is shown: epochs, and seconds per epoch."""

    kind: Literal["console_log"] = "console_log"
    epochs: PositiveInt | None = None
    """Default: the reference's."""
    seconds: bool = True
    """Seconds per epoch are asked for."""


class HistoryPlotCriterion(_Criterion):
    """A plot whose data are the recorded history's, with its labels. Half the points each, when labels are asked."""

    kind: Literal["history_plot"] = "history_plot"
    shows: tuple[str, ...] = ("accuracy", "val_accuracy")
    labelled: tuple[Literal["title", "x", "y", "legend"], ...] = ()


class SweepCriterion(_Criterion):
    """A hyper-parameter sweep: factors, replicas, and the regulariser really in the model."""

    kind: Literal["sweep"] = "sweep"
    regularizer: Literal["l1", "l2"] = "l2"
    factors: PositiveInt = 5
    """Distinct factors asked for."""
    between: tuple[float, float] | None = None
    replicas: PositiveInt = 3
    """Trainings per factor asked for."""
    on: Literal["hidden", "any"] = "hidden"
    """`hidden`: every hidden layer with a kernel must carry it."""


class ErrorBarPlotCriterion(_Criterion):
    """A plot of the sweep's final values with error bars: mean and standard deviation over replicas."""

    kind: Literal["error_bar_plot"] = "error_bar_plot"
    of: str = "val_accuracy"
    labelled: tuple[Literal["title", "x", "y", "legend"], ...] = ()


class StatesNumberCriterion(_Criterion):
    """The answer states a number."""

    kind: Literal["states_number"] = "states_number"
    equals: float | None = None
    of: Literal["parameters", "best_val_accuracy"] | None = None
    """Taken from the group's own testimonies (saved or rerun) for the question's model."""
    tolerance: NonNegativeFloat = 0.0
    """Absolute."""

    @model_validator(mode="after")
    def _one_target(self) -> StatesNumberCriterion:
        if (self.equals is None) == (self.of is None):
            raise ValueError("states_number takes exactly one of 'equals' and 'of'")
        return self


class WrittenCriterion(_Criterion):
    """A written answer: a person decides; the concepts found in it are a suggestion."""

    kind: Literal["written"] = "written"
    mentions: tuple[tuple[str, ...], ...] = ()
    """Concepts; each a tuple of words or phrases of which one is enough."""


Criterion: TypeAlias = Annotated[
    ArchitectureCriterion
    | ParametersCriterion
    | CompiledCriterion
    | TrainedCriterion
    | AccuracyCriterion
    | ConsoleLogCriterion
    | HistoryPlotCriterion
    | SweepCriterion
    | ErrorBarPlotCriterion
    | StatesNumberCriterion
    | WrittenCriterion,
    Field(discriminator="kind"),
]


class Question(Record):
    """One question of the lab."""

    id: str
    title: str
    """Short: for tables."""
    asks: str = ""
    """What was asked, as shown in the report."""
    section: str | None = None
    """The id students write, where several questions share it (`2.4`); default: `id`."""
    cues: tuple[str, ...] = ()
    """Words or phrases that tell this question from others of its section, or find it where no id is written."""
    model: str | None = None
    """Name of the reference model that this question is about."""
    criteria: tuple[Criterion, ...]

    @property
    def points(self) -> float:
        """Points that can be reached."""
        return sum(criterion.points for criterion in self.criteria)

    @property
    def written_id(self) -> str:
        """The id that students write for this question."""
        return self.section or self.id


class Rubric(Record):
    """A lab's questions."""

    version: Literal[1]
    name: str
    """Name of its folder."""
    title: str
    language: str = "en"
    datasets: tuple[str, ...] = ()
    recognise: tuple[str, ...] = ()
    """Phrases typical of this lab's hand-ins, for finding the rubric by itself."""
    questions: tuple[Question, ...]
    digest: str = ""
    """SHA-256 of everything in the rubric's folder."""

    @property
    def points(self) -> float:
        """Points that can be reached in all."""
        return sum(question.points for question in self.questions)
