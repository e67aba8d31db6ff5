"""Every mistake that can be made in a solution, in the order of its questions.

Mistakes in models and their trainings stand in `model_mutants`; here are those in plots and functions, and those in
what is handed in beside code: nothing under a question, another number, a stale output.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

from grader.authoring.model_mutants import layer_mutations, output_mutations, training_mutations
from grader.authoring.mutation import (
    Edit,
    Mutant,
    Mutation,
    Site,
    Solution,
    argument,
    callee_name,
    nodes_in_order,
    number_mutants,
    root,
)
from grader.authoring.partial_runs import Dependencies, OpaqueError
from grader.facts.keras import ACCURACY, LOSS, VALIDATION, VALIDATION_ACCURACY, VALIDATION_LOSS
from grader.records import ANY, BaseCriterion, FunctionTested, Printed, Question


def every_mutant(solution: Solution) -> tuple[Mutant, ...]:
    """The mutants of a solution, in the order of its questions, numbered from 1; each change once."""
    mutators = (
        layer_mutations,
        training_mutations,
        plot_mutations,
        output_mutations,
        function_mutations,
        text_mutations,
    )
    places = {question.id: place for place, question in enumerate(solution.questions)}
    found: list[Mutation] = [mutation for mutator in mutators for mutation in mutator(solution)]
    found.sort(key=lambda mutation: places.get(mutation.question, len(places)))
    return number_mutants(solution.match.submission, found)


# Plots

_LABELS = {
    "title": ("title", "set_title", "suptitle"),
    "x": ("xlabel", "set_xlabel"),
    "y": ("ylabel", "set_ylabel"),
    "legend": ("legend",),
}
_CALLED = {"x": "x label", "y": "y label"}


def plot_mutations(solution: Solution) -> Iterator[Mutation]:
    """At most one mistake of each kind for each question with figures."""
    for question, criterion, cells in solution.asking("drawing"):
        if not cells:
            continue
        sites = _drawing(solution, cells)
        yield from _unlabelled(solution, question, sites)
        if "other_history" in criterion.mistakes:
            about = None if ANY in criterion.named_models else question.model
            yield from _of_another_model(solution, question.id, about, cells)
        if "other_metric" in criterion.mistakes:
            yield from _metrics(solution, question.id, sites)
        if "no_error_bars" in criterion.mistakes:
            yield from _without_bars(solution, question.id, sites)
        if "fewer_images" in criterion.mistakes:
            yield from _images(solution, question.id, sites)


def _unlabelled(solution: Solution, question: Question, sites: list[Site]) -> Iterator[Mutation]:
    """Without each label that is asked for, or without any where none is."""
    labelling = [criterion.labels for criterion in question.criteria if criterion.labels is not None]
    wanted = dict.fromkeys(label for labels in labelling for label in labels)
    for label in wanted or (("",) if labelling else ()):
        names = _LABELS[label] if label else tuple(name for names in _LABELS.values() for name in names)
        edits = _dropped(solution, [site for site in sites if site.name in names])
        if edits:
            what = _CALLED.get(label, label) or "labels"
            yield Mutation(f"a missing {what}", f"a figure without its {what}", question.id, edits)
    if any(criterion.each_image_titled for criterion in question.criteria):
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
    swap = {ACCURACY: LOSS, LOSS: ACCURACY, VALIDATION_ACCURACY: VALIDATION_LOSS, VALIDATION_LOSS: VALIDATION_ACCURACY}
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
        if text.startswith(VALIDATION) and plotted is not None and site.name == "plot":
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


# Functions

_Change = Callable[[Solution, int, ast.expr], str | None]
"""The text in place of an expression of a cell; `None` where the mistake cannot be made there."""
_MOST_PLACES = 2
"""Places of one function at which a mistake of one kind is made."""
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
    """For each function that the lab's cases try: mistakes of each kind, at the first places for them."""
    for event in solution.match.rerun.events:
        if not isinstance(event, FunctionTested) or event.function is None or event.cell not in solution.trees:
            continue
        for node in ast.walk(solution.trees[event.cell]):
            if isinstance(node, ast.FunctionDef) and node.name == event.function:
                yield from _mistakes(solution, event, node)


def _mistakes(solution: Solution, event: FunctionTested, function: ast.FunctionDef) -> Iterator[Mutation]:
    for kind, change in _CHANGES.items():
        made = 0
        for node in nodes_in_order(function):
            if not isinstance(node, ast.expr) or made == _MOST_PLACES:
                continue
            text = change(solution, event.cell, node)
            if text is not None:
                made += 1
                says = f"{function.name}: {_short(text)} instead of {_short(solution.text(event.cell, node))}"
                yield Mutation(kind, says, event.question, (solution.replaced(event.cell, node, text),))
    returns = [node for node in nodes_in_order(function) if isinstance(node, ast.Return)]
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
    if isinstance(node, ast.Call) and callee_name(node) == "range" and len(node.args) == 1:
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


