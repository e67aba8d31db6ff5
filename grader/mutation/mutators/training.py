"""Mistakes in compilation and training."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.mutation.mutant import Edit, Mutation
from grader.mutation.solution import Site, Solution, argument, called
from grader.records.recording import Trained

_LOSSES = {"categorical_crossentropy": "binary_crossentropy"}
_ANY_LOSS = "mean_squared_error"
_PLAIN = 1e-9
_OF_OPTIMIZER = ("another optimizer", "another learning rate")
_OF_LENGTH = ("fewer epochs", "another batch size")
"""No mistakes where the lab leaves these to the group."""


def training_mutations(solution: Solution) -> Iterator[Mutation]:
    """Another loss, optimizer or rate; other epochs and batches; wrong rows to train and validate on; raw pixels."""
    for model in solution.models:
        compiles = [site for site in solution.calls if site.model == model and site.name == "compile"]
        fits = [site for site in solution.calls if site.model == model and site.name == "fit"]
        for site in compiles[:1]:
            question = solution.question_of(site.cell, ("compiled",), model)
            for kind, says, edit in _of_compile(solution, site):
                if kind in _OF_OPTIMIZER and solution.free_optimizer(model):
                    continue
                yield Mutation(kind, f"{model}: {says}", question, (edit,))
        training, free = solution.training(model), bool(solution.free_layers(model))
        for site in fits[:1] if training else ():
            assert training is not None
            question = solution.question_of(site.cell, ("trained", "sweep", "console_log"), model)
            for kind, says, edit in _of_fit(solution, site, training):
                if kind in _OF_LENGTH and free:
                    continue
                yield Mutation(kind, f"{model}: {says}", question, (edit,))


_Found = Iterator[tuple[str, str, Edit]]


def _of_compile(solution: Solution, site: Site) -> _Found:
    loss, optimizer = argument(site.call, "loss", 1), argument(site.call, "optimizer", 0)
    if loss is not None:
        now = _name(loss)
        new = _LOSSES.get(now, _ANY_LOSS if now != _ANY_LOSS else "mean_absolute_error")
        yield "another loss", f"{new} instead of {now}", solution.replaced(site.cell, loss, f'"{new}"')
    if optimizer is not None:
        now = _name(optimizer)
        new = "sgd" if now.lower() != "sgd" else "adam"
        yield "another optimizer", f"{new} instead of {now}", solution.replaced(site.cell, optimizer, f'"{new}"')
    if isinstance(optimizer, ast.Call):
        rate = argument(optimizer, "learning_rate", 0) or argument(optimizer, "lr")
        if isinstance(rate, ast.Constant) and isinstance(rate.value, int | float):
            new = f"{rate.value / 10:g}"
            said = f"a rate of {new} instead of {rate.value:g}"
            yield "another learning rate", said, solution.replaced(site.cell, rate, new)


def _name(value: ast.expr) -> str:
    """`SGD` of `keras.optimizers.SGD(0.1)`, `adam` of "adam"."""
    if isinstance(value, ast.Constant):
        return str(value.value)
    if isinstance(value, ast.Call):
        return called(value)
    return value.attr if isinstance(value, ast.Attribute) else getattr(value, "id", "another")


def _of_fit(solution: Solution, site: Site, training: Trained) -> _Found:
    def changed(first: str | None = None, **keywords: str | None) -> Edit:
        text = solution.rebuilt(site.cell, site.call, keywords, first)
        return solution.replaced(site.cell, site.call, text)

    epochs, batch = training.fit.epochs, training.fit.batch_size
    if epochs > 1 and argument(site.call, "epochs") is not None:
        fewer = max(1, epochs // 2)
        yield "fewer epochs", f"{fewer} epochs instead of {epochs}", changed(epochs=str(fewer))
    other = batch // 4 if batch >= 64 else batch * 4
    yield "another batch size", f"batches of {other} instead of {batch}", changed(batch_size=str(other))
    x, y = argument(site.call, "x", 0), argument(site.call, "y", 1)
    if x is None or y is None:
        return
    own = f"({solution.text(site.cell, x)}, {solution.text(site.cell, y)})"
    held = argument(site.call, "validation_data")
    if training.fit.validation == "split":
        edit = changed(validation_split=None, validation_data=own)
        yield "validation on the training rows", "validated on the rows that it is trained on", edit
    elif isinstance(held, ast.Tuple) and len(held.elts) == 2:
        edit = changed(validation_data=own)
        yield "validation on the training rows", "validated on the rows that it is trained on", edit
        theirs = [solution.text(site.cell, item) for item in held.elts]
        if len(site.call.args) >= 2:
            text = solution.rebuilt(site.cell, site.call, {})
            text = text.replace(f"({own[1:-1]}", f"({theirs[0]}, {theirs[1]}", 1)
            edit = solution.replaced(site.cell, site.call, text)
            yield "training on the validation rows", f"trained on {theirs[0]}", edit
    yield from _unscaled(solution, site, training, x, held)


def _unscaled(solution: Solution, site: Site, training: Trained, x: ast.expr, held: ast.expr | None) -> _Found:
    scale = training.train.scale
    if scale is None or abs(scale - 1) < _PLAIN or abs(scale) < _PLAIN or not isinstance(x, ast.Name):
        return
    factor = f"{round(1 / scale, 3):g}"
    keywords: dict[str, str | None] = {}
    if isinstance(held, ast.Tuple) and len(held.elts) == 2:
        rows, labels = (solution.text(site.cell, item) for item in held.elts)
        keywords["validation_data"] = f"({rows} * {factor}, {labels})"
    if not site.call.args:
        keywords["x"] = f"{x.id} * {factor}"
    first = f"{x.id} * {factor}" if site.call.args else None
    text = solution.rebuilt(site.cell, site.call, keywords, first)
    yield "missing scaling", "trained on pixels that are not scaled", solution.replaced(site.cell, site.call, text)
