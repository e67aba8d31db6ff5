"""What the template of the class report may see."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from grader.reports.view import BarView, Fact, FigureView


@dataclass(frozen=True)
class ItemRow:
    """One question: how hard it was, and how well it tells strong from weak."""

    id: str
    title: str
    points: str
    difficulty: str
    discrimination: str
    weak: bool
    """It hardly tells strong from weak, or the wrong way round."""
    bar: BarView


@dataclass(frozen=True)
class MistakeRow:
    """A mistake that several submissions have in common."""

    where: str
    title: str
    count: str
    cost: str
    example: Markup
    group: str
    """Whose example; empty when names are left out."""


@dataclass(frozen=True)
class DefinitionRow:
    """A model, and how many have it."""

    layers: str
    parameters: str
    matched: str
    groups: str
    accuracy: str


@dataclass(frozen=True)
class GroupRow:
    """A submission's points."""

    name: str
    points: str
    deducted: str
    awaiting: str
    observations: str


@dataclass(frozen=True)
class ProblemRow:
    """A submission without a result, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class ClassView:
    """A whole class report."""

    language: str
    lab: str
    title: str
    footer: str
    made: str
    made_iso: str
    version: str
    graded: str
    median: str
    total: str
    awaiting: str
    """How many submissions await a person; empty when none does."""
    failed: str
    """How many could not be graded; empty when all were."""
    distribution: FigureView
    facts: tuple[Fact, ...]
    items: tuple[ItemRow, ...]
    mistakes: tuple[MistakeRow, ...]
    models: tuple[DefinitionRow, ...]
    sharing: str
    groups: tuple[GroupRow, ...]
    """Empty when names are left out."""
    problems: tuple[ProblemRow, ...]
    anonymous: bool
