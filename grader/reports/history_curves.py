"""Trainings turned into what can be drawn: curves per epoch, the reference's band, or a sweep.

A sweep is several trainings of one network under different regularisation factors, the rest is histories. What measures
something else (another loss, a penalty on one side alone) never shares a pair of axes with the reference.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev

from grader.facts.keras import ONE_HOT_LOSS, SPARSE_LOSS, VALIDATION, is_accuracy
from grader.records import Architecture, CompileArguments, Trained
from grader.reports.model_words import factor

MOST_CURVES = 3
"""More trainings than this are shown as a sweep, or with one of them in front."""
_WIDEST_RATIO = 1e3
"""Largest value over smallest, beyond which an axis is logarithmic: a linear one would draw most values as zero."""
_LARGEST = 1e30
"""Beyond this a value is drawn as if it were infinite."""
_SAME_LOSS = {SPARSE_LOSS: ONE_HOT_LOSS}


@dataclass(frozen=True)
class Curve:
    """One metric of one training, a value per epoch; NaN where it was not a number, empty where not measured."""

    label: str
    training: tuple[float, ...]
    validation: tuple[float, ...]
    behind: bool = False
    """Drawn thin and without a label, behind the others."""

    @property
    def epochs(self) -> int:
        """Epochs drawn."""
        return max(len(self.training), len(self.validation))

    @property
    def last(self) -> float:
        """The last value, of the validation where it was measured."""
        return (self.validation or self.training or (math.nan,))[-1]


@dataclass(frozen=True)
class Band:
    """The reference over its seeds: mean, smallest and largest value per epoch."""

    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    training: tuple[float, ...]
    seeds: int
    validated: bool = True
    """Whether `mean` is of the validation rather than of the training."""


@dataclass(frozen=True)
class Panel:
    """One pair of axes: a metric, the student's curves, and the reference's band where the two are comparable."""

    title: str
    metric: str
    curves: tuple[Curve, ...]
    band: Band | None

    @property
    def finite(self) -> tuple[float, ...]:
        """Every value drawn that is a number."""
        drawn = [value for curve in self.curves for value in (*curve.training, *curve.validation)]
        if self.band:
            drawn += [*self.band.mean, *self.band.training]
        return tuple(value for value in drawn if math.isfinite(value))

    @property
    def logarithmic(self) -> bool:
        """Whether the values span so much that a linear axis would hide most of them."""
        values = self.finite
        return bool(values) and min(values) > 0 and max(values) / min(values) > _WIDEST_RATIO


@dataclass(frozen=True)
class SweepPoint:
    """The final values of all replicas at one factor."""

    factor: float
    values: tuple[float, ...]
    """Finite ones alone."""
    lost: int
    """Replicas that ended as NaN."""

    @property
    def mean(self) -> float:
        """Mean over the replicas; NaN when none is left."""
        return fmean(self.values) if self.values else math.nan

    @property
    def deviation(self) -> float:
        """Population standard deviation over the replicas."""
        return pstdev(self.values) if self.values else 0.0


def metric_name(trainings: Sequence[Trained]) -> str | None:
    """The metric that stands beside the loss: an accuracy where there is one."""
    names = [name for training in trainings for name in training.history.metrics if not name.startswith(VALIDATION)]
    others = [name for name in dict.fromkeys(names) if name not in ("loss", "lr", "learning_rate")]
    return next((name for name in others if is_accuracy(name)), others[0] if others else None)


def values(training: Trained, metric: str, validation: bool) -> tuple[float, ...]:
    """One metric's values, one per epoch, with infinities (and what comes near) as NaN; empty where not measured.

    Accuracy is found under any of Keras' names for it.
    """
    metrics = training.history.metrics
    prefix = VALIDATION if validation else ""
    found = metrics.get(prefix + metric)
    if found is None and is_accuracy(metric):
        names = (name for name in metrics if name.startswith(VALIDATION) == validation and is_accuracy(name))
        found = metrics.get(next(names, ""))
    return tuple(value if abs(value) < _LARGEST else math.nan for value in found or ())


def panels(yours: Sequence[Trained], reference: Sequence[Trained], comparable: bool) -> tuple[Panel, ...]:
    """Accuracy and loss, of `yours` and of the `reference` over its seeds.

    `comparable` says whether the two losses may share axes; where they may not, the loss is drawn without a band.
    """
    metric = metric_name(yours or reference)
    names = ([(metric, True)] if metric else []) + [("loss", comparable)]
    made = []
    for name, shared in names:
        band = _band(reference, name) if shared or not yours else None
        curves = _curves(yours, name)
        if curves or band:
            made.append(Panel(_title(name), name, curves, band))
    return tuple(made)


def same_loss(
    yours: CompileArguments | None, reference: CompileArguments | None, regularised: tuple[bool, bool]
) -> bool:
    """Whether two loss values measure the same thing: the same function, and a penalty in both or in neither."""
    if yours is None or reference is None:
        return False
    names = [_SAME_LOSS.get(compiled.loss or "", compiled.loss) for compiled in (yours, reference)]
    return names[0] == names[1] and regularised[0] == regularised[1]


def sweep_points(trainings: Sequence[Trained], architectures: Mapping[str, Architecture]) -> tuple[SweepPoint, ...]:
    """Final values by factor, in rising order; empty when the trainings are no sweep: few, or of one factor."""
    metric = metric_name(trainings) or "loss"
    found: dict[float, list[float]] = {}
    for training in trainings:
        place = factor(architectures.get(training.architecture))
        drawn = values(training, metric, True) or values(training, metric, False)
        if place is not None and drawn:
            found.setdefault(place, []).append(drawn[-1])
    if len(trainings) <= MOST_CURVES or len(found) < 2:
        return ()
    return tuple(
        SweepPoint(place, finite := tuple(v for v in found[place] if math.isfinite(v)), len(found[place]) - len(finite))
        for place in sorted(found)
    )


def _curves(trainings: Sequence[Trained], metric: str) -> tuple[Curve, ...]:
    drawn = [t for t in trainings if values(t, metric, True) or values(t, metric, False)]
    in_front = range(len(drawn)) if len(drawn) <= MOST_CURVES else (len(drawn) - 1,)
    return tuple(
        Curve(
            label="yours" if len(in_front) == 1 else f"yours {number + 1}",
            training=values(training, metric, False),
            validation=values(training, metric, True),
            behind=number not in in_front,
        )
        for number, training in enumerate(drawn)
    )


def _band(trainings: Sequence[Trained], metric: str) -> Band | None:
    validated = [values(training, metric, True) for training in trainings]
    trained = [values(training, metric, False) for training in trainings]
    shown = [row for row in validated if row] or [row for row in trained if row]
    if not shown:
        return None
    columns = list(zip(*shown, strict=False))
    return Band(
        mean=tuple(fmean(column) for column in columns),
        low=tuple(min(column) for column in columns),
        high=tuple(max(column) for column in columns),
        training=tuple(fmean(c) for c in zip(*[r for r in trained if r], strict=False)) if any(validated) else (),
        seeds=len(shown),
        validated=any(bool(row) for row in validated),
    )


def _title(metric: str) -> str:
    return "Accuracy" if is_accuracy(metric) else metric.replace("_", " ").capitalize()[:40]