# What is handed in beside code

_NUMBER = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?![\w,])|(?<![\w.,])\d+\.\d+|(?<![\w.,])\d{3,}(?![\w.])")
_EPOCH = re.compile(r"^Epoch (\d{1,5})/(\d{1,5})[ \t]*$", re.MULTILINE)
_LEAST_EPOCHS = 4
"""Of a training whose log can be cut to half of it and still be a log of several epochs."""


def text_mutations(solution: Solution) -> Iterator[Mutation]:
    """A question left empty, a wrong number in an answer, a saved log of fewer epochs than the code says."""
    for question in solution.questions:
        words, code = tuple(_wordless(solution, question)), tuple(_codeless(solution, question))
        asked_in_words = any(criterion.about == "text" for criterion in question.criteria)
        whole = bool(code) and {edit.cell for edit in code} == set(solution.code_of(question.id))
        edits = (*words, *code) if asked_in_words or whole else ()
        if edits:
            yield Mutation("a missing answer", "nothing stands under the question", question.id, edits)
    for question, criterion, _ in solution.asking("other_number"):
        edits = tuple(_other_numbers(solution, question, criterion))
        if edits:
            yield Mutation("another number", f"the answer says {edits[0].text}", question.id, edits)
    for question, _, cells in solution.asking("stale_log"):
        yield from _stale_log(solution, question, cells)


def _pieces(solution: Solution, question: Question) -> Iterator[tuple[int, int, int]]:
    """(cell, start, end) of the question's prose."""
    for passage in solution.match.question(question.id).passages:
        if solution.cells[passage.cell].kind == "prose":
            yield passage.cell, passage.start, passage.end


def _wordless(solution: Solution, question: Question) -> Iterator[Edit]:
    """The prose of a question left out, its headings kept."""
    for cell, start, end in _pieces(solution, question):
        text = solution.cells[cell].source[start:end]
        kept = "\n".join(line for line in text.split("\n") if line.lstrip().startswith("#"))
        if kept.strip() != text.strip():
            yield Edit(cell, start, end, f"{kept}\n" if end < len(solution.cells[cell].source) else kept)


def _codeless(solution: Solution, question: Question) -> Iterator[Edit]:
    """The code under a question left out, where nothing else rests on it."""
    cells = [cell for cell in solution.code_of(question.id) if _is_alone(solution, question, cell)]
    sources = {cell: solution.cells[cell].source for cell in solution.trees}
    for cell in reversed(cells):
        try:
            reached = Dependencies(sources).affected({cell: "pass"})
        except OpaqueError:
            return
        if reached <= {cell}:
            sources[cell] = "pass"
            yield Edit(cell, 0, len(solution.cells[cell].source), "pass")


def _is_alone(solution: Solution, question: Question, cell: int) -> bool:
    """Whether `cell` answers no other question."""
    return all(cell not in match.cells or match.question == question for match in solution.match.questions)


def _other_numbers(solution: Solution, question: Question, criterion: BaseCriterion) -> Iterator[Edit]:
    for cell, start, end in _pieces(solution, question):
        source = solution.cells[cell].source
        for found in _NUMBER.finditer(source, start, end):
            if source[source.rfind("\n", 0, found.start()) + 1 :].lstrip().startswith("#"):
                continue
            value = float(found[0].replace(",", ""))
            if criterion.stated_number is not None and value != criterion.stated_number:
                continue
            other = f"{value * 0.9:.4f}" if "." in found[0] else f"{int(value * 0.9):,}"
            yield Edit(cell, found.start(), found.end(), other)


def _stale_log(solution: Solution, question: Question, cells: tuple[int, ...]) -> Iterator[Mutation]:
    training = solution.training(question.model)
    """The saved log of half the training, as it stands in a notebook whose code was changed afterwards."""
    if training is None or training.cell not in cells or training.fit.epochs < _LEAST_EPOCHS:
        return
    for event in solution.match.rerun.events:
        if isinstance(event, Printed) and event.cell == training.cell and _EPOCH.search(event.text):
            fewer = training.fit.epochs // 2
            end = next((found.start() for found in _EPOCH.finditer(event.text) if int(found[1]) == fewer + 1), 0)
            if end:
                log = _EPOCH.sub(rf"Epoch \1/{fewer}", event.text[:end])
                says = f"the saved log has {fewer} epochs, the code above it {training.fit.epochs}"
                yield Mutation("a stale saved output", says, question.id, saved=((training.cell, log),))
            return
