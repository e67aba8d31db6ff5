"""A result: verdicts, observations and a person's marks on one submission; reports and exports are made of it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import JsonValue

from grader.facts.status import AWAITING
from grader.facts.status import Status as Status
from grader.records.evidence import Layer
from grader.records.record import Record, Scalar

Effort: TypeAlias = Literal["quick", "full"]

_WITH_STATUS = frozenset({"questions", "verdicts", "marked"})
"""Keys below which a status stands."""


class Marked(Record):
    """A person's mark on one criterion, and what labgrade had said before."""

    by: str
    """Who marked."""
    at: str
    """When: ISO 8601, to the minute."""
    comment: str = ""
    """To the group; for an automatic verdict that was overridden, the reason."""
    automatic_status: Status
    automatic_awarded: float
    stale: str = ""
    """Why this mark does not count any more, one sentence; empty while it does."""


class Reason(Record):
    """Why a verdict is what it is: a code, and the values that its sentence is made of."""

    code: str
    """Stable, such as `trained.epochs_short`: the criterion's kind, or `shared`, and what is the matter."""
    values: dict[str, JsonValue] = {}
    """By name, as the template of the code's sentence names them: counts, shares, places."""


class Verdict(Record):
    """What one criterion says of one question."""

    criterion: str
    """Kind, such as `history_plot`."""
    title: str = ""
    """The criterion's, such as `History plot`; empty in results of labgrade 1."""
    status: Status
    points: float
    """That can be reached."""
    awarded: float
    """0 while it awaits a person."""
    observed: JsonValue = None
    expected: JsonValue = None
    reasons: tuple[Reason, ...] = ()
    """In the order of their sentences; none in results of labgrade 1."""
    explanation: str
    """One or two sentences to the group, with numbers: those of `reasons`, rendered when the verdict was made."""
    evidence: tuple[str, ...] = ()
    """Places: `cell 16`, `notebook.ipynb cell 16, saved output`."""
    marked: Marked | None = None
    """Set when a person decided; `status` and `awarded` are then theirs."""

    @property
    def decided(self) -> bool:
        """Whether the points are settled without a person."""
        return self.status not in AWAITING


class QuestionResult(Record):
    """One question's verdicts."""

    id: str
    title: str
    points: float
    awarded: float
    status: Status
    """The gravest that is left: review if anything awaits, passed if all passed, and so on."""
    verdicts: tuple[Verdict, ...]
    answer: str = ""
    """The group's own words under this question, the first 20,000 characters: what a person marks."""
    basis: str = ""
    """Digest of the answer's words and code: marks rest on it."""


class Points(Record):
    """Never one number that hides the three."""

    points: float
    decided: float
    awarded: float
    awaiting: float


class Deduction(Record):
    """Points taken off the whole, as a line of its own."""

    kind: Literal["late"]
    points: float
    """Positive: what is taken off. 0 where lateness is known but not by how much."""
    explanation: str
    """One sentence to the group, with numbers."""


class ModelSummary(Record):
    """A model of the submission, and what it was held against."""

    label: str
    question: str | None
    """Id of the question that it answers, if one."""
    matched: str | None
    """Name of the reference model."""
    confidence: float
    parameters: int | None
    layers: tuple[Layer, ...]
    optimizer: str | None
    loss: str | None
    cell: int | None
    """Number of the cell as a person counts, from 1."""
    histories: tuple[dict[str, tuple[float, ...]], ...] = ()


class Observation(Record):
    """Something the teacher may want to look at. It costs no points by itself."""

    kind: str
    """Stable, such as `stale_log`."""
    question: str | None
    message: str
    proof: str
    """Where it can be seen, and the two things that disagree."""


class Result(Record):
    """What `result.json` holds."""

    version: Literal[2] = 2
    submission: str
    rubric: str
    effort: Effort
    score: Points
    """Of the questions, before any deduction."""
    questions: tuple[QuestionResult, ...]
    models: tuple[ModelSummary, ...]
    observations: tuple[Observation, ...] = ()
    notes: tuple[str, ...] = ()
    """Shims, skipped installs, limits hit, repairs: one sentence each."""
    environment: dict[str, Scalar] = {}
    """Labgrade's and libraries' versions, device, threads, sandbox, data sources."""
    digest: str = ""
    """Of the hand-in, as `Submission.digest`."""
    deductions: tuple[Deduction, ...] = ()
    """Taken off the whole, each a line of its own."""

    @property
    def deducted(self) -> float:
        """Points taken off, never more than were awarded."""
        return round(min(self.score.awarded, sum(deduction.points for deduction in self.deductions)), 6)

    @property
    def final(self) -> float:
        """Points awarded, less what is taken off."""
        return round(self.score.awarded - self.deducted, 6)


class Mark(Record):
    """A person's decision on one criterion of one question."""

    question: str
    criterion: str
    """Kind, such as `written`."""
    number: int = 1
    """Which of the question's criteria of this kind, from 1."""
    awarded: float | None = None
    """Points; `None` for a comment alone."""
    comment: str = ""
    by: str
    at: str
    """ISO 8601, to the minute."""
    digest: str = ""
    """Digest of the hand-in that was looked at."""
    basis: str = ""
    """Digest of the answer that was looked at: a mark on an answer that has changed since is asked for again."""


class Marks(Record):
    """All decisions about one submission: what `marks.json` holds, beside its report."""

    version: Literal[1] = 1
    submission: str
    marks: tuple[Mark, ...] = ()


def upgrade(content: JsonValue) -> JsonValue:
    """What a `result.json` of version 1 holds, as one of version 2: `skipped` was the name of `absent`.

    It had neither titles nor reasons; its explanations are kept as they are. What is damaged stays so.
    """
    if isinstance(content, list):
        return [upgrade(item) for item in content]
    if not isinstance(content, dict):
        return content
    status = ("status", "automatic_status")
    changed = {
        key: "absent" if key in status and value == "skipped" else upgrade(value) if key in _WITH_STATUS else value
        for key, value in content.items()
    }
    return {**changed, "version": 2} if "questions" in content else changed
