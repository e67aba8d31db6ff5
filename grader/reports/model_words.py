"""Models in words: a layer as a person would say it, how a model was trained, and a student's beside the reference's.

Two models are laid side by side in the cheapest alignment of their layers. Where the design is free the reference is
one example of many, and no row is marked as different.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import JsonValue

from grader.records import (
    Architecture,
    CompileArguments,
    Compiled,
    FitArguments,
    Layer,
    Match,
    ModelMatch,
    Question,
    ReferenceModel,
    Trained,
)
from grader.reports.view import LayerRow, ModelView
from grader.reports.words import amount, count, line, setting

_MEANINGS = {"≠": "differs", "+": "only in yours", "−": "only in the reference", "": "alike"}

MOST_LAYERS = 80
"""Layers of one model that a table shows."""
_GAP, _OTHER_CLASS, _OTHER_SETTINGS = 1.0, 2.5, 0.6
"""Costs in an alignment: a layer without a partner; two layers of different classes, which cost more than two gaps and
so never stand beside each other; two of one class with other settings, which cost less than a gap and so do."""
_SIZES = ("units", "filters", "rate", "pool_size", "kernel_size", "target_shape", "output_dim")
_QUIET_ACTIVATIONS = ("", "linear", "None")


def compile_arguments_of(match: Match, model: ModelMatch) -> CompileArguments | None:
    """How `model` was compiled for its last training; its last `compile` when it was never trained."""
    trainings = match.trainings(model)
    if trainings:
        return trainings[-1].compile
    events = [event for event in match.rerun.events if isinstance(event, Compiled) and event.model in model.models]
    return events[-1].arguments if events else None


def model_view(match: Match, model: ModelMatch, question: Question, reference: ReferenceModel | None) -> ModelView:
    """The table for one question. In a free design the reference is one example, and nothing is marked as different."""
    free = any(criterion.required_layers for criterion in question.criteria)
    trainings = match.trainings(model)
    built = [found for training in trainings if (found := match.rerun.architectures.get(training.architecture))]
    yours = match.architecture(model) or (built[0] if built else None)
    theirs = reference.architecture if reference else None
    varied = len({factor(one) for one in built}) > 1 or (
        reference is not None and len({factor(one) for one in reference.architectures.values()}) > 1
    )
    layers = _layer_rows(layer_pairs(yours, theirs, varied), varied, marked=theirs is not None and not free)
    layers.append(_total(yours, theirs, marked=not free))
    return ModelView(
        label=line(model.label, 80),
        reference="" if reference is None else "Reference, one possible design" if free else "Reference",
        layers=tuple(layers),
        settings=tuple(_settings(match, model, question, reference, marked=not free)),
        note=_note(yours, theirs, varied),
    )


def _layer_rows(pairs: Sequence[LayerPair], varied: bool, marked: bool) -> list[LayerRow]:
    rows = []
    for number, (yours, theirs) in enumerate(pairs, 1):
        left, right = (layer_words(layer, varied) if layer else "" for layer in (yours, theirs))
        left_count, right_count = (count(layer.parameters) if layer else "" for layer in (yours, theirs))
        alike = left == right and (left_count == right_count or "–" in (left_count, right_count))
        sign = "" if not marked or alike else "−" if not yours else "+" if not theirs else "≠"
        rows.append(LayerRow(str(number), sign, _MEANINGS[sign], left, left_count, right, right_count))
    return rows


def _total(yours: Architecture | None, theirs: Architecture | None, marked: bool) -> LayerRow:
    """The last row: parameters of the whole models, also where no layer tells of them."""
    left, right = (model.parameters if model else None for model in (yours, theirs))
    sign = "≠" if marked and left is not None and right is not None and left != right else ""
    words = ["" if model is None else "Parameters in all" for model in (yours, theirs)]
    return LayerRow("", sign, _MEANINGS[sign], words[0], count(left), words[1], count(right) if theirs else "")


def _settings(
    match: Match, model: ModelMatch, question: Question, reference: ReferenceModel | None, marked: bool
) -> list[LayerRow]:
    trainings = match.trainings(model)
    mine = compile_arguments_of(match, model)
    theirs = reference.compile if reference else None
    rows = [
        ("Loss", loss_words(mine), loss_words(theirs)),
        ("Optimizer", optimizer_words(mine), optimizer_words(theirs)),
        ("Training", _training(trainings), fit_words(reference.fit) if reference else ""),
    ]
    views = []
    for term, left, right in rows:
        same = _as_asked(question, trainings, reference) if term == "Training" else left == right
        sign = "≠" if marked and reference and left and right and not same else ""
        views.append(LayerRow(term, sign, _MEANINGS[sign], left or "not recorded", "", right, ""))
    return views


def _training(trainings: Sequence[Trained]) -> str:
    if not trainings:
        return "never trained"
    last = trainings[-1]
    alike = {(t.fit.epochs - t.fit.initial_epoch, t.fit.batch_size) for t in trainings}
    text = fit_words(last.fit, last.history.epochs if len(trainings) == 1 else None)
    if len(trainings) == 1:
        return text
    return f"{count(len(trainings))} times{', the last' if len(alike) > 1 else ''} {text}"


def _as_asked(question: Question, trainings: Sequence[Trained], reference: ReferenceModel | None) -> bool:
    """Whether epochs and batch size are as asked; where the question does not ask for them, any are."""
    if not trainings:
        return True
    known = reference.fit if reference else None
    return all(criterion.accepts(trainings[-1].fit, known) for criterion in question.criteria)


def _note(yours: Architecture | None, theirs: Architecture | None, varied: bool) -> str:
    parts = []
    if yours is None:
        parts.append("The layers of this model were not recorded.")
    elif yours.kind == "subclassed":
        parts.append("This model is a class of its own: its layers are listed as Keras knows them.")
    if varied:
        parts.append("The regularisation factor varies from training to training.")
    if any(model and len(model.layers) > MOST_LAYERS for model in (yours, theirs)):
        parts.append(f"The first {MOST_LAYERS} layers are shown.")
    return " ".join(parts)


class LayerPair(NamedTuple):
    """One row of the table: a layer of each model, or of one of them alone."""

    yours: Layer | None
    reference: Layer | None


def layer_words(layer: Layer, varied: bool = False) -> str:
    """A layer the way a person would say it: `Conv2D 32, 3×3, relu, padding same`.

    `varied` says that the regularisation factor differs between trainings, so that no single one is named.
    """
    config = layer.config
    sizes = [text for key in _SIZES if (text := _size(config.get(key)))]
    parts = [f"{line(layer.class_name, 40)} {', '.join(sizes)}".strip()]
    activation = _name(config.get("activation"))
    if activation not in _QUIET_ACTIVATIONS:
        parts.append(activation)
    if config.get("padding") not in (None, "valid") and "Pool" not in layer.class_name:
        parts.append(f"padding {_name(config.get('padding'))}")
    strides = _size(config.get("strides"))
    if strides and strides not in ("1", "1×1", "1×1×1") and strides != _size(config.get("pool_size")):
        parts.append(f"strides {strides}")
    if config.get("use_bias") is False:
        parts.append("no bias")
    parts += [
        f"{kind} {text}"
        for kind in ("kernel", "bias", "activity")
        if (text := _penalty(config.get(f"{kind}_regularizer"), varied))
    ]
    return line(", ".join(parts), 160).replace("kernel L", "L")


def factor(architecture: Architecture | None) -> float | None:
    """The regularisation factor of a model (its largest), 0 when it has none, `None` when the model is unknown."""
    if architecture is None:
        return None
    return max((value for layer in architecture.layers for value in _regularisation(layer)), default=0.0)


def _regularisation(layer: Layer) -> tuple[float, ...]:
    """The factors of a layer's kernel regulariser."""
    value = layer.config.get("kernel_regularizer")
    return tuple(factor for _, factor in _factors(value)) if isinstance(value, dict) else ()


