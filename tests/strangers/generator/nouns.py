"""What a composed hand-in is made of: headings, prose and steps of code, and the truth about all of it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Role: TypeAlias = Literal[
    "imports", "data", "scale", "define", "build", "compile", "fit", "sweep", "evaluate", "plot", "show", "other"
]
"""What a step of code does; `sweep` is a loop that builds, compiles and trains."""

Form: TypeAlias = Literal["percent", "script", "notebook", "report", "page"]
"""`percent`: a script with `# %%`; `script`: one whose prose stands in comments; `report`: a document and a script;
`page`: a web page and a script."""


@dataclass
class Heading:
    """A heading, with the question that it opens."""

    title: str
    """Without the number."""
    level: int
    question: str | None = None
    """Id in the rubric; `None` for a chapter."""
    number: str = ""
    """As the sheet numbers it, such as `2.4`."""
    word: str = ""
    """What stands before the number in the solution, such as `Question`."""


@dataclass
class Prose:
    """A text, with the questions that it answers."""

    text: str
    answers: tuple[str, ...] = ()
    """Ids of the questions that it answers; none for a remark or a text that the lab did not ask for."""
    foreign: bool = False
    """It answers nothing and must stand under no question: thanks, an own chapter, a list of references."""


@dataclass
class Step:
    """Statements that do one thing."""

    statements: list[ast.stmt]
    role: Role
    question: str | None = None
    model: str | None = None
    """The reference model that it is about."""
    opens: bool = False
    """It begins a cell of its own."""
    raw: str = ""
    """Lines that are no plain Python, such as magics; they stand before the statements."""


Block: TypeAlias = Heading | Prose | Step


@dataclass(frozen=True)
class Criterion:
    """One criterion of the rubric, as far as the truth needs it."""

    question: str
    position: int
    """Among the question's criteria, from 0."""
    kind: str
    points: float
    options: Mapping[str, object]


@dataclass(frozen=True)
class Question:
    """One question of the rubric."""

    id: str
    written_id: str
    model: str | None
    criteria: tuple[Criterion, ...]
    asks: str = ""
    """What the sheet asks, as the rubric puts it."""

    @property
    def asks_for_words(self) -> bool:
        """Whether any of its criteria reads what the group wrote."""
        return any(criterion.kind in ("written", "states_number") for criterion in self.criteria)


@dataclass(frozen=True)
class Expected:
    """What a criterion must come to."""

    statuses: frozenset[str]
    least: float
    """Points that may be awarded where it is decided."""
    most: float
    why: str = ""
    """What the transform changed; empty for the solution's own."""

    @property
    def exempt(self) -> bool:
        """Whether anything is right: what a training reached at a glance says nothing."""
        return not self.statuses


@dataclass(frozen=True)
class Network:
    """A network of the hand-in, as the truth tells one from another."""

    layers: tuple[tuple[str, str, str], ...]
    """Of its dense and convolutional layers: class, size, activation."""
    epochs: int
    """Of the training that counts; 0 where it is never trained."""
    trainings: int = 1
    """Trainings that belong to it: 15 of a sweep over five factors with three replicates."""


@dataclass
class Truth:
    """What labgrade ought to say of a hand-in."""

    verdicts: dict[tuple[str, int], Expected]
    """(question id, position of the criterion) -> what it must come to."""
    networks: dict[str, Network | None]
    """Reference model -> the hand-in's network that answers for it; `None` where there is none. What is left out may be
    matched or not."""
    absent: set[str] = field(default_factory=set)
    """Questions of which nothing is in the hand-in."""
    must: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    """Kinds of observations that have to be made -> why, and the reference model or the question that each is about."""
    may: set[str] = field(default_factory=set)
    """Kinds of observations that are legitimate, made or not."""
    free: set[str] = field(default_factory=set)
    """Questions whose code no heading tells: their figures and models are looked at, not their cells."""


