"""Loss, output activation, labels and metrics that do not belong together."""

from __future__ import annotations

from collections.abc import Iterator

from grader.checks.observations.placing import question_of
from grader.checks.wording import capitalised, listed, places
from grader.records.match import Match, Reference
from grader.records.models import Architecture, CompileArguments, DataUse, Layer
from grader.records.recording import Compiled, Trained
from grader.records.result import Observation

_CROSS = frozenset({"categorical_crossentropy", "sparse_categorical_crossentropy"})


def mismatched_losses(match: Match, reference: Reference) -> Iterator[Observation]:
    """Compile arguments that contradict the output layer or the labels, each kind once, with all its cells."""
    found: dict[str, list[int]] = {}
    for cell, arguments, architecture, data in _compiled(match):
        for fault in _faults(arguments, architecture, data):
            found.setdefault(fault, []).append(cell)
    for fault, cells in found.items():
        where = places(match, cells)
        yield Observation(
            kind="loss_mismatch",
            question=question_of(match, cells),
            message=f"{capitalised(listed(where))}: {fault}",
            proof=f"Arguments of `compile` and the last layer when the code runs, {listed(where)}.",
        )


def _compiled(match: Match) -> Iterator[tuple[int, CompileArguments, Architecture, DataUse | None]]:
    trained = {training.model for training in match.rerun.trainings()}
    for event in match.rerun.events:
        if isinstance(event, Trained):
            data: DataUse | None = event.train
            cell, arguments = _compile_cell(match, event), event.compile
        elif isinstance(event, Compiled) and event.model not in trained:
            data, cell, arguments = None, event.cell, event.arguments
        else:
            continue
        architecture = match.rerun.architectures.get(event.architecture)
        if architecture is not None and architecture.kind != "subclassed" and architecture.layers:
            yield cell, arguments, architecture, data


def _compile_cell(match: Match, training: Trained) -> int:
    cells = [
        event.cell
        for event in match.rerun.events
        if isinstance(event, Compiled) and event.model == training.model and event.seq < training.seq
    ]
    return cells[-1] if cells else training.cell


def _faults(arguments: CompileArguments, architecture: Architecture, data: DataUse | None) -> Iterator[str]:
    output = _output(architecture)
    if output is None:
        return
    units, activation = output
    loss = arguments.loss or ""
    if loss == "binary_crossentropy" and activation == "softmax" and units > 2:
        yield (
            f"binary cross-entropy with a softmax over {units} classes: it takes each class for a question of its own, "
            f"and `accuracy` may then be the binary one, which is high for any model (old versions of Keras)."
        )
    if units > 2 and any(metric.lower().replace("_", "") == "binaryaccuracy" for metric in arguments.metrics):
        yield f"binary accuracy over {units} classes counts each output by itself, and is high for any model."
    if activation == "softmax" and units == 1:
        yield "a softmax over one output is always 1, whatever the input."
    if loss in _CROSS and activation in ("linear", "None") and not arguments.from_logits and units > 1:
        yield f"`{loss}` expects probabilities, and the last layer gives plain sums (no softmax, no `from_logits`)."
    if loss in _CROSS and activation == "softmax" and arguments.from_logits:
        yield f"`{loss}` with `from_logits=True` applies a softmax to what is already one."
    if data is not None and data.one_hot is not None and units > 1:
        sparse = any("sparse_categorical_accuracy" in metric for metric in arguments.metrics)
        if sparse and data.one_hot:
            yield "`sparse_categorical_accuracy` expects class numbers, and the labels are one-hot."


def _output(architecture: Architecture) -> tuple[int, str] | None:
    """(units, activation) of the output; `None` where the last layers are no dense layer with an activation."""
    layers = list(architecture.layers)
    activation = ""
    while layers and layers[-1].class_name in ("Activation", "Softmax", "Dropout"):
        last = layers.pop()
        if last.class_name != "Dropout":
            activation = activation or _activation(last)
    if not layers or layers[-1].class_name != "Dense":
        return None
    units = layers[-1].config.get("units")
    return (units, activation or _activation(layers[-1])) if isinstance(units, int) else None


def _activation(layer: Layer) -> str:
    if layer.class_name == "Softmax":
        return "softmax"
    return str(layer.config.get("activation", "linear"))
