"""The criterion `architecture`: layer-by-layer likeness with the reference model, with partial credit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal, Self

from pydantic import JsonValue

from grader.criteria import Case, Criterion, Seen
from grader.criteria.layers import PlainLayer, aligned_layers, layer_likeness, plain_layers
from grader.facts.keras import SHAPING
from grader.records import Architecture, LoggedSummary, Mistake, Reason, Subject, Verdict

_CONVOLUTION = re.compile(r"(Separable|Depthwise)?Conv\dD(Transpose)?")
_MOST_DIFFERENCES = 4
"""Differences that are named: with more of them it is another network, and a list says no more than that."""
_MOST_SHOWN = 12
"""Layers of a free design that are named: two lines of a report."""
_DEEPEST = 20
"""Levels of nested models that are walked: nobody nests more by hand, and a recording may hold anything."""

_Pair = tuple[PlainLayer | None, PlainLayer | None]


class ArchitectureCriterion(Criterion):
    """Layer-by-layer likeness with the reference model, with partial credit."""

    title: ClassVar[str] = "Architecture"
    about: ClassVar[Subject] = "model"
    step: ClassVar[int] = 1
    beside_layers: ClassVar[bool] = True
    before_training_ends: ClassVar[bool] = True
    mistakes: ClassVar[frozenset[Mistake]] = frozenset({"layers"})
    hint: ClassVar[str] = "the reference's layers; {must_have: [Conv2D]} for a free design"
    sentences: ClassVar[Mapping[str, str]] = {
        "same": "All {count:count layer} are as in the reference: {layers}.",
        "lacks": "After layer {number}, `{layer}` of the reference is missing.",
        "lacks_at_the_start": "At the start, `{layer}` of the reference is missing.",
        "further": "Layer {number}, `{layer}`, is not in the reference.",
        "other": "Layer {number} is `{layer}`, the reference has `{wanted}`.",
        "more_differences": "And {count} more.",
        "order_guessed": "The model is a class of its own, so the order of its layers is a guess.",
        "present": "{classes:list}: present, as asked for.",
        "absent": "No {classes:list and no} layer was found.",
        "own_layers": "Yours: {layers}.",
        "perhaps_unseen": "The model is a class of its own and may use layers that labgrade does not see.",
        "saved_summary": (
            "The summary saved under {place} shows {layers:count layer} and {parameters:count parameter}."
        ),
        "saved_present": "The summary saved under {place} shows {classes:list}, as asked for.",
        "saved_absent": "The summary saved under {place} shows no {classes:list and no} layer.",
        "saved_same": (
            "The summary saved under {place} shows the reference's {layers:count layer}, of the same sizes; "
            "activations and rates don't show in it."
        ),
        "saved_other": "The summary saved under {place} shows other layers than the reference's.",
    }

    kind: Literal["architecture"] = "architecture"
    must_have: tuple[str, ...] = ()
    """When given, only these layer classes are asked for (a free design), not likeness with the reference."""

    def judge(self, case: Case) -> Verdict:
        """Layer by layer against the reference's model, or for the layer classes that a free design must have.

        Input shaping (`Flatten`, `InputLayer`) and layer names don't count.
        """
        architecture = case.architecture
        if architecture is None:
            return self.missing(case, "model", *self._saved_summary(case))
        evidence = case.places(case.model.cells if case.model else ())
        if self.must_have:
            return self._free_design(architecture, evidence)
        ours = plain_layers(architecture)
        if case.compiled and case.compiled[0].from_logits:
            ours = _with_softmax(ours)
        theirs = plain_layers(case.reference_model.architecture)
        pairs = aligned_layers(ours, theirs)
        observed: JsonValue = [str(a) if a else None for a, _ in pairs]
        expected: JsonValue = [str(b) if b else None for _, b in pairs]
        differences = self._differences(pairs)
        if not differences:
            same = self.because("same", count=len(theirs), layers=_in_words(theirs))
            return self.graded(1.0, same, observed=observed, expected=expected, evidence=evidence)
        said = differences[:_MOST_DIFFERENCES]
        if more := len(differences) - len(said):
            said.append(self.because("more_differences", count=more))
        if architecture.kind == "subclassed":
            guessed = self.because("order_guessed")
            return self.review(*said, guessed, observed=observed, expected=expected, evidence=evidence)
        likeness = sum(layer_likeness(a, b) for a, b in pairs if a and b) / len(pairs)
        return self.graded(likeness, *said, observed=observed, expected=expected, evidence=evidence)

    def judge_saved(self, case: Case) -> Verdict | None:
        """A printed summary shows the layer classes that are asked for; what it does not show a person decides."""
        shown = case.saved_summaries
        if not shown:
            return None
        theirs = [
            (layer.class_name, layer.parameters or 0)
            for layer in case.reference_model.architecture.layers
            if layer.class_name not in SHAPING
        ]
        summary = next((one for one in shown if _layers(one) == theirs), shown[0])
        ours, where, evidence = _layers(summary), case.place(summary.cell), case.places([summary.cell])
        names: JsonValue = [name for name, _ in ours]
        if self.must_have:
            required = [*self.must_have]
            lacking = [wanted for wanted in required if all(wanted != name for name, _ in ours)]
            if not lacking:
                present = self.because("saved_present", place=where, classes=[*required])
                return self.graded(1.0, present, observed=names, expected=[*required], evidence=evidence)
            absent = self.because("saved_absent", place=where, classes=[*lacking])
            return self.review(absent, observed=names, expected=[*required], evidence=evidence)
        said = (
            self.because("saved_same", place=where, layers=len(theirs))
            if ours == theirs
            else self.because("saved_other", place=where)
        )
        return self.review(said, observed=names, expected=[name for name, _ in theirs], evidence=evidence)

    @property
    def required_layers(self) -> tuple[str, ...]:
        """Those of `must_have`."""
        return self.must_have

    @classmethod
    def propose(cls, seen: Seen) -> Iterator[Self]:
        """Where a model is built."""
        if seen.happens("built"):
            yield cls(points=1)

    def _differences(self, pairs: tuple[_Pair, ...]) -> list[Reason]:
        """One reason a pair that differs; layers are counted as the group's network has them, from 1."""
        said, number = [], 0
        for ours, theirs in pairs:
            number += ours is not None
            if ours is None and number:
                said.append(self.because("lacks", number=number, layer=str(theirs)))
            elif ours is None:
                said.append(self.because("lacks_at_the_start", layer=str(theirs)))
            elif theirs is None:
                said.append(self.because("further", number=number, layer=str(ours)))
            elif ours != theirs:
                said.append(self.because("other", number=number, layer=str(ours), wanted=str(theirs)))
        return said

    def _free_design(self, architecture: Architecture, evidence: tuple[str, ...]) -> Verdict:
        """By the share of `must_have` that is there."""
        there = _class_names(architecture)
        found = [wanted for wanted in self.must_have if any(_same_kind(name, wanted) for name in there)]
        lacking = [wanted for wanted in self.must_have if wanted not in found]
        said = self.because("absent", classes=[*lacking]) if lacking else self.because("present", classes=[*found])
        reasons = (said, self.because("own_layers", layers=_in_words(plain_layers(architecture)[:_MOST_SHOWN])))
        names: JsonValue = [*there]
        required: JsonValue = [*self.must_have]
        if lacking and architecture.kind == "subclassed":
            unseen = self.because("perhaps_unseen")
            return self.review(*reasons, unseen, observed=names, expected=required, evidence=evidence)
        share = len(found) / len(self.must_have)
        return self.graded(share, *reasons, observed=names, expected=required, evidence=evidence)

    def _saved_summary(self, case: Case) -> tuple[Reason, ...]:
        shown = [summary for summary in case.saved_summaries if summary.parameters is not None]
        return tuple(
            self.because(
                "saved_summary",
                place=case.place(summary.cell),
                layers=len(summary.layers),
                parameters=summary.parameters or 0,
            )
            for summary in shown[:1]
        )


def _in_words(layers: tuple[PlainLayer, ...]) -> str:
    return "; ".join(str(layer) for layer in layers)


def _with_softmax(layers: tuple[PlainLayer, ...]) -> tuple[PlainLayer, ...]:
    """A last layer that gives logits to a loss that expects them does what a softmax layer does."""
    if not layers or dict(layers[-1].settings).get("activation") != "linear":
        return layers
    settings = tuple((key, "softmax" if key == "activation" else value) for key, value in layers[-1].settings)
    return (*layers[:-1], PlainLayer(layers[-1].class_name, settings))


def _class_names(architecture: Architecture) -> tuple[str, ...]:
    """Class names of all layers, those of nested models included."""
    names: dict[str, None] = {}

    def walk(value: JsonValue, depth: int) -> None:
        if depth > _DEEPEST:
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


def _layers(summary: LoggedSummary) -> list[tuple[str, int]]:
    """Class and parameters of each layer that a summary shows."""
    return [(name, count) for name, _, count in summary.layers if name not in SHAPING]
