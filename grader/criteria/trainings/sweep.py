"""The criterion `sweep`: a hyper-parameter sweep: factors, replicas, and the regulariser really in the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import JsonValue, PositiveInt

from grader.criteria import Case, Criterion
from grader.criteria.training_evidence import ACTIVITY, Swept, swept_trainings
from grader.records import Mistake, Reason, Subject, Verdict

_SLACK = 0.01
"""Relative, at both ends of the range asked for: an end that a loop of powers of ten computes is off by a rounding, and
one that is written with two digits by less than this."""


class SweepCriterion(Criterion):
    """A hyper-parameter sweep: factors, replicas, and the regulariser really in the model."""

    title: ClassVar[str] = "Sweep"
    about: ClassVar[Subject] = "training"
    rests_on_history: ClassVar[bool] = True
    of_sweep: ClassVar[bool] = True
    counts_sweep: ClassVar[bool] = True
    beside_layers: ClassVar[bool] = True
    beside_curves: ClassVar[bool] = True
    before_training_ends: ClassVar[bool] = True
    mistakes: ClassVar[frozenset[Mistake]] = frozenset({"layers", "fit", "narrow_sweep"})
    sentences: ClassVar[Mapping[str, str]] = {
        "ran_before": "{trainings:count training} ran before.",
        "no_factor": "No regularisation factor was found in the trained models.",
        "no_factor_inside": "No factor lies in the range asked for.",
        "factors": "{count:count factor} ({factors:quantities}).",
        "too_few_factors": "{count:count factor} ({factors:quantities}) of the {wanted} asked for.",
        "outside": "Outside the range asked for: {factors:quantities}.",
        "replicas": "{replicas:count independent training} per factor.",
        "replicas_vary": "{fewest} to {most:count independent training} per factor.",
        "replicas_asked": "{wanted} {wanted:plural was/were} asked for.",
        "carried_on": "{trainings:count training} carried on with weights that were trained before.",
        "optimizers_decay": "The weight decay is the optimizer's, which reaches every layer.",
        "other_regulariser": "The regulariser in the models is {found}; {wanted} was asked for.",
        "activity": (
            "The regulariser is an `activity_regularizer`, which penalises what a layer puts out; {wanted} on the "
            "weights (`kernel_regularizer`) was asked for."
        ),
        "no_layer": "No layer carries an {regulariser} regulariser.",
        "layers": "The {regulariser} regulariser is on {layers:quoted}.",
        "layers_without": (
            "The {regulariser} regulariser is on {layers:quoted} but not on {without:quoted}; it was asked for on "
            "every hidden layer."
        ),
    }

    kind: Literal["sweep"] = "sweep"
    regularizer: Literal["l1", "l2"] = "l2"
    factors: PositiveInt = 5
    """Distinct factors asked for."""
    between: tuple[float, float] | None = None
    replicas: PositiveInt = 3
    """Trainings per factor asked for."""
    on: Literal["hidden", "any"] = "hidden"
    """`hidden`: every hidden layer with a kernel must carry it."""

    def judge(self, case: Case) -> Verdict:
        """Distinct factors, independent trainings per factor, and the regulariser really in the model.

        A third of the points each. A sweep that a limit cut short costs nobody points.
        """
        trainings = case.all_trainings
        if not trainings:
            return self.missing(case, "sweep", *case.saved_training)
        sweep = swept_trainings(trainings, case.match.rerun.architectures, self.regularizer)
        inside = [factor for factor in sweep.factors if _is_inside(factor, self.between)]
        outside = [factor for factor in sweep.factors if factor not in inside]
        replicas = sorted((len(sweep.replicas[factor]) for factor in inside), reverse=True)[: self.factors]
        carried, on_layers = self._carried(sweep)
        scores = [
            min(len(inside), self.factors) / self.factors,
            sum(min(count, self.replicas) for count in replicas) / (self.replicas * self.factors),
            carried,
        ]
        share = sum(scores) / len(scores)
        hindered = case.hindrance(self.about)
        if share < 1.0 and hindered is not None and hindered.limit:
            return self.errored(*hindered.reasons, self.because("ran_before", trainings=len(trainings)))
        observed: JsonValue = {"factors": list(inside), "replicas": list(replicas), "layers": list(sweep.carrying)}
        expected: JsonValue = {"factors": self.factors, "replicas": self.replicas}
        return self.graded(
            share,
            *self._on_factors(inside, outside),
            *self._on_replicas(sweep, inside),
            on_layers,
            observed=observed,
            expected=expected,
            evidence=case.trained_at(*trainings),
        )

    @property
    def sweep_size(self) -> tuple[int, int]:
        """`factors` and `replicas`."""
        return self.factors, self.replicas

    @property
    def swept_regularizer(self) -> str:
        """That of `regularizer`."""
        return self.regularizer

    def _on_factors(self, inside: list[float], outside: list[float]) -> list[Reason]:
        if not inside and not outside:
            return [self.because("no_factor")]
        if not inside:
            reasons = [self.because("no_factor_inside")]
        elif len(inside) < self.factors:
            few = self.because("too_few_factors", count=len(inside), factors=list(inside), wanted=self.factors)
            reasons = [few]
        else:
            reasons = [self.because("factors", count=len(inside), factors=list(inside))]
        return [*reasons, self.because("outside", factors=list(outside))] if outside else reasons

    def _on_replicas(self, sweep: Swept, inside: list[float]) -> list[Reason]:
        if not inside:
            return []
        counts = [len(sweep.replicas[factor]) for factor in inside]
        fewest, most = min(counts), max(counts)
        reasons = [
            self.because("replicas", replicas=most)
            if fewest == most
            else self.because("replicas_vary", fewest=fewest, most=most)
        ]
        if fewest < self.replicas:
            reasons.append(self.because("replicas_asked", wanted=self.replicas))
        if sweep.continued:
            reasons.append(self.because("carried_on", trainings=sweep.continued))
        return reasons

    def _carried(self, sweep: Swept) -> tuple[float, Reason]:
        """The share of hidden layers that carry the regulariser, and a reason on it."""
        kind = self.regularizer.upper()
        if sweep.by_optimizer:
            return 1.0, self.because("optimizers_decay")
        if sweep.other_kind == ACTIVITY:
            return 0.0, self.because("activity", wanted=kind)
        if sweep.other_kind:
            return 0.0, self.because("other_regulariser", found=sweep.other_kind, wanted=kind)
        if not sweep.carrying:
            return 0.0, self.because("no_layer", regulariser=kind)
        there = list[JsonValue](sweep.carrying)
        if self.on == "any" or not sweep.lacking:
            return 1.0, self.because("layers", regulariser=kind, layers=there)
        share = len(sweep.carrying) / (len(sweep.carrying) + len(sweep.lacking))
        without = list[JsonValue](sweep.lacking)
        return share, self.because("layers_without", regulariser=kind, layers=there, without=without)


def _is_inside(factor: float, between: tuple[float, float] | None) -> bool:
    if factor <= 0.0:
        return False
    if between is None:
        return True
    low, high = min(between), max(between)
    return low * (1.0 - _SLACK) <= factor <= high * (1.0 + _SLACK)
