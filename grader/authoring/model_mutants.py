"""Mistakes in models: their layers, compilation and training, and what is done with a trained one.

One mistake of each kind for each model, at the first place for it. What a lab leaves to the group (a free design, any
optimizer) is no mistake and is left out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.authoring.mutation import Edit, Mutation, Site, Solution, argument, callee_name, nodes_in_order
from grader.facts.keras import (
    ALIASES,
    BINARY_LOSS,
    CONVOLUTION,
    DENSE,
    DROPPING,
    NORMALISING,
    ONE_HOT_LOSS,
    POOLING,
    RECURRENT,
    RESHAPING,
)
from grader.records import BaseCriterion, Mistake, Trained

# Layers

_WEIGHTED = DENSE | CONVOLUTION | RECURRENT
_POOLING = POOLING | {alias for alias, name in ALIASES.items() if name in POOLING}
_DROPPED = (*sorted(_WEIGHTED), *sorted(_POOLING), *sorted(DROPPING | NORMALISING))
_NORM = re.compile(r"([lL])([12])\b")


def layer_mutations(solution: Solution) -> Iterator[Mutation]:
    """A missing layer, another activation, other sizes, wrong padding, missing regularisation."""
    for model in solution.models:
        layers = [site for site in solution.calls if site.model == model and site.name in (*_DROPPED, *RESHAPING)]
        weighted = [site for site in layers if site.name in _WEIGHTED]
        hidden, output = weighted[:-1], weighted[-1:]
        found = [
            *_missing(solution, layers, output),
            *_activations(solution, hidden, output),
            *_sizes(solution, hidden),
            *_shapes(solution, layers),
            *_penalties(solution, layers),
        ]
        if solution.free_layers(model):
            found = list(_without_all(solution, layers, solution.free_layers(model)))
        for site, kind, says, edits in found:
            yield Mutation(kind, f"{model}: {says}", solution.question_of(site.cell, "layers", model), edits)


_LayerMistakes = Iterator[tuple[Site, str, str, tuple[Edit, ...]]]
"""Of each: where it stands, its kind, what it changes, and the edits."""


def _missing(solution: Solution, layers: list[Site], output: list[Site]) -> _LayerMistakes:
    """Without the last layer of each kind. The output layer stays: without it no training would start."""
    for kind in _DROPPED:
        of_kind = [site for site in layers if site.name == kind and site not in output]
        edit = _without(solution, of_kind[-1]) if of_kind else None
        if edit is not None:
            yield of_kind[-1], "a missing layer", f"without {_shown(solution, of_kind[-1])}", (edit,)


def _without_all(solution: Solution, layers: list[Site], kinds: tuple[str, ...]) -> _LayerMistakes:
    """Of a free design: without any layer of a kind that has to be in it."""
    for kind in kinds:
        of_kind = [site for site in layers if site.name == kind]
        parents = {solution.parents.get(site.call) for site in of_kind}
        parent = parents.pop() if len(parents) == 1 else None
        if isinstance(parent, ast.List | ast.Tuple):
            calls = [site.call for site in of_kind]
            rest = ", ".join(solution.text(of_kind[0].cell, item) for item in parent.elts if item not in calls)
            found = [solution.replaced(of_kind[0].cell, parent, f"[{rest}]")]
        else:
            found = [edit for site in of_kind if (edit := _without(solution, site))]
        if found:
            yield of_kind[0], "a missing layer", f"without any {kind}", tuple(found)


def _without(solution: Solution, site: Site) -> Edit | None:
    """A layer left out of a list, of a row of `add`, or of a functional model."""
    parent = solution.parents.get(site.call)
    if isinstance(parent, ast.List | ast.Tuple):
        rest = ", ".join(solution.text(site.cell, item) for item in parent.elts if item is not site.call)
        return solution.replaced(site.cell, parent, f"[{rest}]")
    if isinstance(parent, ast.Call) and parent.func is site.call and len(parent.args) == 1:
        return solution.replaced(site.cell, parent, solution.text(site.cell, parent.args[0]))
    if isinstance(parent, ast.Call) and parent.args == [site.call]:
        return solution.dropped(site.cell, parent)
    return None


def _activations(solution: Solution, hidden: list[Site], output: list[Site]) -> _LayerMistakes:
    for site in hidden[:1]:
        now = _activation(site)
        if now is None and site.name in DENSE | CONVOLUTION:
            text = solution.rebuilt(site.cell, site.call, {"activation": '"relu"'})
            edit = solution.replaced(site.cell, site.call, text)
            yield site, "another activation", _instead(solution, site, "relu", "none"), (edit,)
        elif isinstance(now, ast.Constant):
            other = "sigmoid" if now.value != "sigmoid" else "relu"
            edit = solution.replaced(site.cell, now, f'"{other}"')
            yield site, "another activation", _instead(solution, site, other, str(now.value)), (edit,)
            edit = solution.replaced(site.cell, now, "None")
            yield site, "a missing activation", _instead(solution, site, "none", str(now.value)), (edit,)
    for site in output:
        now = _activation(site)
        if isinstance(now, ast.Constant) and now.value in ("softmax", "sigmoid"):
            other = "sigmoid" if now.value == "softmax" else "relu"
            edit = solution.replaced(site.cell, now, f'"{other}"')
            yield site, "another activation of the output", _instead(solution, site, other, str(now.value)), (edit,)


def _activation(site: Site) -> ast.expr | None:
    return argument(site.call, "activation", 1 if site.name in DENSE else None)


def _instead(solution: Solution, site: Site, new: str, old: str) -> str:
    return f"{new} instead of {old} in {_shown(solution, site)}"


def _sizes(solution: Solution, hidden: list[Site]) -> _LayerMistakes:
    for kinds, name in ((DENSE | RECURRENT, "units"), (CONVOLUTION, "filters")):
        for site in [site for site in hidden if site.name in kinds][:1]:
            value = argument(site.call, name, 0)
            if value is not None:
                half = _halved(solution, site.cell, value)
                said = f"{half} {name} instead of {solution.text(site.cell, value)}"
                yield site, f"other {name}", said, (solution.replaced(site.cell, value, half),)


def _halved(solution: Solution, cell: int, value: ast.expr) -> str:
    if isinstance(value, ast.Constant) and isinstance(value.value, int):
        return str(max(1, value.value // 2))
    return f"({solution.text(cell, value)}) // 2"


def _shapes(solution: Solution, layers: list[Site]) -> _LayerMistakes:
    convolutions = [site for site in layers if site.name in CONVOLUTION]
    for site in convolutions[:1]:
        value = argument(site.call, "kernel_size", 1)
        if value is not None:
            now = solution.text(site.cell, value)
            new = now.replace("3", "5") if "3" in now else "3"
            edit = solution.replaced(site.cell, value, new)
            yield site, "another kernel", f"kernels of {new} instead of {now}", (edit,)
    for site, padding in ((site, argument(site.call, "padding")) for site in convolutions):
        same = isinstance(padding, ast.Constant) and padding.value == "same"
        if same or site is convolutions[-1]:
            new = '"valid"' if same else '"same"'
            text = solution.rebuilt(site.cell, site.call, {"padding": new})
            said = f"padding {new.strip(chr(34))} in {_shown(solution, site)}"
            yield site, "wrong padding", said, (solution.replaced(site.cell, site.call, text),)
            break
    for site in [site for site in layers if site.name in DROPPING][:1]:
        rate = argument(site.call, "rate", 0)
        if isinstance(rate, ast.Constant):
            new = "0.5" if rate.value != 0.5 else "0.1"
            edit = solution.replaced(site.cell, rate, new)
            yield site, "another rate", f"dropout of {new} instead of {solution.text(site.cell, rate)}", (edit,)


def _penalties(solution: Solution, layers: list[Site]) -> _LayerMistakes:
    sites = [site for site in layers if argument(site.call, "kernel_regularizer") is not None]
    if not sites:
        return
    bare = solution.rebuilt(sites[0].cell, sites[0].call, {"kernel_regularizer": None})
    said = f"no regularisation in {_shown(solution, sites[0])}"
    yield sites[0], "missing regularisation", said, (solution.replaced(sites[0].cell, sites[0].call, bare),)
    swapped: list[Edit] = []
    for site in sites:
        value = argument(site.call, "kernel_regularizer")
        assert value is not None
        text = solution.text(site.cell, value)
        other = _NORM.sub(lambda found: f"{found[1]}{3 - int(found[2])}", text, count=1)
        if other != text:
            swapped.append(solution.replaced(site.cell, value, other))
    if swapped:
        yield sites[0], "another regularisation", f"{swapped[0].text} in all layers", tuple(swapped)


def _shown(solution: Solution, site: Site) -> str:
    text = " ".join(solution.text(site.cell, site.call).split())
    return text if len(text) <= 60 else f"{site.name}(…)"


# Compilation and training

_LOSSES = {ONE_HOT_LOSS: BINARY_LOSS}
_ANY_LOSS = "mean_squared_error"
"""Stands in for a loss that has no typical confusion: it runs on any output."""
_PLAIN = 1e-9
"""A scale as near as this to 0 is no scale; to 1, no scaling."""
_OF_OPTIMIZER = ("another optimizer", "another learning rate")
_OF_LENGTH = ("fewer epochs", "another batch size")
"""No mistakes where the lab leaves these to the group."""


def training_mutations(solution: Solution) -> Iterator[Mutation]:
    """Another loss, optimizer or rate; other epochs and batches; wrong rows to train and validate on; raw pixels."""
    for model in solution.models:
        compiles = [site for site in solution.calls if site.model == model and site.name == "compile"]
        fits = [site for site in solution.calls if site.model == model and site.name == "fit"]
        for site in compiles[:1]:
            question = solution.question_of(site.cell, "compile", model)
            for kind, says, edit in _of_compile(solution, site):
                if kind in _OF_OPTIMIZER and solution.free_optimizer(model):
                    continue
                yield Mutation(kind, f"{model}: {says}", question, (edit,))
        training, free = solution.training(model), bool(solution.free_layers(model))
        for site in fits[:1] if training else ():
            assert training is not None
            question = solution.question_of(site.cell, "fit", model)
            for kind, says, edit in _of_fit(solution, site, training):
                if kind in _OF_LENGTH and free:
                    continue
                yield Mutation(kind, f"{model}: {says}", question, (edit,))


_TrainingMistakes = Iterator[tuple[str, str, Edit]]
"""Of each: its kind, what it changes, and the edit."""


def _of_compile(solution: Solution, site: Site) -> _TrainingMistakes:
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
        return callee_name(value)
    return value.attr if isinstance(value, ast.Attribute) else getattr(value, "id", "another")


def _of_fit(solution: Solution, site: Site, training: Trained) -> _TrainingMistakes:
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


def _unscaled(
    solution: Solution, site: Site, training: Trained, x: ast.expr, held: ast.expr | None
) -> _TrainingMistakes:
    """Pixels as they were before the solution scaled them: its own factor is undone in the call of `fit`."""
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


# Use of a trained model

_LEFT_OUT: dict[Mistake, tuple[str, tuple[str, ...]]] = {
    "not_saved": ("a model that is not saved", ("save", "save_weights", "save_model")),
    "no_summary": ("a summary that is not shown", ("summary",)),
}


def output_mutations(solution: Solution) -> Iterator[Mutation]:
    """One mistake of each kind for each question that asks for such things."""
    for model in solution.models:
        for name in ("evaluate", "predict"):
            sites = [site for site in solution.calls if site.model == model and site.name == name]
            for site in sites[:1]:
                against: Mistake = "evaluation" if name == "evaluate" else "prediction"
                yield from _asked(solution, site, solution.question_of(site.cell, against, model))
    for question, _, cells in solution.asking("not_printed"):
        yield from _printed(solution, question.id, cells)
    for question, _, cells in solution.asking("miscounted"):
        yield from _miscounted(solution, question.id, cells)
    for against, (mistake, names) in _LEFT_OUT.items():
        for question, _, cells in solution.asking(against):
            sites = [site for site in solution.calls if site.cell in cells and site.name in names]
            edits = tuple(edit for site in sites if (edit := solution.dropped(site.cell, site.call)))
            if edits:
                yield Mutation(mistake, f"without {callee_name(sites[0].call)}", question.id, edits)
    for question, _, _ in solution.asking("silent_training"):
        for site in solution.calls:
            if site.name == "fit" and site.model == question.model and question.model:
                edit = solution.replaced(site.cell, site.call, solution.rebuilt(site.cell, site.call, {"verbose": "0"}))
                yield Mutation("no training log", f"{question.model}: trained with verbose=0", question.id, (edit,))
    for question, criterion, cells in solution.asking("narrow_sweep"):
        yield from _narrowed(solution, question.id, criterion, cells)


def _asked(solution: Solution, site: Site, question: str) -> Iterator[Mutation]:
    """Another model than the one that is meant, or the rows that it was trained on."""
    func = site.call.func
    fits = [fit for fit in solution.calls if fit.name == "fit" and fit.model == site.model and fit.cell <= site.cell]
    if not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Name):
        return
    shapes = {name: known.architecture.input_shape for name, known in solution.reference.models.items()}
    others = {
        fit.call.func.value.id: fit.model
        for fit in solution.calls
        if fit.name == "fit" and fit.cell < site.cell and fit.model not in (site.model, None)
        if isinstance(fit.call.func, ast.Attribute) and isinstance(fit.call.func.value, ast.Name)
        if shapes.get(fit.model or "") == shapes.get(site.model or "")
    }
    others.pop(func.value.id, None)
    verb = "evaluated" if site.name == "evaluate" else "asked"
    if others:
        variable, model = list(others.items())[-1]
        edit = solution.replaced(site.cell, func.value, variable)
        yield Mutation("another model", f"{model} is {verb}, not {site.model}", question, (edit,))
    if site.name == "evaluate" and fits and len(site.call.args) >= 2:
        x, y = argument(fits[-1].call, "x", 0), argument(fits[-1].call, "y", 1)
        if x is not None and y is not None:
            edits = tuple(
                solution.replaced(site.cell, old, solution.text(fits[-1].cell, new))
                for old, new in zip(site.call.args[:2], (x, y), strict=True)
            )
            says = f"{site.model} is evaluated on its training rows"
            yield Mutation("an evaluation on the training data", says, question, edits)


def _printed(solution: Solution, question: str, cells: tuple[int, ...]) -> Iterator[Mutation]:
    prints = [site for site in solution.calls if site.cell in cells and site.name == "print"]
    edits = tuple(edit for site in prints if (edit := solution.dropped(site.cell, site.call)))
    if edits:
        yield Mutation("a result that is not shown", "nothing is printed", question, edits)
    typed = [edit for site in prints for edit in _typed(solution, site)]
    if typed:
        says = f"{typed[0].text} stands in the code"
        yield Mutation("a number written by hand", says, question, tuple(typed))


def _typed(solution: Solution, site: Site) -> Iterator[Edit]:
    """Numbers to so many decimals, replaced by typed ones."""
    for text in [value for value in site.call.args if isinstance(value, ast.JoinedStr)]:
        numbers = [part for part in text.values if isinstance(part, ast.FormattedValue) and part.format_spec]
        if not numbers:
            continue
        words = ""
        for part in text.values:
            if isinstance(part, ast.Constant):
                words += str(part.value)
            elif part in numbers:
                words += "0.9999" if part is numbers[-1] else "0.0123"
            else:
                words += "…"
        yield solution.replaced(site.cell, text, repr(words))


def _miscounted(solution: Solution, question: str, cells: tuple[int, ...]) -> Iterator[Mutation]:
    for cell in cells:
        for node in nodes_in_order(solution.trees[cell]):
            if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
                sides = solution.text(cell, node.left), solution.text(cell, node.comparators[0])
                edit = solution.replaced(cell, node, f"{sides[0]} != {sides[1]}")
                yield Mutation("counts exchanged", "right ones are counted as wrong", question, (edit,))
                return


def _narrowed(
    solution: Solution, question: str, criterion: BaseCriterion, cells: tuple[int, ...]
) -> Iterator[Mutation]:
    """Fewer factors, and one replica of each."""
    factors, replicas = criterion.sweep_size
    for site in solution.calls:
        count = argument(site.call, "num", 2)
        spaced = site.name in ("logspace", "linspace", "geomspace")
        if site.cell in cells and spaced and isinstance(count, ast.Constant) and count.value == factors:
            edit = solution.replaced(site.cell, count, "2")
            yield Mutation("fewer factors", f"2 factors instead of {count.value}", question, (edit,))
    fewer = f"1 training instead of {replicas}"
    for cell in cells:
        for node in nodes_in_order(solution.trees[cell]):
            value = node.value if isinstance(node, ast.Assign) else None
            if isinstance(node, ast.Call) and callee_name(node) == "range" and len(node.args) == 1:
                value = node.args[0]
            if isinstance(value, ast.Constant) and _is(value, replicas):
                yield Mutation("fewer replicas", fewer, question, (solution.replaced(cell, value, "1"),))
            elif isinstance(value, ast.List) and len(value.elts) == factors:
                edit = solution.replaced(cell, value, f"{solution.text(cell, value)}[:2]")
                yield Mutation("fewer factors", f"2 factors instead of {factors}", question, (edit,))


def _is(node: ast.Constant, number: int) -> bool:
    return not isinstance(node.value, bool) and node.value == number
