"""Mistakes in small functions of NumPy: off by one, axes exchanged, steps left out, arguments changed in place."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from grader.mutation.mutant import Mutation
from grader.mutation.solution import Solution, called, ordered
from grader.records.functions.outcomes import FunctionTested

_Change = Callable[[Solution, int, ast.expr], str | None]
_OTHER = {
    "amax": "mean",
    "argmax": "argmin",
    "dot": "multiply",
    "exp": "abs",
    "max": "mean",
    "maximum": "minimum",
    "mean": "sum",
    "minimum": "maximum",
    "std": "var",
    "sum": "mean",
}


def function_mutations(solution: Solution) -> Iterator[Mutation]:
    """For each function that the solution's cases try: one mistake of each kind, at the first place for it."""
    for event in solution.match.rerun.events:
        if not isinstance(event, FunctionTested) or event.function is None or event.cell not in solution.trees:
            continue
        for node in ast.walk(solution.trees[event.cell]):
            if isinstance(node, ast.FunctionDef) and node.name == event.function:
                yield from _mistakes(solution, event, node)


def _mistakes(solution: Solution, event: FunctionTested, function: ast.FunctionDef) -> Iterator[Mutation]:
    for kind, change in _CHANGES.items():
        made = 0
        for node in ordered(function):
            if not isinstance(node, ast.expr) or made == 2:
                continue
            text = change(solution, event.cell, node)
            if text is not None:
                made += 1
                says = f"{function.name}: {_short(text)} instead of {_short(solution.text(event.cell, node))}"
                yield Mutation(kind, says, event.question, (solution.replaced(event.cell, node, text),))
    returns = [node for node in ordered(function) if isinstance(node, ast.Return)]
    value = returns[-1].value if returns else None
    if value is None or not function.args.args:
        return
    last, first = returns[-1], function.args.args[0].arg
    text = solution.text(event.cell, value)
    whole = f"return np.asarray({text}).astype(int)" if _has_numpy(solution) else f"return int({text})"
    edit = solution.replaced(event.cell, last, whole)
    yield Mutation("whole numbers", f"{function.name}: the result is cut to whole numbers", event.question, (edit,))
    column = " " * last.col_offset
    changed = f"answer = ({text}) + 0\n{column}{first} *= 0\n{column}return answer"
    edit = solution.replaced(event.cell, last, changed)
    says = f"{function.name}: it changes its argument {first}"
    yield Mutation("an argument changed in place", says, event.question, (edit,))


def _off_by_one(solution: Solution, cell: int, node: ast.expr) -> str | None:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and _is_number(node.right, 1):
        return solution.text(cell, node.left)
    if isinstance(node, ast.Call) and called(node) == "range" and len(node.args) == 1:
        return f"range({solution.text(cell, node.args[0])} - 1)"
    return None


def _axes(solution: Solution, cell: int, node: ast.expr) -> str | None:
    if isinstance(node, ast.Call):
        for keyword in node.keywords:
            if keyword.arg == "axis":
                other = "1" if _is_number(keyword.value, 0) else "0"
                return solution.rebuilt(cell, node, {"axis": other})
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
        for index in (0, 1):
            if _is_number(node.slice, index):
                return f"{solution.text(cell, node.value)}[{1 - index}]"
    return None


def _subtrahend(solution: Solution, cell: int, node: ast.expr) -> str | None:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and not isinstance(node.right, ast.Constant):
        simple = isinstance(node.right, ast.Call | ast.Name)
        return solution.text(cell, node.left) if simple and not _inside_slice(solution, node) else None
    return None


def _summand(solution: Solution, cell: int, node: ast.expr) -> str | None:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and isinstance(node.right, ast.Name):
        return None if _inside_slice(solution, node) else solution.text(cell, node.left)
    return None


def _divisor(solution: Solution, cell: int, node: ast.expr) -> str | None:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not isinstance(node.left, ast.Constant):
        return solution.text(cell, node.left)
    return None


def _factor(solution: Solution, cell: int, node: ast.expr) -> str | None:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and isinstance(node.right, ast.Name):
        return solution.text(cell, node.left)
    return None


def _another_function(solution: Solution, cell: int, node: ast.expr) -> str | None:
    parent = solution.parents.get(node)
    if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Sub) and parent.right is node:
        # softmax is the same whatever is subtracted from all scores
        return None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _OTHER:
        func = node.func
        values = solution.text(cell, node).removeprefix(solution.text(cell, func))
        return f"{solution.text(cell, func.value)}.{_OTHER[func.attr]}{values}"
    return None


def _inside_slice(solution: Solution, node: ast.AST) -> bool:
    return isinstance(solution.parents.get(node), ast.Slice)


def _is_number(node: ast.AST, number: int) -> bool:
    return isinstance(node, ast.Constant) and not isinstance(node.value, bool) and node.value == number


def _has_numpy(solution: Solution) -> bool:
    nodes = (node for tree in solution.trees.values() for node in ast.walk(tree))
    return any(isinstance(node, ast.alias) and node.asname == "np" for node in nodes)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 50 else f"{text[:49]}…"


_CHANGES: dict[str, _Change] = {
    "off by one": _off_by_one,
    "axes exchanged": _axes,
    "a step left out": _subtrahend,
    "a missing summand": _summand,
    "a missing division": _divisor,
    "a missing factor": _factor,
    "another function": _another_function,
}
