"""One file of code read from top to bottom: its trainings, evaluations and plots, in the order in which they stand."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from grader.code.data_flow import Arrays, Constants
from grader.code.statements import Step, argument, callee, receiver, steps_of, targets_of
from grader.code.training_calls import Drawing, Drawings, Fit, ModelUse, NameBinding
from grader.records import Cell

_MAKERS = frozenset({"Sequential", "Model", "load_model", "clone_model", "model_from_json"})
"""Functions that give a model."""
_OF_KERAS = frozenset(
    {"epochs", "batch_size", "validation_data", "validation_split", "steps_per_epoch", "callbacks", "verbose"}
)
"""Arguments that tell Keras' `fit` from others."""
_ASKED = frozenset({"evaluate", "predict", "predict_classes", "predict_proba"})
"""Methods that ask something of a model."""


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
    epochs, batch = argument(call, "epochs", 3), argument(call, "batch_size", 2)
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
