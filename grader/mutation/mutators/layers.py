"""Mistakes in a model's layers: one of each kind for each model."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.mutation.mutant import Edit, Mutation
from grader.mutation.solution import Site, Solution, argument

_DENSE = frozenset({"Dense"})
_CONVOLUTIONS = frozenset({"Conv1D", "Conv2D", "Conv3D", "SeparableConv2D", "Conv2DTranspose"})
_RECURRENT = frozenset({"LSTM", "GRU", "SimpleRNN"})
_WEIGHTED = _DENSE | _CONVOLUTIONS | _RECURRENT
_POOLING = frozenset({"MaxPooling1D", "MaxPooling2D", "MaxPool2D", "AveragePooling2D"})
_DROPPED = (*sorted(_WEIGHTED), *sorted(_POOLING), "Dropout", "BatchNormalization", "SpatialDropout2D")
_NORM = re.compile(r"([lL])([12])\b")
_ASKING = ("architecture", "parameters", "sweep", "accuracy")


def layer_mutations(solution: Solution) -> Iterator[Mutation]:
    """A missing layer, another activation, other sizes, wrong padding, missing regularisation."""
    for model in solution.models:
        layers = [site for site in solution.calls if site.model == model and site.name in (*_DROPPED, "Flatten")]
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
            yield Mutation(kind, f"{model}: {says}", solution.question_of(site.cell, _ASKING, model), edits)


_Found = Iterator[tuple[Site, str, str, tuple[Edit, ...]]]


def _missing(solution: Solution, layers: list[Site], output: list[Site]) -> _Found:
    for kind in _DROPPED:
        of_kind = [site for site in layers if site.name == kind and site not in output]
        edit = _without(solution, of_kind[-1]) if of_kind else None
        if edit is not None:
            yield of_kind[-1], "a missing layer", f"without {_shown(solution, of_kind[-1])}", (edit,)


def _without_all(solution: Solution, layers: list[Site], kinds: tuple[str, ...]) -> _Found:
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


def _activations(solution: Solution, hidden: list[Site], output: list[Site]) -> _Found:
    for site in hidden[:1]:
        now = _activation(site)
        if now is None and site.name in _DENSE | _CONVOLUTIONS:
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
    return argument(site.call, "activation", 1 if site.name in _DENSE else None)


def _instead(solution: Solution, site: Site, new: str, old: str) -> str:
    return f"{new} instead of {old} in {_shown(solution, site)}"


def _sizes(solution: Solution, hidden: list[Site]) -> _Found:
    for kinds, name in ((_DENSE | _RECURRENT, "units"), (_CONVOLUTIONS, "filters")):
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


def _shapes(solution: Solution, layers: list[Site]) -> _Found:
    convolutions = [site for site in layers if site.name in _CONVOLUTIONS]
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
    for site in [site for site in layers if site.name in ("Dropout", "SpatialDropout2D")][:1]:
        rate = argument(site.call, "rate", 0)
        if isinstance(rate, ast.Constant):
            new = "0.5" if rate.value != 0.5 else "0.1"
            edit = solution.replaced(site.cell, rate, new)
            yield site, "another rate", f"dropout of {new} instead of {solution.text(site.cell, rate)}", (edit,)


def _penalties(solution: Solution, layers: list[Site]) -> _Found:
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
