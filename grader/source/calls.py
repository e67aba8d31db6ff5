"""Trainings, evaluations and plots as the code spells them out."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from grader.source.arrays import Array


@dataclass(frozen=True)
class Fit:
    """`history = model.fit(...)`."""

    order: int
    cell: int
    line: int
    model: str
    """The name on which it is called, such as `model` or `nets[0]`."""
    history: str | None
    """The name that takes what it returns."""
    epochs: int | None
    """`None` when the text does not tell."""
    batch_size: int | None
    split: float
    train: Array | None
    validation: Array | None
    callbacks: str
    """Source of the callbacks, empty when there are none."""
    repeated: bool
    """In a loop or a function: it may run several times, or not at all."""


@dataclass(frozen=True)
class Asked:
    """`model.evaluate(...)` or `model.predict(...)`."""

    order: int
    cell: int
    line: int
    model: str
    method: str
    data: str
    """Source of its first argument."""
    array: Array | None
    repeated: bool


@dataclass(frozen=True)
class Built:
    """A name takes another object: `model = Sequential()`."""

    order: int
    cell: int
    name: str
    is_model: bool
    repeated: bool


@dataclass(frozen=True)
class Curve:
    """A metric of a history that is plotted."""

    history: str
    metric: str
    cell: int
    line: int


@dataclass(frozen=True)
class Drawing:
    """Curves in one set of axes, with the texts around them where they are written out."""

    order: int
    cell: int
    curves: tuple[Curve, ...]
    others: int
    """Further lines that are no history's."""
    x_label: str = ""
    y_label: str = ""
    title: str = ""
    shared: bool = False
    """A second y axis (`twinx`) or a list of axes: labels may belong to another plot."""


def text_of(expression: ast.expr | None) -> str:
    """A string that is written out, else empty."""
    if isinstance(expression, ast.Constant) and isinstance(expression.value, str):
        return expression.value
    return ""