def layer_pairs(yours: Architecture | None, reference: Architecture | None, varied: bool = False) -> list[LayerPair]:
    """The layers of both models in the cheapest alignment (Needleman and Wunsch, 1970)."""
    mine = yours.layers[:MOST_LAYERS] if yours else ()
    theirs = reference.layers[:MOST_LAYERS] if reference else ()
    if not mine or not theirs:
        return [LayerPair(layer, None) for layer in mine] + [LayerPair(None, layer) for layer in theirs]
    costs = _costs(mine, theirs, varied)
    return _path(mine, theirs, costs, varied)


def _distance(one: Layer, other: Layer, varied: bool) -> float:
    if one.class_name != other.class_name:
        return _OTHER_CLASS
    return 0.0 if layer_words(one, varied) == layer_words(other, varied) else _OTHER_SETTINGS


def _costs(mine: Sequence[Layer], theirs: Sequence[Layer], varied: bool) -> list[list[float]]:
    """The cost of aligning the first i with the first j layers, at [i][j]."""
    costs = [[_GAP * (i + j) for j in range(len(theirs) + 1)] for i in range(len(mine) + 1)]
    for i, one in enumerate(mine, 1):
        for j, other in enumerate(theirs, 1):
            both = costs[i - 1][j - 1] + _distance(one, other, varied)
            costs[i][j] = min(both, costs[i - 1][j] + _GAP, costs[i][j - 1] + _GAP)
    return costs


