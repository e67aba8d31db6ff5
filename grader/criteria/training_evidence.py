"""What trainings tell: whether rows of the test set were among theirs, and the weight decay that they varied.

The accuracy on the test set of a model that was trained on its images measures nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.facts.keras import CONVOLUTION, DENSE, DEPTHWISE
from grader.records import Architecture, DataUse, Layer, Match, Reference, Trained

_BY_NAME = 0.01
"""Strength of a regulariser that is given by its name alone, such as `"l2"`: the default of Keras."""

ACTIVITY = "activity"
"""A regulariser of what a layer puts out, in the place of one of its kernel."""


def saw_test_rows(training: Trained, match: Match, reference: Reference) -> bool:
    """Whether rows of the test set were among those of `training`, or of one whose weights it may have gone on with.

    Never where the lab's own solution trains on such rows.
    """
    if lab_trains_on_test_rows(reference):
        return False
    before = [
        earlier
        for earlier in match.rerun.trainings()
        if training.continued and earlier.seq < training.seq and _related(earlier, training)
    ]
    return any(has_test_rows(one.train) for one in (training, *before))


def lab_trains_on_test_rows(reference: Reference) -> bool:
    """Whether the lab's own solution trains on rows of the test set: then it asks for that."""
    return any(has_test_rows(training.train) for training in reference.recording.trainings())


def has_test_rows(use: DataUse) -> bool:
    """Whether rows of the test set are among these, found by content."""
    return use.split in ("test", "mixed")


def _related(earlier: Trained, training: Trained) -> bool:
    return earlier.model == training.model or earlier.architecture == training.architecture


@dataclass(frozen=True)
class Swept:
    """What a family of trainings varied."""

    factors: tuple[float, ...]
    """Distinct strengths, ascending, with six significant digits."""
    replicas: dict[float, tuple[Trained, ...]]
    """Independent trainings of each factor; those without any decay under 0."""
    carrying: tuple[str, ...]
    """Hidden layers that carry the regulariser in every regularised model, such as `Dense 500`."""
    lacking: tuple[str, ...]
    """Hidden layers that don't."""
    other_kind: str
    """`L1`, `L2` or `activity` when the regulariser is not the one asked for, else empty."""
    by_optimizer: bool
    """The decay is the optimizer's own `weight_decay`."""
    continued: int
    """Trainings that carried on with trained weights and are no replicas."""


def swept_trainings(trainings: Sequence[Trained], architectures: dict[str, Architecture], kind: str) -> Swept:
    """What `trainings` swept, for regularisers of `kind` (`l1` or `l2`)."""
    known = [
        (training, architectures[training.architecture])
        for training in trainings
        if training.architecture in architectures
    ]
    other = "l1" if kind == "l2" else "l2"
    used, other_kind = kind, ""
    found = [
        found for found in (kind, other, ACTIVITY) if any(_factor(architecture, found) for _, architecture in known)
    ]
    if found and found[0] != kind:
        used, other_kind = found[0], found[0] if found[0] == ACTIVITY else found[0].upper()
    decayed = not any(_factor(architecture, used) for _, architecture in known)
    by_optimizer = decayed and kind == "l2" and any(_optimizer_decay(training) for training, _ in known)
    replicas: dict[float, list[Trained]] = {}
    continued = 0
    previous: dict[str, Trained] = {}
    for training, architecture in known:
        factor = _optimizer_decay(training) if by_optimizer else _factor(architecture, used)
        if _carries_on(training, previous.get(training.model)):
            continued += 1
        else:
            replicas.setdefault(float(f"{factor:.6g}"), []).append(training)
        previous[training.model] = training
    carrying, lacking = _layers([architecture for _, architecture in known], used)
    return Swept(
        factors=tuple(sorted(factor for factor in replicas if factor > 0.0)),
        replicas={factor: tuple(group) for factor, group in sorted(replicas.items())},
        carrying=carrying,
        lacking=lacking,
        other_kind=other_kind,
        by_optimizer=by_optimizer,
        continued=continued,
    )


def strength(layer: Layer, kind: str) -> float:
    """The strength of the `l1` or `l2` regulariser on the layer's kernel; 0 when it has none.

    For `activity`, that of the regulariser on what the layer puts out, of either kind.
    """
    if kind == ACTIVITY:
        return max(_strength(layer.config.get("activity_regularizer"), one) for one in ("l1", "l2"))
    return _strength(layer.config.get("kernel_regularizer"), kind)


def _strength(regulariser: object, kind: str) -> float:
    if isinstance(regulariser, str):
        return _BY_NAME if regulariser.lower() in (kind, "l1_l2", "l1l2") else 0.0
    if not isinstance(regulariser, dict):
        return 0.0
    nested = regulariser.get("config")
    value = regulariser.get(kind, nested.get(kind) if isinstance(nested, dict) else None)
    return float(value) if isinstance(value, int | float) else 0.0


def hidden_layers(architecture: Architecture) -> tuple[Layer, ...]:
    """Layers with a kernel, the last one left out."""
    with_kernel = [layer for layer in architecture.layers if "kernel_regularizer" in layer.config or _has_kernel(layer)]
    return tuple(with_kernel[:-1])


def _has_kernel(layer: Layer) -> bool:
    return layer.class_name in DENSE | CONVOLUTION | DEPTHWISE


def layer_words(layer: Layer) -> str:
    """A layer in words, such as `Dense 500`."""
    size = layer.config.get("units") or layer.config.get("filters")
    return f"{layer.class_name} {size}" if size else layer.class_name


def _factor(architecture: Architecture, kind: str) -> float:
    return next((factor for layer in architecture.layers if (factor := strength(layer, kind))), 0.0)


def _optimizer_decay(training: Trained) -> float:
    value = training.compile.optimizer_config.get("weight_decay")
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _layers(architectures: Sequence[Architecture], kind: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Words for the hidden layers that carry the regulariser in every regularised model, and for the others."""
    regularised = [architecture for architecture in architectures if _factor(architecture, kind)]
    if not regularised:
        return (), ()
    hidden = [hidden_layers(architecture) for architecture in regularised]
    fewest = min(hidden, key=len)
    carried = [all(strength(layers[index], kind) > 0.0 for layers in hidden) for index in range(len(fewest))]
    words = [layer_words(layer) for layer in fewest]
    return (
        tuple(word for word, there in zip(words, carried, strict=True) if there),
        tuple(word for word, there in zip(words, carried, strict=True) if not there),
    )


def _carries_on(training: Trained, before: Trained | None) -> bool:
    """Whether a second training of one object starts where the first ended, rather than from weights set anew."""
    if before is None or not training.continued:
        return False
    losses, earlier = training.history.values_of("loss"), before.history.values_of("loss")
    if not losses or not earlier:
        return True
    return abs(losses[0] - earlier[-1]) < abs(losses[0] - earlier[0])
