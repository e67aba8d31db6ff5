"""A student's model beside the reference's: the rows of the table, and which of them differ.

Where the design is free the reference is one example of many, and no row is marked as different.
"""

from __future__ import annotations

from collections.abc import Sequence

from grader.records import (
    Architecture,
    CompileArguments,
    Compiled,
    Match,
    ModelMatch,
    Question,
    ReferenceModel,
    Trained,
)
from grader.reports.history_curves import factor
from grader.reports.model_words import (
    MOST_LAYERS,
    LayerPair,
    fit_words,
    layer_pairs,
    layer_words,
    loss_words,
    optimizer_words,
)
from grader.reports.view import LayerRow, ModelView
from grader.reports.words import count, line

_MEANINGS = {"≠": "differs", "+": "only in yours", "−": "only in the reference", "": "alike"}


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
