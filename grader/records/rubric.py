"""A rubric: the lab's questions, and by which criteria each is judged."""

from __future__ import annotations

from typing import Literal

from pydantic import InstanceOf, SerializeAsAny

from grader.records.criterion import BaseCriterion
from grader.records.limits import BudgetChoices, LimitChoices
from grader.records.record import Record


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
