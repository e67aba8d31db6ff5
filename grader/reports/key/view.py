"""What the template of the answer key may see."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from grader.reports.view import Fact, FigureView, SweepRow


@dataclass(frozen=True)
class WantedView:
    """A criterion: its name, what it asks for, and its points."""

    title: str
    asks: Markup
    points: str


@dataclass(frozen=True)
class KeyLayer:
    """A row of a reference model's table."""

    number: str
    layer: str
    output: str
    parameters: str


@dataclass(frozen=True)
class KeyModel:
    """A reference model: layers, settings and its trainings."""

    name: str
    layers: tuple[KeyLayer, ...]
    settings: tuple[Fact, ...]
    note: str


@dataclass(frozen=True)
class KeyQuestion:
    """A question with its model answer."""

    id: str
    anchor: str
    title: str
    asks: str
    points: str
    wanted: tuple[WantedView, ...]
    answer: Markup | None
    code: tuple[Markup, ...]
    output: str
    model: KeyModel | None
    curves: FigureView | None
    sweep: tuple[SweepRow, ...]
    figures: tuple[FigureView, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class KeyModelRow:
    """A line of the overview of models."""

    name: str
    anchor: str
    parameters: str
    trainings: str
    accuracy: str
    seconds: str


@dataclass(frozen=True)
class KeyView:
    """A whole answer key."""

    language: str
    lab: str
    name: str
    title: str
    footer: str
    made: str
    made_iso: str
    version: str
    points: str
    facts: tuple[Fact, ...]
    questions: tuple[KeyQuestion, ...]
    models: tuple[KeyModelRow, ...]
