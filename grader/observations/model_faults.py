"""Faults of models: loss, output, labels, metrics, weight decay that do not fit together; layers added in a loop."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.code.program import Program, text_of
from grader.code.syntax import Step, argument, callee, receiver, targets_of
from grader.criteria import capitalised, counted, listed
from grader.criteria.training_evidence import hidden_layers, layer_words, strength
from grader.facts.keras import (
    ACTIVATING,
    ACTIVATION_LAYERS,
    BINARY_ACCURACY,
    BINARY_LOSS,
    CLASS_LOSSES,
    DENSE,
    INACTIVE,
    LOSSES,
    SPARSE_ACCURACY,
    spelling,
)
from grader.observations.hand_in import HandIn
from grader.records import (
    Architecture,
    CompileArguments,
    Compiled,
    DataUse,
    Layer,
    ModelBuilt,
    Observation,
    Trained,
)

_SECOND = 2
"""The turn of a loop from which a model that is made above it has layers of a turn before."""
_BOUNDS = 3
"""Arguments that a range takes at most."""


def loss_mismatches(hand_in: HandIn) -> Iterator[Observation]:
    """Compile arguments that contradict the output layer or the labels, each kind once, with all its cells."""
    found: dict[str, list[int]] = {}
    for cell, arguments, architecture, data in _compiled(hand_in):
        for fault in _faults(arguments, architecture, data):
            found.setdefault(fault, []).append(cell)
    for fault, cells in found.items():
        where = hand_in.places(cells)
        yield Observation(
            kind="loss_mismatch",
            question=hand_in.question_of(cells),
            message=f"{capitalised(listed(where))}: {fault}",
            proof=f"Arguments of `compile` and the last layer when the code runs, {listed(where)}.",
        )


def _compiled(hand_in: HandIn) -> Iterator[tuple[int, CompileArguments, Architecture, DataUse | None]]:
    trained = {training.model for training in hand_in.rerun.trainings()}
    for event in hand_in.rerun.events:
        if isinstance(event, Trained):
            data: DataUse | None = event.train
            cell, arguments = _compile_cell(hand_in, event), event.compile
        elif isinstance(event, Compiled) and event.model not in trained:
            data, cell, arguments = None, event.cell, event.arguments
        else:
            continue
        architecture = hand_in.rerun.architectures.get(event.architecture)
        if architecture is not None and architecture.kind != "subclassed" and architecture.layers:
            yield cell, arguments, architecture, data


def _compile_cell(hand_in: HandIn, training: Trained) -> int:
    cells = [
        event.cell
        for event in hand_in.rerun.events
        if isinstance(event, Compiled) and event.model == training.model and event.seq < training.seq
    ]
    return cells[-1] if cells else training.cell


def _faults(arguments: CompileArguments, architecture: Architecture, data: DataUse | None) -> Iterator[str]:
    output = _output(architecture)
    if output is None:
        return
    units, activation = output
    loss = arguments.loss or ""
    if loss == BINARY_LOSS and activation == "softmax" and units > 2:
        yield (
            f"binary cross-entropy with a softmax over {units} classes: it takes each class for a question of its own, "
            f"and `accuracy` may then be the binary one, which is high for any model (old versions of Keras)."
        )
    if units > 2 and any(spelling(metric) == BINARY_ACCURACY for metric in arguments.metrics):
        yield f"binary accuracy over {units} classes counts each output by itself, and is high for any model."
    if activation == "softmax" and units == 1:
        yield "a softmax over one output is always 1, whatever the input."
    if loss in CLASS_LOSSES and activation in ("linear", "None") and not arguments.from_logits and units > 1:
        yield f"`{loss}` expects probabilities, and the last layer gives plain sums (no softmax, no `from_logits`)."
    if loss in CLASS_LOSSES and activation == "softmax" and arguments.from_logits:
        yield f"`{loss}` with `from_logits=True` applies a softmax to what is already one."
    if data is not None and data.one_hot is not None and units > 1:
        sparse = any(spelling(metric) == SPARSE_ACCURACY for metric in arguments.metrics)
        if sparse and data.one_hot:
            yield "`sparse_categorical_accuracy` expects class numbers, and the labels are one-hot."


def _output(architecture: Architecture) -> tuple[int, str] | None:
    """(units, activation) of the output; `None` where the last layers are no dense layer with an activation."""
    layers = list(architecture.layers)
    activation = ""
    while layers and layers[-1].class_name in ACTIVATING | INACTIVE:
        last = layers.pop()
        if last.class_name in ACTIVATING:
            activation = activation or _activation(last)
    if not layers or layers[-1].class_name not in DENSE:
        return None
    units = layers[-1].config.get("units")
    return (units, activation or _activation(layers[-1])) if isinstance(units, int) else None


def _activation(layer: Layer) -> str:
    if layer.class_name in ACTIVATION_LAYERS:
        return ACTIVATION_LAYERS[layer.class_name]
    return str(layer.config.get("activation", "linear"))


def undecayed_layers(hand_in: HandIn) -> Iterator[Observation]:
    """Trained models with a regulariser on some hidden layers and not on others, where the reference has it on all."""
    told: set[str] = set()
    for model in hand_in.match.models:
        architecture = hand_in.match.architecture(model)
        if architecture is None or not model.trainings or model.reference is None or model.label in told:
            continue
        asked = hand_in.reference.models.get(model.reference)
        theirs = asked.architecture if asked is not None else None
        hidden = hidden_layers(architecture)
        bare = [layer for layer in hidden if not _is_regularised(layer.config.get("kernel_regularizer"))]
        carrying = [layer for layer in hidden if layer not in bare]
        if not carrying or not bare or theirs is None or not all(_decays(layer) for layer in hidden_layers(theirs)):
            continue
        told.add(model.label)
        there, lacking = (listed([layer_words(layer) for layer in layers]) for layers in (carrying, bare))
        yield Observation(
            kind="decay_missing",
            question=hand_in.question_of(model.cells),
            message=f"`{model.label}`: weight decay is on {there} only; {lacking} has none.",
            proof=f"kernel_regularizer of the built layers, {listed(hand_in.places(model.cells))}.",
        )


def _is_regularised(value: object) -> bool:
    return value is not None and value != {}


def _decays(layer: Layer) -> bool:
    return any(strength(layer, kind) > 0.0 for kind in ("l1", "l2"))


def losses_by_text(hand_in: HandIn) -> Iterator[Observation]:
    """Binary cross-entropy beside a softmax, where the rerun did not come to the code."""
    cells = [cell for program in hand_in.programs for cell in _binary_softmax(program) if not hand_in.has_run(cell)]
    if cells:
        where = listed(hand_in.places(cells))
        yield Observation(
            kind="loss_mismatch",
            question=hand_in.question_of(cells),
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
    return BINARY_LOSS in named or LOSSES[BINARY_LOSS] in named


def _is_softmax(layer: ast.Call) -> bool:
    activation = argument(layer, "activation", 1)
    units = argument(layer, "units", 0)
    several = not (isinstance(units, ast.Constant) and units.value in (1, 2))
    return callee(layer) in DENSE and several and activation is not None and "softmax" in ast.unparse(activation)


def layers_in_loop(hand_in: HandIn) -> Iterator[Observation]:
    """A loop that adds layers to one model and compiles or trains it each time: the model grows from turn to turn."""
    for program in hand_in.programs:
        for loop, steps in _loops(program).items():
            grown = _grown(steps)
            if not grown or not _grows(hand_in, program, loop, steps[0].cell):
                continue
            where = f"{hand_in.place(steps[0].cell)}, line {loop.lineno}"
            yield Observation(
                kind="layers_in_loop",
                question=hand_in.question_of([steps[0].cell]),
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


def _grows(hand_in: HandIn, program: Program, loop: ast.For | ast.While, cell: int) -> bool:
    """Whether the loop is known to have a second turn, and where the rerun came there, one model got more layers in it.

    A number of turns that the text does not tell proves nothing, nor does a run that stopped before it could show.
    """
    turns = _turns(program, loop)
    if turns is not None and turns < _SECOND:
        return False
    if not hand_in.has_run(cell):
        return turns is not None
    seen: dict[str, set[int]] = {}
    for event in hand_in.rerun.events:
        if isinstance(event, ModelBuilt | Trained) and event.cell == cell:
            architecture = hand_in.rerun.architectures.get(event.architecture)
            if architecture is not None and architecture.layers:
                seen.setdefault(event.model, set()).add(len(architecture.layers))
    return any(len(sizes) > 1 for sizes in seen.values())


def _turns(program: Program, loop: ast.For | ast.While) -> int | None:
    """How often a `for` runs, of a range or a list that is written out; `None` where the text does not tell."""
    if any(isinstance(statement, ast.Break | ast.Return) for statement in loop.body):
        return 1
    if isinstance(loop, ast.While):
        return None
    values = loop.iter
    if isinstance(values, ast.Call) and callee(values) in ("enumerate", "list", "tqdm") and values.args:
        values = values.args[0]
    if isinstance(values, ast.Name):
        name = values.id
        makers = [step.node for step in program.steps if name in targets_of(step.node)]
        maker = makers[0] if len(makers) == 1 else None
        values = maker.value if isinstance(maker, ast.Assign) else values
    if isinstance(values, ast.List | ast.Tuple | ast.Set):
        return None if any(isinstance(value, ast.Starred) for value in values.elts) else len(values.elts)
    if isinstance(values, ast.Call) and callee(values) == "range" and 1 <= len(values.args) <= _BOUNDS:
        try:
            return len(range(*(ast.literal_eval(bound) for bound in values.args)))
        except (ValueError, TypeError, OverflowError, SyntaxError):
            return None
    return None
