"""Criteria on the network itself: its layers and its number of parameters."""

from __future__ import annotations

import re

from pydantic import JsonValue

from grader.checks.models.layers import PlainLayer, aligned_layers, layer_likeness, plain_layers
from grader.checks.subject import (
    architecture_of,
    compile_of,
    missing,
    reference_model,
    saved_summaries,
)
from grader.checks.verdicts import graded, review
from grader.checks.wording import counted, listed, place, places
from grader.records.criteria.models import ArchitectureCriterion, ParametersCriterion
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.models import Architecture
from grader.records.result import Verdict

_CONVOLUTION = re.compile(r"(Separable|Depthwise)?Conv\dD(Transpose)?")


def check_architecture(
    criterion: ArchitectureCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict:
    """Architecture

    Layer by layer against the reference's model, or for the layer classes that a free design must have. Input shaping
    (`Flatten`, `InputLayer`) and layer names don't count.
    """
    architecture = architecture_of(question, match)
    if architecture is None:
        return missing(criterion, question, match, "model", _saved_summary(question, match))
    evidence = places(match, question.model.cells if question.model else ())
    if criterion.must_have:
        return _required_classes(criterion, architecture, evidence)
    ours = plain_layers(architecture)
    compiled = compile_of(question, match)
    if compiled and compiled[0].from_logits:
        ours = _with_softmax(ours)
    theirs = plain_layers(reference_model(question, reference).architecture)
    pairs = aligned_layers(ours, theirs)
    likeness = sum(layer_likeness(a, b) for a, b in pairs if a and b) / max(len(pairs), 1)
    differences = _differences(pairs)
    observed: JsonValue = [str(a) if a else None for a, _ in pairs]
    expected: JsonValue = [str(b) if b else None for _, b in pairs]
    if not differences:
        said = (
            f"All {counted(len(theirs), 'layer')} are as in the reference: {'; '.join(str(layer) for layer in theirs)}."
        )
    else:
        said = " ".join(differences[:4]) + (f" And {len(differences) - 4} more." if len(differences) > 4 else "")
    if architecture.kind == "subclassed" and differences:
        said += " The model is a class of its own, so the order of its layers is a guess. A person decides."
        return review(criterion, said, observed=observed, expected=expected, evidence=evidence)
    share = likeness if differences else 1.0
    return graded(criterion, share, said, observed=observed, expected=expected, evidence=evidence)


def _with_softmax(layers: tuple[PlainLayer, ...]) -> tuple[PlainLayer, ...]:
    """A last layer that gives logits to a loss that expects them does what a softmax layer does."""
    if not layers or dict(layers[-1].settings).get("activation") != "linear":
        return layers
    settings = tuple((key, "softmax" if key == "activation" else value) for key, value in layers[-1].settings)
    return (*layers[:-1], PlainLayer(layers[-1].class_name, settings))


def _differences(pairs: tuple[tuple[PlainLayer | None, PlainLayer | None], ...]) -> list[str]:
    said, number = [], 0
    for ours, theirs in pairs:
        number += ours is not None
        if ours is None:
            where = f"After layer {number}" if number else "At the start"
            said.append(f"{where}, `{theirs}` of the reference is missing.")
        elif theirs is None:
            said.append(f"Layer {number}, `{ours}`, is not in the reference.")
        elif ours != theirs:
            said.append(f"Layer {number} is `{ours}`, the reference has `{theirs}`.")
    return said


def _required_classes(
    criterion: ArchitectureCriterion, architecture: Architecture, evidence: tuple[str, ...]
) -> Verdict:
    there = _class_names(architecture)
    found = [wanted for wanted in criterion.must_have if any(_same_kind(name, wanted) for name in there)]
    lacking = [wanted for wanted in criterion.must_have if wanted not in found]
    layers = "; ".join(str(layer) for layer in plain_layers(architecture)[:12])
    if lacking:
        said = f"No {listed(lacking, 'and no')} layer was found. Yours: {layers}."
    else:
        said = f"{listed(found)}: present, as asked for. Yours: {layers}."
    share = len(found) / len(criterion.must_have)
    names: JsonValue = list(there)
    required: JsonValue = list(criterion.must_have)
    if lacking and architecture.kind == "subclassed":
        said += " The model is a class of its own and may use layers that labgrade does not see. A person decides."
        return review(criterion, said, observed=names, expected=required, evidence=evidence)
    return graded(criterion, share, said, observed=names, expected=required, evidence=evidence)


def _class_names(architecture: Architecture) -> tuple[str, ...]:
    """Class names of all layers, those of nested models included."""
    names: dict[str, None] = {}

    def walk(value: JsonValue, depth: int) -> None:
        if depth > 20:
            return
        if isinstance(value, dict):
            if isinstance(value.get("class_name"), str):
                names[str(value["class_name"])] = None
            for part in value.values():
                walk(part, depth + 1)
        elif isinstance(value, list):
            for part in value:
                walk(part, depth + 1)

    for layer in architecture.layers:
        names[layer.class_name] = None
        walk(layer.config.get("layers"), 0)
    return tuple(names)


def _same_kind(name: str, wanted: str) -> bool:
    if name == wanted:
        return True
    return bool(_CONVOLUTION.fullmatch(name) and _CONVOLUTION.fullmatch(wanted))


def check_parameters(
    criterion: ParametersCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict:
    """Parameters

    The number of weights against the reference's, or against a given number.
    """
    expected = criterion.equals or reference_model(question, reference).architecture.parameters
    architecture = architecture_of(question, match)
    if architecture is None:
        return missing(criterion, question, match, "model", _saved_summary(question, match))
    evidence = places(match, question.model.cells if question.model else ())
    observed = architecture.parameters
    if expected is None:
        raise LookupError(f"question {question.question.id}: the reference model was never built")
    if observed is None:
        said = f"The model met no data and no input shape, so it has no parameters yet; {expected:,} were asked for."
        return graded(criterion, 0.0, said, expected=expected, evidence=evidence)
    if observed == expected:
        said = f"{observed:,} parameters, as in the reference."
    else:
        said = f"{observed:,} parameters; the reference has {expected:,}."
    return graded(criterion, float(observed == expected), said, observed=observed, expected=expected, evidence=evidence)


def _saved_summary(question: QuestionMatch, match: Match) -> str:
    summaries = [summary for summary in saved_summaries(question, match) if summary.parameters is not None]
    if not summaries:
        return ""
    first = summaries[0]
    size = counted(first.parameters or 0, "parameter")
    return f"The summary saved under {place(match, first.cell)} shows {counted(len(first.layers), 'layer')} and {size}."
