"""Weight decay that reaches only some of the hidden layers."""

from __future__ import annotations

from collections.abc import Iterator

from grader.checks.observations.placing import question_of
from grader.checks.plots.regularisers import hidden_layers, layer_words, strength
from grader.checks.wording import listed, places
from grader.records.match import Match, Reference
from grader.records.models import Layer
from grader.records.result import Observation


def undecayed_layers(match: Match, reference: Reference) -> Iterator[Observation]:
    """Trained models with a regulariser on some hidden layers and not on others, where the reference has it on all."""
    told: set[str] = set()
    for model in match.models:
        architecture = match.architecture(model)
        if architecture is None or not model.trainings or model.reference is None or model.label in told:
            continue
        theirs = reference.models[model.reference].architecture if model.reference in reference.models else None
        hidden = hidden_layers(architecture)
        bare = [layer for layer in hidden if not _is_regularised(layer.config.get("kernel_regularizer"))]
        carrying = [layer for layer in hidden if layer not in bare]
        if not carrying or not bare or theirs is None or not all(_decays(layer) for layer in hidden_layers(theirs)):
            continue
        told.add(model.label)
        there, lacking = (listed([layer_words(layer) for layer in layers]) for layers in (carrying, bare))
        yield Observation(
            kind="decay_missing",
            question=question_of(match, model.cells),
            message=f"`{model.label}`: weight decay is on {there} only; {lacking} has none.",
            proof=f"kernel_regularizer of the built layers, {listed(places(match, model.cells))}.",
        )


def _is_regularised(value: object) -> bool:
    return value is not None and value != {}


def _decays(layer: Layer) -> bool:
    return any(strength(layer, kind) > 0.0 for kind in ("l1", "l2"))
