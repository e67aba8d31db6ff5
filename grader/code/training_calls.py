"""Trainings, evaluations and plots of training histories as the code spells them out, with the labels beside them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from grader.code.data_flow import Array
from grader.code.statements import Step, callee, receiver

# Trainings and evaluations


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
class ModelUse:
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
class NameBinding:
    """A name takes another object: `model = Sequential()`."""

    order: int
    cell: int
    name: str
    is_model: bool
    repeated: bool


# Plots

_PYPLOT = frozenset({"plt", "pyplot", "pylab", "matplotlib.pyplot"})
_ENDS = frozenset({"show", "figure", "subplot", "subplots", "clf", "close", "savefig", "cla", "sca"})
"""Calls with which a plot ends."""
_LABELS = {
    "xlabel": "x_label",
    "set_xlabel": "x_label",
    "ylabel": "y_label",
    "set_ylabel": "y_label",
    "title": "title",
    "set_title": "title",
}
_LINES = frozenset({"plot", "semilogy", "semilogx", "scatter", "errorbar", "bar", "hist", "fill_between"})
"""Calls that draw into a plot."""


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
    """The string that `expression` writes out; empty where it is none."""
    if isinstance(expression, ast.Constant) and isinstance(expression.value, str):
        return expression.value
    return ""


@dataclass
class _Open:
    order: int
    cell: int
    curves: list[Curve] = field(default_factory=list)
    others: int = 0
    texts: dict[str, str] = field(default_factory=dict)
    shared: bool = False


class Drawings:
    """The plots of a program, gathered step by step."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}
        self._done: list[Drawing] = []
        self._curves: dict[str, tuple[str, str]] = {}
        self._cell = -1

    def take(self, order: int, step: Step, calls: Sequence[ast.Call]) -> None:
        """Bring the plots up to date with `step`."""
        if step.cell != self._cell:
            self._close_all()
            self._cell = step.cell
        if step.function is not None:
            return
        for call in calls:
            axes = receiver(call)
            if axes is None:
                continue
            axes = "plt" if axes in _PYPLOT else axes
            name = callee(call)
            if name in _ENDS:
                self._close_all() if axes == "plt" else self._close(axes)
            elif name in _LABELS:
                self._label(order, step, axes, _LABELS[name], call)
            elif name in _LINES:
                self._draw(order, step, axes, call)
            elif name == "twinx":
                self._opened(order, step, axes).shared = True
        self._remember(step)

    def finished(self) -> list[Drawing]:
        """All plots that show at least one curve of a history, in order."""
        self._close_all()
        return sorted(self._done, key=lambda drawing: drawing.order)

    def _opened(self, order: int, step: Step, axes: str) -> _Open:
        return self._open.setdefault(axes, _Open(order, step.cell))

    def _label(self, order: int, step: Step, axes: str, kind: str, call: ast.Call) -> None:
        text = text_of(call.args[0]) if call.args else ""
        opened = self._opened(order, step, axes)
        # A label that is not written out hides what stands there.
        opened.texts[kind] = text if text else "\0"

    def _draw(self, order: int, step: Step, axes: str, call: ast.Call) -> None:
        opened = self._opened(order, step, axes)
        opened.shared |= bool(step.loops)
        curves = [curve for value in call.args if (curve := self._curve(value)) is not None]
        for history, metric in curves:
            opened.curves.append(Curve(history, metric, step.cell, call.lineno))
        opened.others += not curves

    def _curve(self, value: ast.expr) -> tuple[str, str] | None:
        """(`history`, `val_loss`) of `history.history["val_loss"]`, also behind a name."""
        if isinstance(value, ast.Name):
            return self._curves.get(value.id)
        if isinstance(value, ast.Subscript) and isinstance(value.value, ast.Attribute):
            metric = text_of(value.slice)
            if value.value.attr == "history" and metric:
                return ast.unparse(value.value.value), metric
        return None

    def _remember(self, step: Step) -> None:
        node = step.node
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name, curve = node.targets[0].id, self._curve(node.value)
            self._curves.pop(name, None)
            if curve is not None and not step.guarded:
                self._curves[name] = curve

    def _close_all(self) -> None:
        for axes in list(self._open):
            self._close(axes)

    def _close(self, axes: str) -> None:
        found = self._open.pop(axes, None)
        if found is not None and found.curves:
            texts = {kind: text for kind, text in found.texts.items() if text != "\0"}
            hidden = any(text == "\0" for text in found.texts.values())
            self._done.append(
                Drawing(
                    found.order, found.cell, tuple(found.curves), found.others, shared=found.shared or hidden, **texts
                )
            )
