"""Faults of models that show in the text of the code: the loss beside the last layer, and layers added in a loop."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.checks.observations.code import has_run, programs_of
from grader.checks.observations.placing import question_of
from grader.checks.wording import capitalised, counted, listed, place, places
from grader.records.match import Match, Reference
from grader.records.recording import ModelBuilt, Trained
from grader.records.result import Observation
from grader.source.calls import text_of
from grader.source.program import Program
from grader.source.steps import Step, argument, callee, receiver, targets_of


def losses_by_text(match: Match, reference: Reference) -> Iterator[Observation]:
    """Binary cross-entropy beside a softmax, where the rerun did not come to the code."""
    cells = [cell for program in programs_of(match) for cell in _binary_softmax(program) if not has_run(match, cell)]
    if cells:
        where = listed(places(match, cells))
        yield Observation(
            kind="loss_mismatch",
            question=question_of(match, cells),
            message=f"{capitalised(where)}: binary cross-entropy for a model that ends in a softmax over classes.",
            proof=f"`loss` and the last layer in the text of the code, {where}.",
        )


def _binary_softmax(program: Program) -> list[int]:
    last: dict[str, ast.Call] = {}
    found = []
    for step in program.steps:
        for call in step.calls:
            name = receiver(call)
            if name is not None and callee(call) == "add" and call.args and isinstance(call.args[0], ast.Call):
                last[name] = call.args[0]
            elif callee(call) == "Sequential":
                for target in targets_of(step.node):
                    layers = call.args[0] if call.args else None
                    final = layers.elts[-1] if isinstance(layers, ast.List) and layers.elts else None
                    last.pop(target, None)
                    if isinstance(final, ast.Call):
                        last[target] = final
            elif name in last and callee(call) == "compile" and _is_binary(call) and _is_softmax(last[name or ""]):
                found.append(step.cell)
    return found


def _is_binary(call: ast.Call) -> bool:
    loss = argument(call, "loss", 1)
    named = text_of(loss) if isinstance(loss, ast.Constant) else ast.unparse(loss) if loss is not None else ""
    return "binary_crossentropy" in named or "BinaryCrossentropy" in named


def _is_softmax(layer: ast.Call) -> bool:
    activation = argument(layer, "activation", 1)
    units = argument(layer, "units", 0)
    several = not (isinstance(units, ast.Constant) and units.value in (1, 2))
    return callee(layer) == "Dense" and several and activation is not None and "softmax" in ast.unparse(activation)


def layers_in_loop(match: Match, reference: Reference) -> Iterator[Observation]:
    """A loop that adds layers to one model and compiles or trains it each time: the model grows from turn to turn."""
    for program in programs_of(match):
        for loop, steps in _loops(program).items():
            grown = _grown(steps)
            if not grown or not _grew_in_rerun(match, steps[0].cell):
                continue
            where = f"{place(match, steps[0].cell)}, line {loop.lineno}"
            yield Observation(
                kind="layers_in_loop",
                question=question_of(match, [steps[0].cell]),
                message=(
                    f"{capitalised(where)}: the loop adds {counted(grown[1], 'layer')} to `{grown[0]}` in every turn "
                    "and trains or compiles it there, but makes the model only once, above the loop: from the second "
                    "turn on it has the layers of all turns before."
                ),
                proof=f"`{grown[0]}.add` in the loop, no assignment to `{grown[0]}` in it.",
            )


def _loops(program: Program) -> dict[ast.For | ast.While, list[Step]]:
    found: dict[ast.For | ast.While, list[Step]] = {}
    for step in program.steps:
        for loop in step.loops:
            found.setdefault(loop, []).append(step)
    return found


def _grown(steps: list[Step]) -> tuple[str, int] | None:
    """(model, layers added in each turn) of a model that is trained or compiled in a loop that only adds to it."""
    made = {name for step in steps for name in targets_of(step.node)}
    calls = [(receiver(call), callee(call)) for step in steps for call in step.calls]
    for name in dict.fromkeys(name for name, method in calls if method == "add" and name):
        used = any(other == name and method in ("compile", "fit") for other, method in calls)
        cleared = any(
            (other and other.startswith(f"{name}.")) or (other == name and method == "pop") for other, method in calls
        )
        if used and name.isidentifier() and name not in made and not cleared:
            return name, sum(call == (name, "add") for call in calls)
    return None


def _grew_in_rerun(match: Match, cell: int) -> bool:
    """What the rerun says, where it came there: one model with several architectures. A loop of one turn grows none."""
    if not has_run(match, cell):
        return True
    seen: dict[str, set[str]] = {}
    for event in match.rerun.events:
        if isinstance(event, ModelBuilt | Trained) and event.cell == cell:
            seen.setdefault(event.model, set()).add(event.architecture)
    return any(len(architectures) > 1 for architectures in seen.values()) or not seen
