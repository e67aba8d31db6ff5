"""Mistakes in what is done with a trained model: the wrong one, the wrong rows, typed numbers, nothing shown."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.mutation.mutant import Edit, Mutation
from grader.mutation.solution import Site, Solution, argument, called, ordered
from grader.records.criteria.models import SweepCriterion

_SHOWN = ("evaluated", "right_and_wrong", "generalisation_gap", "states_number")
_LEFT_OUT = {
    "saved_model": ("a model that is not saved", ("save", "save_weights", "save_model")),
    "summary_shown": ("a summary that is not shown", ("summary",)),
}


def output_mutations(solution: Solution) -> Iterator[Mutation]:
    """One mistake of each kind for each question that asks for such things."""
    for model in solution.models:
        for name in ("evaluate", "predict"):
            sites = [site for site in solution.calls if site.model == model and site.name == name]
            for site in sites[:1]:
                kinds = ("evaluated",) if name == "evaluate" else ("prediction", "right_and_wrong", "confusion_matrix")
                yield from _asked(solution, site, solution.question_of(site.cell, kinds, model))
    for question, _, cells in solution.asking(*_SHOWN):
        yield from _printed(solution, question.id, cells)
    for question, _, cells in solution.asking("right_and_wrong"):
        yield from _miscounted(solution, question.id, cells)
    for kind, (mistake, names) in _LEFT_OUT.items():
        for question, _, cells in solution.asking(kind):
            sites = [site for site in solution.calls if site.cell in cells and site.name in names]
            edits = tuple(edit for site in sites if (edit := solution.dropped(site.cell, site.call)))
            if edits:
                yield Mutation(mistake, f"without {called(sites[0].call)}", question.id, edits)
    for question, _, _ in solution.asking("console_log"):
        for site in solution.calls:
            if site.name == "fit" and site.model == question.model and question.model:
                edit = solution.replaced(site.cell, site.call, solution.rebuilt(site.cell, site.call, {"verbose": "0"}))
                yield Mutation("no training log", f"{question.model}: trained with verbose=0", question.id, (edit,))
    for question, criterion, cells in solution.asking("sweep"):
        assert isinstance(criterion, SweepCriterion)
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
        for node in ordered(solution.trees[cell]):
            if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
                sides = solution.text(cell, node.left), solution.text(cell, node.comparators[0])
                edit = solution.replaced(cell, node, f"{sides[0]} != {sides[1]}")
                yield Mutation("counts exchanged", "right ones are counted as wrong", question, (edit,))
                return


def _narrowed(
    solution: Solution, question: str, criterion: SweepCriterion, cells: tuple[int, ...]
) -> Iterator[Mutation]:
    """Fewer factors, and one replica of each."""
    for site in solution.calls:
        count = argument(site.call, "num", 2)
        spaced = site.name in ("logspace", "linspace", "geomspace")
        if site.cell in cells and spaced and isinstance(count, ast.Constant) and count.value == criterion.factors:
            edit = solution.replaced(site.cell, count, "2")
            yield Mutation("fewer factors", f"2 factors instead of {count.value}", question, (edit,))
    fewer = f"1 training instead of {criterion.replicas}"
    for cell in cells:
        for node in ordered(solution.trees[cell]):
            value = node.value if isinstance(node, ast.Assign) else None
            if isinstance(node, ast.Call) and called(node) == "range" and len(node.args) == 1:
                value = node.args[0]
            if isinstance(value, ast.Constant) and _is(value, criterion.replicas):
                yield Mutation("fewer replicas", fewer, question, (solution.replaced(cell, value, "1"),))
            elif isinstance(value, ast.List) and len(value.elts) == criterion.factors:
                edit = solution.replaced(cell, value, f"{solution.text(cell, value)}[:2]")
                yield Mutation("fewer factors", f"2 factors instead of {criterion.factors}", question, (edit,))


def _is(node: ast.Constant, number: int) -> bool:
    return not isinstance(node.value, bool) and node.value == number