@dataclass(frozen=True)
class Lab:
    """A lab as the generator knows it: its rubric, read plainly, and the words that were written for it."""

    name: str
    questions: tuple[Question, ...]
    titles: Mapping[str, str]
    """Title of a heading in the solution -> id of the question, where the written id alone does not tell."""
    wordings: Mapping[str, Mapping[str, tuple[str, str]]]
    """Language -> question id -> (title, answer), in our own words."""
    stated: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """A number in the solution's texts, such as `0.982` -> (model, what of it): at a glance another one is reached, and
    a text that is right states that."""

    def __deepcopy__(self, memo: dict[int, object]) -> Lab:
        """Itself: hand-ins are copied at every transform, and no transform changes the lab."""
        return self

    def question(self, question_id: str) -> Question:
        """The question with that id."""
        return next(question for question in self.questions if question.id == question_id)

    def criteria(self, *kinds: str, model: str | None = None) -> Iterable[Criterion]:
        """The criteria of these kinds; with `model`, those of questions about it."""
        for question in self.questions:
            if model is None or question.model == model:
                yield from (criterion for criterion in question.criteria if criterion.kind in kinds)


class UnfitError(Exception):
    """A transform finds nothing in this hand-in that it could change."""


@dataclass
class Handin:
    """A hand-in that is being composed."""

    lab: Lab
    blocks: list[Block]
    truth: Truth
    form: Form = "percent"
    anonymous: bool = False
    """Networks bear no names of the solution's."""
    applied: list[str] = field(default_factory=list)
    numbering: str = "solution"
    """How a heading writes its number: a key of `render.NUMBERINGS`."""
    extra_files: dict[str, str] = field(default_factory=dict)
    """Other files that are handed in with it: path -> text."""
    language: str = "en"

    @property
    def steps(self) -> list[Step]:
        """The code, in order."""
        return [block for block in self.blocks if isinstance(block, Step)]

    @property
    def prose(self) -> list[Prose]:
        """The texts, in order."""
        return [block for block in self.blocks if isinstance(block, Prose)]

    def nodes(self) -> Iterator[ast.AST]:
        """Every node of the code, statement by statement."""
        for step in self.steps:
            for statement in step.statements:
                yield from ast.walk(statement)

    def step(self, role: Role, model: str | None = None) -> Step:
        """The first step of that role, about `model` if one is given. Raises `UnfitError`."""
        for step in self.steps:
            if step.role == role and model in (None, step.model):
                return step
        raise UnfitError(f"no step {role} {model or ''}")

    def expect(
        self,
        kind: str,
        statuses: str,
        why: str,
        model: str | None = None,
        question: str | None = None,
        share: float = 0.0,
    ) -> None:
        """Every criterion of `kind` (about `model`, of `question`) must come to one of `statuses`.

        `share` is the least share of the points that a partial verdict keeps. What is exempt already stays so.
        """
        for criterion in self.lab.criteria(kind, model=model):
            if question in (None, criterion.question):
                self._expect(criterion, frozenset(statuses.split()), why, share)

    def _expect(self, criterion: Criterion, statuses: frozenset[str], why: str, share: float) -> None:
        key = (criterion.question, criterion.position)
        before = self.truth.verdicts[key]
        if before.exempt:
            return
        most = criterion.points if "passed" in statuses else 0.0
        if "partial" in statuses:
            most = max(most, criterion.points * 0.999)
        least = criterion.points if statuses == {"passed"} else criterion.points * share
        self.truth.verdicts[key] = Expected(statuses, min(least, before.most), min(most, before.most), why)

    def expect_absent(self, criterion: Criterion) -> None:
        """Nothing that the criterion asks for is in the hand-in: no points, and decided."""
        key = (criterion.question, criterion.position)
        self.truth.verdicts[key] = Expected(frozenset({"absent", "failed"}), 0.0, 0.0, "it is not in the hand-in")

    def must_observe(self, kind: str, why: str, about: str | None = None) -> None:
        """An observation of `kind` has to be made."""
        self.truth.must[kind] = (why, about)

    def exempt(self, kind: str, why: str, model: str | None = None, question: str | None = None) -> None:
        """Anything is right for every criterion of `kind`: what decides it cannot be known here."""
        for criterion in self.lab.criteria(kind, model=model):
            if question in (None, criterion.question):
                key = (criterion.question, criterion.position)
                self.truth.verdicts[key] = Expected(frozenset(), 0.0, criterion.points, why)
