"""The criterion on compile arguments: loss, optimizer and learning rate."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pydantic import JsonValue

from grader.checks.models.layers import plain_layers
from grader.checks.subject import architecture_of, compile_of, missing, reference_model, trainings_of
from grader.checks.verdicts import graded, review
from grader.checks.wording import places, quantity
from grader.records.criteria.models import CompiledCriterion
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.models import Architecture, CompileArguments
from grader.records.result import Verdict

_SPARSE = "sparse_categorical_crossentropy"
_ONE_HOT = "categorical_crossentropy"
_DIVERGENCES = frozenset({"kl_divergence", "kullback_leibler_divergence", "kld"})


def check_compiled(
    criterion: CompiledCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict:
    """Compiled

    Loss, optimizer and learning rate; the points are split evenly over what is asked. Losses that come to the same
    for the labels at hand count as the same.
    """
    asked = _asked(criterion, question, reference)
    found = compile_of(question, match)
    if found is None:
        return missing(criterion, question, match, "compiled model")
    arguments, cell = found
    observed: JsonValue = {
        "loss": arguments.loss,
        "optimizer": arguments.optimizer,
        "learning_rate": arguments.learning_rate,
    }
    expected: JsonValue = dict(asked)
    evidence = places(match, [cell])
    parts = [_part(name, want, arguments, question, match) for name, want in asked.items()]
    said = " ".join(sentence for _, sentence in parts)
    if arguments.loss is not None and arguments.loss.startswith("custom:") and "loss" in asked:
        said += " A person decides whether the loss of your own does what was asked."
        return review(criterion, said, observed=observed, expected=expected, evidence=evidence)
    share = math.fsum(score for score, _ in parts) / len(parts) if parts else 1.0
    return graded(
        criterion,
        share,
        said or "Compiled; nothing in particular was asked for.",
        observed=observed,
        expected=expected,
        evidence=evidence,
    )


def _asked(criterion: CompiledCriterion, question: QuestionMatch, reference: Reference) -> dict[str, JsonValue]:
    """What is compared, by name: the criterion's own values, else the reference's."""
    needs_reference = None in (criterion.loss, criterion.optimizer) or criterion.learning_rate is None
    theirs = None
    if needs_reference and question.question.model in reference.models:
        theirs = reference_model(question, reference).compile
    asked: dict[str, JsonValue] = {}
    loss = criterion.loss or (theirs.loss if theirs else None)
    if loss is not None:
        asked["loss"] = loss
    optimizer = criterion.optimizer or (theirs.optimizer if theirs else None)
    if optimizer not in (None, "any"):
        asked["optimizer"] = optimizer
    rate = criterion.learning_rate
    if rate is None and theirs is not None and criterion.optimizer in (None, theirs.optimizer):
        rate = theirs.learning_rate
    if rate is not None:
        asked["learning_rate"] = rate
    return asked


def _part(
    name: str, want: JsonValue, arguments: CompileArguments, question: QuestionMatch, match: Match
) -> tuple[float, str]:
    if name == "loss":
        return _loss(str(want), arguments, question, match)
    if name == "optimizer":
        same = arguments.optimizer.lower() == str(want).lower()
        return float(same), f"The optimizer is {arguments.optimizer}{'' if same else f'; asked for was {want}'}."
    rate = arguments.learning_rate
    assert isinstance(want, int | float)
    if rate is None:
        return 0.0, f"No fixed learning rate was found; asked for was {quantity(want)}."
    same = math.isclose(rate, want, rel_tol=1e-3)
    return float(same), f"The learning rate is {quantity(rate)}{'' if same else f'; asked for was {quantity(want)}'}."


def _loss(want: str, arguments: CompileArguments, question: QuestionMatch, match: Match) -> tuple[float, str]:
    loss = arguments.loss
    if loss is None:
        return 0.0, f"No loss was given; `{want}` was asked for."
    one_hot = [training.train.one_hot for training in trainings_of(question, match)]
    if loss == want:
        score, said = 1.0, f"The loss is `{loss}`."
    elif is_same_loss(loss, want, one_hot):
        labels = "whole-number" if loss == _SPARSE else "one-hot"
        score, said = 1.0, f"The loss is `{loss}`, which with {labels} labels comes to the same as `{want}`."
    else:
        return 0.0, _wrong_loss(loss, want, architecture_of(question, match))
    mixed = _logits_mixed_up(arguments, architecture_of(question, match))
    return (0.5 * score, f"{said} {mixed}") if mixed else (score, said)


def is_same_loss(loss: str, other: str, one_hot: Sequence[bool | None]) -> bool:
    """Whether two losses come to the same for labels of the given form (`None` where it is unknown)."""
    pair = {loss, other}
    if pair == {_SPARSE, _ONE_HOT}:
        return (loss == _SPARSE and True not in one_hot) or (loss == _ONE_HOT and False not in one_hot)
    return bool(pair & _DIVERGENCES) and _ONE_HOT in pair and True in one_hot


def _wrong_loss(loss: str, want: str, architecture: Architecture | None) -> str:
    layers = plain_layers(architecture) if architecture else ()
    last = dict(layers[-1].settings) if layers else {}
    units = last.get("units", "")
    if loss == "binary_crossentropy" and want.endswith(_ONE_HOT) and units.isdigit() and int(units) > 2:
        classes = "ten" if units == "10" else units
        under = f" under a {last['activation']}" if last.get("activation") == "softmax" else ""
        return f"The loss is `{loss}`; {classes} exclusive classes{under} want `{want}`."
    return f"The loss is `{loss}`; `{want}` was asked for."


def _logits_mixed_up(arguments: CompileArguments, architecture: Architecture | None) -> str:
    layers = plain_layers(architecture) if architecture else ()
    activation = dict(layers[-1].settings).get("activation") if layers else None
    if activation == "softmax" and arguments.from_logits:
        return "But it is told to expect logits, while the last layer is a softmax already."
    if activation == "linear" and not arguments.from_logits and (arguments.loss or "").endswith(_ONE_HOT):
        return "But the last layer gives logits, and the loss is not told so (`from_logits=True`)."
    return ""
