"""A rubric: the lab's questions, and the criteria by which each is judged.

What every criterion is to the rest of labgrade stands here: a kind, its points, and answers to what other rooms ask of
it. What it looks at, and how it judges, is its own file's business (`grader/criteria`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, TypeAlias

from pydantic import InstanceOf, NonNegativeFloat, SerializeAsAny

from grader.records.evidence import Figure, FitArguments
from grader.records.limits import BudgetChoices, LimitChoices
from grader.records.record import Record

Subject: TypeAlias = Literal["model", "training", "figure", "text", "function"]

Figures: TypeAlias = Literal["none", "histories", "pictures"]
"""`histories`: plots of what trainings reached. `pictures`: what its own content tells, such as a grid of images."""

Mistake: TypeAlias = Literal[
    "layers",
    "compile",
    "fit",
    "stale_log",
    "silent_training",
    "evaluation",
    "prediction",
    "not_printed",
    "miscounted",
    "not_saved",
    "no_summary",
    "narrow_sweep",
    "drawing",
    "other_history",
    "other_metric",
    "no_error_bars",
    "fewer_images",
    "other_number",
]
"""Mistakes that `labgrade rubric test` knows to make in a solution."""


ANY = "any"
"""In place of a model's name: whichever of the lab's models serves the group best."""


class BaseCriterion(Record):
    """Something that is judged on its own, for points.

    Rooms other than `criteria` know a criterion by these answers alone: none of them lists kinds by name.
    """

    kind: str
    """As a rubric writes it, such as `history_plot`."""
    points: NonNegativeFloat

    title: ClassVar[str] = ""
    """How reports call it, such as `History plot`: at most 24 letters."""
    about: ClassVar[Subject] = "model"
    """What is looked at. One about `text` looks at no model."""
    step: ClassVar[int] = 9
    """Place in the order in which a solution does things (a network is built, counted, compiled; trained, measured):
    drafted rubrics list criteria about the same subject by it, then by name."""
    by_person: ClassVar[bool] = False
    """A person always decides it: an answer in words. Nothing has to run for it."""
    rests_on_history: ClassVar[bool] = False
    """It compares with recorded histories or counts trainings: it is worth no more than the history is believed."""
    decided_by_text: ClassVar[bool] = False
    """What was handed in decides it, whether or not the code was run."""
    reads_saved_log: ClassVar[bool] = False
    """It reads a saved training log, lines of which a document may have lost."""
    of_sweep: ClassVar[bool] = False
    """Its model is a family of models that differ in one setting."""
    counts_sweep: ClassVar[bool] = False
    """It asks for the sweep itself: its factors and trainings."""
    figures: ClassVar[Figures] = "none"
    """What figures it asks for."""
    plots_history: ClassVar[bool] = False
    """It asks for a plot of one model's own history."""
    beside_layers: ClassVar[bool] = False
    """Reports show it beside the table of the model's layers."""
    beside_curves: ClassVar[bool] = False
    """Reports show it beside the curves of the model's training."""
    of_whole_training: ClassVar[bool] = False
    """It is on what a whole training reached: a shortened one tells nothing of it."""
    before_training_ends: ClassVar[bool] = False
    """It is on what was there before a later cell stopped."""
    mistakes: ClassVar[frozenset[Mistake]] = frozenset()
    """Mistakes against it that `labgrade rubric test` makes in the solution."""
    hint: ClassVar[str] = ""
    """A comment beside it in a drafted rubric: what a teacher may change."""
    hint_below: ClassVar[tuple[str, ...]] = ()
    """Lines of comment below it in a drafted rubric."""

    @property
    def named_models(self) -> tuple[str, ...]:
        """Names of reference models that its options name; `any` stands for whichever serves the group best."""
        return ()

    @property
    def required_layers(self) -> tuple[str, ...]:
        """Layer classes that a free design must have; empty where the design is not free."""
        return ()

    @property
    def free_optimizer(self) -> bool:
        """Whether it says that any optimizer will do."""
        return False

    @property
    def swept_regularizer(self) -> str | None:
        """The regulariser whose factor its sweep varies, such as `l2`; `None` where it asks for no sweep."""
        return None

    @property
    def concepts(self) -> tuple[tuple[str, ...], ...]:
        """Concepts that an answer in words should name; each a tuple of phrases of which one is enough."""
        return ()

    @property
    def labels(self) -> tuple[str, ...] | None:
        """Labels that its figure must bear (`title`, `x`, `y`, `legend`); `None` where it asks for no figure."""
        return None

    @property
    def each_image_titled(self) -> bool:
        """Whether each image of its figure must bear a title."""
        return False

    @property
    def stated_number(self) -> float | None:
        """The very number that the answer must state; `None` where it asks for none, or for one of the group's own."""
        return None

    @property
    def sweep_size(self) -> tuple[int, int]:
        """Distinct factors, and trainings per factor, that its sweep asks for; (1, 1) where it asks for none."""
        return 1, 1

    @property
    def states_accuracy(self) -> bool:
        """Whether the answer must state an accuracy that the group's own training reached."""
        return False

    def wanted(self) -> str:
        """What it asks for, in words, for the answer key."""
        return self.title

    def accepts(self, fit: FitArguments, reference: FitArguments | None) -> bool:
        """Whether a training by `fit` is as it asks; `reference` is the lab's own."""
        return True

    def is_shown_in(self, figure: Figure) -> bool:
        """Whether `figure` has what it looks for, as far as its content tells."""
        return False

    def is_answered_by(self, figure: Figure) -> bool:
        """Whether `figure` by itself, wherever it is drawn, tells that its cell answers the question."""
        return False

    def reference_figure(
        self, drawn: Sequence[Figure], histories: Mapping[str, Sequence[tuple[float, ...]]]
    ) -> Figure | None:
        """The figure of the lab's solution to show beside the group's; `None` where it asks for none.

        `drawn`: all figures of the solution, in order. `histories`: reference model -> curves of its trainings, one
        value an epoch.
        """
        return None

    def is_part_of(self, other: BaseCriterion) -> bool:
        """Whether `other` asks for the same and more, so that a drafted rubric needs but the other."""
        return False


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
    criteria: tuple[SerializeAsAny[InstanceOf[BaseCriterion]], ...]
    """Of the classes that the registry of criteria finds."""

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
    limits: LimitChoices = LimitChoices()
    """What the students' code and the solution may use in this lab; the command line stands above it."""
    training: BudgetChoices = BudgetChoices()
    """What a training may cost in this lab; the command line stands above it."""
    questions: tuple[Question, ...]
    digest: str = ""
    """SHA-256 of everything in the rubric's folder."""

    @property
    def points(self) -> float:
        """Points that can be reached in all."""
        return sum(question.points for question in self.questions)
