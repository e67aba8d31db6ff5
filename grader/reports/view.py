"""What the templates may see: plain frozen values, every text already put into words, every figure already drawn.

Texts are as the student or the rubric wrote them, cleaned but not escaped: the templates escape.
Only `Markup` holds HTML.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class StatusView:
    """A status: its name for the style sheet, its shape, its word."""

    name: str
    sign: str
    word: str
    meaning: str


@dataclass(frozen=True)
class BarView:
    """Shares of a bar, in per cent of its length."""

    awarded: str
    lost: str
    awaiting: str


@dataclass(frozen=True)
class FigureView:
    """A figure as a data URI, what it shows in words and numbers, and the caption under it."""

    source: str
    alt: str
    caption: tuple[str, ...]
    width: str = ""
    """Millimetres with unit; empty for the width of the text."""


@dataclass(frozen=True)
class LayerRow:
    """One row of the table that holds a model against the reference's."""

    number: str
    sign: str
    """`≠` differs, `+` only yours, `−` only the reference's; empty when alike."""
    meaning: str
    """The sign in words."""
    yours: str
    yours_parameters: str
    reference: str
    reference_parameters: str


@dataclass(frozen=True)
class SweepRow:
    """One factor of a sweep: mean, deviation and number of trainings."""

    factor: str
    yours: str
    reference: str


@dataclass(frozen=True)
class ModelView:
    """A model beside the reference's: layers, then how both were compiled and trained."""

    label: str
    reference: str
    """Heading of the reference's column; empty when there is nothing to hold it against."""
    layers: tuple[LayerRow, ...]
    settings: tuple[LayerRow, ...]
    note: str


@dataclass(frozen=True)
class CaseRow:
    """One case of a function."""

    sign: str
    meaning: str
    """The sign in words."""
    title: str
    message: Markup
    weight: str
    """Its share of the question's points, in per cent."""
    reached: str
    """Share of that, in per cent."""


@dataclass(frozen=True)
class CallView:
    """A call that went wrong, each part a few lines of numbers."""

    title: str
    given: str
    answer: str
    expected: str


@dataclass(frozen=True)
class FunctionView:
    """A function and how it did."""

    called: str
    rows: tuple[CaseRow, ...]
    calls: tuple[CallView, ...]


@dataclass(frozen=True)
class CriterionView:
    """One criterion with its verdict."""

    title: str
    status: StatusView
    points: str
    explanation: Markup
    lead: str
    """`Suggestion` where the text only advises the teacher; else empty."""
    evidence: str
    to_mark: str
    """`/ 2` where a line for the teacher's mark is wanted; else empty."""
    marked: str
    """Who decided and when, where a person did; else empty."""
    comment: Markup
    """What that person wrote to the group."""


@dataclass(frozen=True)
class ObservationView:
    """Something for the teacher's eye."""

    anchor: str
    number: str
    title: str
    message: Markup
    proof: Markup
    question: str
    question_anchor: str


@dataclass(frozen=True)
class QuestionView:
    """One question from what was asked to what was handed in."""

    id: str
    anchor: str
    title: str
    asks: str
    status: StatusView
    points: str
    awaiting: str
    open: str
    """`2 await`; empty when all is decided."""
    bar: BarView
    criteria: tuple[CriterionView, ...]
    found: str
    """Where the answer stands; or, deliberately, that none was found."""
    model: ModelView | None
    curves: FigureView | None
    sweep: tuple[SweepRow, ...]
    function: FunctionView | None
    figures: tuple[FigureView, ...]
    model_figures: tuple[FigureView, ...]
    """The reference's own figures of the same kind."""
    remarks: tuple[Markup, ...]
    """Crashed cells, figures that cannot be shown, pointers to where a thing was shown before."""
    answer: Markup | None
    answer_note: str
    observations: tuple[ObservationView, ...]


@dataclass(frozen=True)
class Fact:
    """A term and what is said of it; with a place in the report to look it up, or none."""

    term: str
    text: str
    anchor: str = ""


@dataclass(frozen=True)
class ScoreView:
    """The three numbers that are never made one."""

    awarded: str
    decided: str
    lost: str
    awaiting: str
    verb: str
    """`awaits` or `await`, as the number asks for."""
    total: str
    sentence: str
    bar: BarView
    deductions: tuple[Fact, ...] = ()
    """What is taken off, each with its reason."""
    final: str = ""
    """What is left after the deductions; empty where there are none."""


@dataclass(frozen=True)
class ModelRow:
    """A model that was found in the hand-in."""

    label: str
    matched: str
    confidence: str
    parameters: str
    optimizer: str
    loss: str
    question: str


@dataclass(frozen=True)
class ReportView:
    """A whole report."""

    language: str
    group: str
    lab: str
    title: str
    footer: str
    graded: str
    graded_iso: str
    version: str
    score: ScoreView
    facts: tuple[Fact, ...]
    warnings: tuple[Markup, ...]
    questions: tuple[QuestionView, ...]
    legend: tuple[StatusView, ...]
    observations: tuple[ObservationView, ...]
    models: tuple[ModelRow, ...]
    notes: tuple[Markup, ...]
    environment: tuple[Fact, ...]
