"""One file of code read from top to bottom: its trainings, evaluations and plots, in the order in which they stand.

Trainings and evaluations are told as the code spells them out, and plots of training histories with the labels beside
them.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from grader.code.data_flow import Array, Arrays, Constants
from grader.code.syntax import Step, argument, callee, receiver, steps_of, targets_of
from grader.records import Cell

_MAKERS = frozenset({"Sequential", "Model", "load_model", "clone_model", "model_from_json"})
"""Functions that give a model."""
_OF_KERAS = frozenset(
    "epochs nb_epoch batch_size validation_data validation_split steps_per_epoch callbacks verbose".split()
)
"""Arguments that tell Keras' `fit` from others."""
_ASKED = frozenset({"evaluate", "predict", "predict_classes", "predict_proba"})
"""Methods that ask something of a model."""
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


@dataclass
class Program:
    """One file's code."""

    file: str
    steps: tuple[Step, ...] = ()
    unread: tuple[int, ...] = ()
    """Cells that are no Python."""
    fits: list[Fit] = field(default_factory=list)
    asked: list[ModelUse] = field(default_factory=list)
    built: list[NameBinding] = field(default_factory=list)
    drawings: list[Drawing] = field(default_factory=list)
    datasets: frozenset[str] = frozenset()
    """Data sets whose `load_data` is called."""


def programs(cells: tuple[Cell, ...]) -> tuple[Program, ...]:
    """One program for each file that holds code that is run, in order."""
    code = [cell for cell in cells if cell.kind == "code" and cell.runs]
    files = dict.fromkeys(cell.file for cell in code)
    return tuple(_program(file, tuple(cell for cell in code if cell.file == file)) for file in files)


@lru_cache(maxsize=8)
def _program(file: str, cells: tuple[Cell, ...]) -> Program:
    read = [(cell.index, steps_of(cell)) for cell in cells]
    steps = tuple(step for _, found in read if found is not None for step in found)
    program = Program(file, steps, tuple(index for index, found in read if found is None))
    _follow(program, steps)
    return program


def _follow(program: Program, steps: Sequence[Step]) -> None:
    arrays, constants, drawings = Arrays(), Constants(), Drawings()
    for order, step in enumerate(steps):
        calls = step.calls
        for call in calls:
            name, model = callee(call), receiver(call)
            if model is not None and name in ("fit", "fit_generator") and _is_training(call, model, program.built):
                program.fits.append(_fit(order, step, call, model, arrays, constants))
            elif model is not None and name in _ASKED and call.args:
                program.asked.append(_asked(order, step, call, model, arrays))
        for name in targets_of(step.node):
            makes = any(callee(call) in _MAKERS for call in calls)
            program.built.append(NameBinding(order, step.cell, name, makes, bool(step.loops or step.guarded)))
        drawings.take(order, step, calls)
        arrays.take(step)
        constants.take(step)
    program.drawings = drawings.finished()
    program.datasets = frozenset(arrays.loaded)


def _is_training(call: ast.Call, model: str, built: Sequence[NameBinding]) -> bool:
    """Whether `fit` is Keras' own: by its arguments, or by what bears the name. A scaler has one, too."""
    if _OF_KERAS & {keyword.arg for keyword in call.keywords}:
        return True
    named = [entry for entry in built if entry.name == model.partition("[")[0]]
    return not named or named[-1].is_model


def _fit(order: int, step: Step, call: ast.Call, model: str, arrays: Arrays, constants: Constants) -> Fit:
    local = step.function is not None
    # Keras 1 called them `nb_epoch`, in the same position.
    epochs = argument(call, "epochs", 3) or argument(call, "nb_epoch")
    batch = argument(call, "batch_size", 2)
    split = constants.number(argument(call, "validation_split"))
    opaque = any(keyword.arg is None for keyword in call.keywords)
    targets = targets_of(step.node)
    callbacks = argument(call, "callbacks")
    return Fit(
        order=order,
        cell=step.cell,
        line=call.lineno,
        model=model,
        history=targets[0] if len(targets) == 1 else None,
        epochs=None if opaque or local else _whole(1 if epochs is None else constants.number(epochs)),
        batch_size=None if opaque or local else _whole(32 if batch is None else constants.number(batch)),
        split=split or 0.0,
        train=None if local else arrays.of(argument(call, "x", 0)),
        validation=None if local else arrays.of(constants.first(argument(call, "validation_data"))),
        callbacks=ast.unparse(constants.resolved(callbacks)) if callbacks is not None else "",
        repeated=bool(step.loops or step.guarded or local),
    )


def _asked(order: int, step: Step, call: ast.Call, model: str, arrays: Arrays) -> ModelUse:
    return ModelUse(
        order=order,
        cell=step.cell,
        line=call.lineno,
        model=model,
        method=callee(call),
        data=", ".join(ast.unparse(value) for value in call.args),
        array=None if step.function else arrays.of(call.args[0]),
        repeated=bool(step.loops or step.guarded or step.function),
    )


def _whole(value: float | None) -> int | None:
    return int(value) if value is not None and float(value).is_integer() and abs(value) < 1e9 else None


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
