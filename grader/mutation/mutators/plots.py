"""Mistakes in figures: unlabelled, of another model, of another metric, without the validation, without error bars."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.mutation.mutant import Edit, Mutation
from grader.mutation.solution import Site, Solution, argument, root
from grader.records.rubric import Question

_PLOTS = ("history_plot", "comparison_plot", "error_bar_plot")
_FIGURES = (*_PLOTS, "histogram", "image_grid", "prediction", "confusion_matrix")
_LABELS = {
    "title": ("title", "set_title", "suptitle"),
    "x": ("xlabel", "set_xlabel"),
    "y": ("ylabel", "set_ylabel"),
    "legend": ("legend",),
}
_CALLED = {"x": "x label", "y": "y label"}


def plot_mutations(solution: Solution) -> Iterator[Mutation]:
    """At most one mistake of each kind for each question with figures."""
    for question, criterion, cells in solution.asking(*_FIGURES):
        if not cells:
            continue
        sites = _drawing(solution, cells)
        yield from _unlabelled(solution, question, sites)
        if criterion.kind in ("history_plot", "comparison_plot"):
            about = None if getattr(criterion, "model", None) == "any" else question.model
            yield from _of_another_model(solution, question.id, about, cells)
            yield from _metrics(solution, question.id, sites)
        if criterion.kind == "error_bar_plot":
            yield from _without_bars(solution, question.id, sites)
        if criterion.kind in ("image_grid", "prediction"):
            yield from _images(solution, question.id, sites)


def _unlabelled(solution: Solution, question: Question, sites: list[Site]) -> Iterator[Mutation]:
    """Without each label that is asked for, or without any where none is."""
    labelling = [criterion for criterion in question.criteria if hasattr(criterion, "labelled")]
    wanted = dict.fromkeys(label for criterion in labelling for label in criterion.labelled)
    for label in wanted or (("",) if labelling else ()):
        names = _LABELS[label] if label else tuple(name for names in _LABELS.values() for name in names)
        edits = _dropped(solution, [site for site in sites if site.name in names])
        if edits:
            what = _CALLED.get(label, label) or "labels"
            yield Mutation(f"a missing {what}", f"a figure without its {what}", question.id, edits)
    if any(getattr(criterion, "titled", False) for criterion in question.criteria):
        edits = _dropped(solution, [site for site in sites if site.name in _LABELS["title"]])
        if edits:
            yield Mutation("missing titles", "images without titles", question.id, edits)


def _drawing(solution: Solution, cells: tuple[int, ...]) -> list[Site]:
    """Calls in `cells`, and in the functions that these call."""
    here = [site for site in solution.calls if site.cell in cells]
    names = {site.name for site in here if isinstance(site.call.func, ast.Name)}
    bodies: set[ast.AST] = set()
    for tree in solution.trees.values():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name in names:
                bodies |= set(ast.walk(node))
    return [site for site in solution.calls if site.cell in cells or site.call in bodies]


def _dropped(solution: Solution, sites: list[Site]) -> tuple[Edit, ...]:
    edits = [solution.dropped(site.cell, site.call) for site in sites]
    return tuple(edit for edit in edits if edit is not None)


def _of_another_model(
    solution: Solution, question: str, model: str | None, cells: tuple[int, ...]
) -> Iterator[Mutation]:
    """The history that is drawn is the other model's: one with as many epochs, so that the code still runs."""
    histories: dict[str, tuple[str, int]] = {}
    for site in solution.calls:
        statement = solution.parents.get(site.call)
        if site.name == "fit" and isinstance(statement, ast.Assign) and site.model:
            training = solution.training(site.model)
            for target in statement.targets:
                if isinstance(target, ast.Name) and training is not None and site.cell <= max(cells):
                    histories[target.id] = (site.model, training.fit.epochs)
    own = [name for name, (of, _) in histories.items() if of == model]
    wanted = histories[own[0]][1] if own else 0
    others = [name for name, (of, epochs) in histories.items() if of != model and epochs == wanted]
    if not own or not others:
        return
    edits = tuple(
        solution.replaced(cell, node, others[-1])
        for cell in cells
        for node in ast.walk(solution.trees[cell])
        if isinstance(node, ast.Name) and node.id in own and isinstance(node.ctx, ast.Load)
    )
    if edits:
        says = f"the history of {histories[others[-1]][0]} is drawn, not that of {model}"
        yield Mutation("a plot of another model's history", says, question, edits)


def _metrics(solution: Solution, question: str, sites: list[Site]) -> Iterator[Mutation]:
    keys = [
        (site, node.slice)
        for site in sites
        for node in ast.walk(site.call)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant | ast.JoinedStr)
    ]
    swap = {"accuracy": "loss", "loss": "accuracy", "val_accuracy": "val_loss", "val_loss": "val_accuracy"}
    constants = {
        (site.cell, key): str(key.value) for site, key in keys if isinstance(key, ast.Constant) and key.value in swap
    }
    if constants:
        edits = tuple(solution.replaced(cell, key, f'"{swap[name]}"') for (cell, key), name in constants.items())
        first = next(iter(constants.values()))
        yield Mutation("a plot of another metric", f"{swap[first]} is drawn, not {first}", question, edits)
    for site, key in keys:
        text = solution.text(site.cell, key).lstrip("fF")[1:]
        plotted = solution.dropped(site.cell, site.call)
        if text.startswith("val_") and plotted is not None and site.name == "plot":
            says = "only the training's curve is drawn, not the validation's"
            yield Mutation("a missing curve", says, question, (plotted,))
            break


def _without_bars(solution: Solution, question: str, sites: list[Site]) -> Iterator[Mutation]:
    for site in [site for site in sites if site.name == "errorbar" and argument(site.call, "yerr") is not None][:1]:
        text = solution.rebuilt(site.cell, site.call, {"yerr": None})
        edit = solution.replaced(site.cell, site.call, text)
        yield Mutation("missing error bars", "the means are drawn without their deviations", question, (edit,))


def _images(solution: Solution, question: str, sites: list[Site]) -> Iterator[Mutation]:
    for site in sites:
        sides = [value for value in site.call.args[:2] if isinstance(value, ast.Constant)]
        if site.name == "subplots" and len(sides) == 2 and all(isinstance(side.value, int) for side in sides):
            edits = tuple(
                solution.replaced(site.cell, side, text) for side, text in zip(sides, ("1", "2"), strict=True)
            )
            yield Mutation("fewer images", "two images are shown", question, edits)
            break
    for site in sites:
        title = site.call.args[0] if site.call.args else None
        shown = [part for part in getattr(title, "values", ()) if isinstance(part, ast.FormattedValue)]
        if site.name in ("set_title", "title") and len(shown) > 1 and root(shown[0].value):
            assert title is not None
            text = f"str({solution.text(site.cell, shown[0].value)})"
            edit = solution.replaced(site.cell, title, text)
            says = f"the title of an image says {root(shown[0].value)} alone"
            yield Mutation("a missing label of an image", says, question, (edit,))
            break