def _path(mine: Sequence[Layer], theirs: Sequence[Layer], costs: list[list[float]], varied: bool) -> list[LayerPair]:
    pairs: list[LayerPair] = []
    i, j = len(mine), len(theirs)
    while i or j:
        if i and j and costs[i][j] >= costs[i - 1][j - 1] + _distance(mine[i - 1], theirs[j - 1], varied) - 1e-9:
            i, j = i - 1, j - 1
            pairs.append(LayerPair(mine[i], theirs[j]))
        elif i and costs[i][j] >= costs[i - 1][j] + _GAP - 1e-9:
            i -= 1
            pairs.append(LayerPair(mine[i], None))
        else:
            j -= 1
            pairs.append(LayerPair(None, theirs[j]))
    return pairs[::-1]


def _size(value: JsonValue) -> str:
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        return setting(float(value)) if isinstance(value, float) else str(value)
    if isinstance(value, list) and value and all(isinstance(item, int | float) for item in value):
        return "×".join(str(item) for item in value)
    return ""


def _name(value: JsonValue) -> str:
    if isinstance(value, dict):
        config = value.get("config")
        value = value.get("name") or (config if isinstance(config, str) else None) or value.get("class_name")
    return line(str(value), 40) if value is not None else ""


def _penalty(value: JsonValue, varied: bool) -> str:
    if isinstance(value, str):
        return line(value, 30)
    if not isinstance(value, dict):
        return ""
    factors = _factors(value)
    if not factors:
        return _name(value)
    return ", ".join(kind.upper() if varied else f"{kind.upper()} {setting(factor)}" for kind, factor in factors)


def _factors(value: dict[str, JsonValue]) -> list[tuple[str, float]]:
    inner = value.get("config")
    source = inner if isinstance(inner, dict) else value
    return [
        (kind, float(factor)) for kind in ("l1", "l2") if isinstance(factor := source.get(kind), int | float) and factor
    ]


# How a model was compiled and trained


def loss_words(compiled: CompileArguments | None) -> str:
    """The loss, as Keras spells it; empty when nothing was compiled."""
    if compiled is None:
        return ""
    return line(compiled.loss or "none", 60) + (", from logits" if compiled.from_logits else "")


def optimizer_words(compiled: CompileArguments | None) -> str:
    """`SGD, learning rate 0.1`; empty when nothing was compiled."""
    if compiled is None:
        return ""
    momentum = compiled.optimizer_config.get("momentum")
    parts = [line(compiled.optimizer, 40)]
    if compiled.learning_rate is not None:
        parts.append(f"learning rate {setting(compiled.learning_rate)}")
    if isinstance(momentum, int | float) and momentum:
        parts.append(f"momentum {setting(momentum)}")
    return ", ".join(parts)


def fit_words(fit: FitArguments | None, done: int | None = None) -> str:
    """`10 epochs, batches of 128`, and how many of them were run when it is not all of them."""
    if fit is None:
        return ""
    asked = fit.epochs - fit.initial_epoch
    text = f"{amount(asked, 'epoch')}, batches of {count(fit.batch_size)}"
    return text if done is None or done == asked else f"{text}; {done} of them run"
