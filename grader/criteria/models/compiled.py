"""The criterion `compiled`: loss, optimizer and learning rate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import ClassVar, Literal, Self

from pydantic import JsonValue, field_validator

from grader.criteria import Case, Criterion, Seen
from grader.criteria.layers import plain_layers
from grader.facts.keras import (
    BINARY_LOSS,
    DIVERGENCES,
    LOSS_ALIASES,
    LOSSES,
    ONE_HOT_LOSS,
    OPTIMIZERS,
    SPARSE_LOSS,
    canonical_loss,
)
from grader.records import CompileArguments, Mistake, Reason, Subject, Verdict

"""Cross-entropy of classes that are given as whole numbers, as Keras spells it."""
"""Cross-entropy of classes that are given as one-hot rows; the other's name ends in it."""
_OWN = "custom:"
"""Begins the recorded name of a loss or optimizer that is code of somebody's own."""
_SAME_RATE = 1e-3
"""Relative difference of equal rates: Keras keeps them in single precision, so 0.1 comes back as 0.10000000149."""
_MIXED_UP = 0.5
"""Share of the loss's points where it is the right one, but logits and probabilities are mixed up: half is right."""


class CompiledCriterion(Criterion):
    """Loss, optimizer and learning rate. Points are split evenly over what is asked."""

    title: ClassVar[str] = "Loss and optimizer"
    about: ClassVar[Subject] = "model"
    step: ClassVar[int] = 3
    beside_layers: ClassVar[bool] = True
    before_training_ends: ClassVar[bool] = True
    mistakes: ClassVar[frozenset[Mistake]] = frozenset({"compile"})
    hint: ClassVar[str] = "the reference's loss, optimizer and rate; {optimizer: any} where it is free"

    sentences: ClassVar[Mapping[str, str]] = {
        "nothing_asked": "Compiled; nothing in particular was asked for.",
        "loss": "The loss is `{loss}`.",
        "loss_same": "The loss is `{loss}`, which with {labels} labels comes to the same as `{wanted}`.",
        "loss_other": "The loss is `{loss}`; `{wanted}` was asked for.",
        "loss_none": "No loss was given; `{wanted}` was asked for.",
        "loss_binary": (
            "The loss is `{loss}`; {classes} exclusive classes{last:choose softmax= under a softmax|other=} "
            "want `{wanted}`."
        ),
        "loss_own": "A person decides whether the loss of your own does what was asked.",
        "logits_expected": "But it is told to expect logits, while the last layer is a softmax already.",
        "logits_untold": "But the last layer gives logits, and the loss is not told so (`from_logits=True`).",
        "optimizer": "The optimizer is {optimizer}.",
        "optimizer_other": "The optimizer is {optimizer}; {wanted} was asked for.",
        "rate": "The learning rate is {rate:short}.",
        "rate_other": "The learning rate is {rate:short}; {wanted:short} was asked for.",
        "rate_unknown": "No fixed learning rate was found; {wanted:short} was asked for.",
    }

    kind: Literal["compiled"] = "compiled"
    loss: str | None = None
    """Default: the reference's."""
    optimizer: str | None = None
    """Default: the reference's; `any` asks for none."""
    learning_rate: float | None = None
    """Default: the reference's, unless the optimizer is free."""

    @field_validator("loss")
    @classmethod
    def _one_name(cls, value: str | None) -> str | None:
        """The loss by its one name, as it is recorded; one that is nobody's would fail a whole class."""
        if value is None or value.startswith(_OWN):
            return value
        loss = canonical_loss(value)
        if loss not in LOSSES:
            raise ValueError(f"Keras has no loss '{value}'.{_nearest(value, (*LOSSES, *LOSS_ALIASES))}")
        return loss

    @field_validator("optimizer")
    @classmethod
    def _known_optimizer(cls, value: str | None) -> str | None:
        """The optimizer, as long as it is one of Keras', one of the lab's own code, or `any`."""
        known = {"any", *(name.lower() for name in OPTIMIZERS)}
        if value is not None and value.lower() not in known and not value.startswith(_OWN):
            raise ValueError(f"Keras has no optimizer '{value}'.{_nearest(value, OPTIMIZERS)}")
        return value

    def judge(self, case: Case) -> Verdict:
        """Loss, optimizer and learning rate; the points are split evenly over what is asked.

        Losses that come to the same for the labels at hand count as the same.
        """
        asked = self._asked(case)
        if case.compiled is None:
            return self.missing(case, "compiled model")
        arguments, cell = case.compiled
        observed: JsonValue = {
            "loss": arguments.loss,
            "optimizer": arguments.optimizer,
            "learning_rate": arguments.learning_rate,
        }
        expected: JsonValue = dict(asked)
        evidence = case.places([cell])
        parts = [self._part(name, want, arguments, case) for name, want in asked.items()]
        reasons = [reason for _, said in parts for reason in said]
        if arguments.loss is not None and arguments.loss.startswith("custom:") and "loss" in asked:
            reasons.append(self.because("loss_own"))
            return self.review(*reasons, observed=observed, expected=expected, evidence=evidence, closing=False)
        share = math.fsum(score for score, _ in parts) / len(parts) if parts else 1.0
        said = reasons or [self.because("nothing_asked")]
        return self.graded(share, *said, observed=observed, expected=expected, evidence=evidence)

    @property
    def free_optimizer(self) -> bool:
        """Whether `optimizer` is `any`."""
        return self.optimizer == "any"

    @classmethod
    def propose(cls, seen: Seen) -> Iterator[Self]:
        """Where the model is compiled."""
        if seen.happens("compiled"):
            yield cls(points=1)

    def _asked(self, case: Case) -> dict[str, JsonValue]:
        """What is compared, by name: the criterion's own values, else the reference's."""
        needs_reference = None in (self.loss, self.optimizer) or self.learning_rate is None
        theirs = None
        if needs_reference and case.question.question.model in case.reference.models:
            theirs = case.reference_model.compile
        asked: dict[str, JsonValue] = {}
        loss = self.loss or (theirs.loss if theirs else None)
        if loss is not None:
            asked["loss"] = loss
        optimizer = self.optimizer or (theirs.optimizer if theirs else None)
        if optimizer not in (None, "any"):
            asked["optimizer"] = optimizer
        rate = self.learning_rate
        if rate is None and theirs is not None and self.optimizer in (None, theirs.optimizer):
            rate = theirs.learning_rate
        if rate is not None:
            asked["learning_rate"] = rate
        return asked

    def _part(
        self, name: str, want: JsonValue, arguments: CompileArguments, case: Case
    ) -> tuple[float, tuple[Reason, ...]]:
        """The share of one thing that was asked for, and the reasons on it."""
        if name == "loss":
            return self._loss(str(want), arguments, case)
        if name == "optimizer":
            ours = arguments.optimizer
            if ours.lower() == str(want).lower():
                return 1.0, (self.because("optimizer", optimizer=ours),)
            return 0.0, (self.because("optimizer_other", optimizer=ours, wanted=want),)
        rate = arguments.learning_rate
        assert isinstance(want, int | float)
        if rate is None:
            return 0.0, (self.because("rate_unknown", wanted=want),)
        if math.isclose(rate, want, rel_tol=_SAME_RATE):
            return 1.0, (self.because("rate", rate=rate),)
        return 0.0, (self.because("rate_other", rate=rate, wanted=want),)

    def _loss(self, want: str, arguments: CompileArguments, case: Case) -> tuple[float, tuple[Reason, ...]]:
        loss = arguments.loss
        if loss is None:
            return 0.0, (self.because("loss_none", wanted=want),)
        if loss == want:
            said = self.because("loss", loss=loss)
        elif _is_same_loss(loss, want, [training.train.one_hot for training in case.trainings]):
            labels = "whole-number" if loss == SPARSE_LOSS else "one-hot"
            said = self.because("loss_same", loss=loss, labels=labels, wanted=want)
        else:
            return 0.0, (self._wrong_loss(loss, want, case),)
        mixed = self._logits_mixed_up(arguments, case)
        return (_MIXED_UP, (said, *mixed)) if mixed else (1.0, (said,))

    def _wrong_loss(self, loss: str, want: str, case: Case) -> Reason:
        last = _last_layer(case)
        units = last.get("units", "")
        if loss == BINARY_LOSS and want.endswith(ONE_HOT_LOSS) and units.isdigit() and int(units) > 2:
            classes = "ten" if units == "10" else units
            activation = "softmax" if last.get("activation") == "softmax" else "other"
            return self.because("loss_binary", loss=loss, classes=classes, last=activation, wanted=want)
        return self.because("loss_other", loss=loss, wanted=want)

    def _logits_mixed_up(self, arguments: CompileArguments, case: Case) -> tuple[Reason, ...]:
        """One reason where loss and last layer disagree on what the network gives; empty where they agree."""
        activation = _last_layer(case).get("activation")
        if activation == "softmax" and arguments.from_logits:
            return (self.because("logits_expected"),)
        if activation == "linear" and not arguments.from_logits and (arguments.loss or "").endswith(ONE_HOT_LOSS):
            return (self.because("logits_untold"),)
        return ()


def _nearest(word: str, known: Iterable[str]) -> str:
    names = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), names, n=1)
    return f" Did you mean '{names[near[0]]}'?" if near else f" Known: {', '.join(sorted(known))}."


def _last_layer(case: Case) -> dict[str, str]:
    """Settings of the last layer that counts; empty where the model has none."""
    layers = plain_layers(case.architecture) if case.architecture else ()
    return dict(layers[-1].settings) if layers else {}


def _is_same_loss(loss: str, other: str, one_hot: Sequence[bool | None]) -> bool:
    """Whether two losses come to the same for labels of the given form (`None` where it is unknown)."""
    pair = {loss, other}
    if pair == {SPARSE_LOSS, ONE_HOT_LOSS}:
        return (loss == SPARSE_LOSS and True not in one_hot) or (loss == ONE_HOT_LOSS and False not in one_hot)
    return bool(pair & DIVERGENCES) and ONE_HOT_LOSS in pair and True in one_hot
