"""Criteria on models, their compilation, training and accuracy."""

from __future__ import annotations

from typing import Literal

from pydantic import PositiveInt, model_validator

from grader.records.criteria.base import BaseCriterion


class ArchitectureCriterion(BaseCriterion):
    """Layer-by-layer likeness with the reference model, with partial credit."""

    kind: Literal["architecture"] = "architecture"
    must_have: tuple[str, ...] = ()
    """When given, only these layer classes are asked for (a free design), not likeness with the reference."""


class ParametersCriterion(BaseCriterion):
    """The number of parameters."""

    kind: Literal["parameters"] = "parameters"
    equals: PositiveInt | None = None
    """Default: the reference's."""


class CompiledCriterion(BaseCriterion):
    """Loss, optimizer and learning rate. Points are split evenly over what is asked."""

    kind: Literal["compiled"] = "compiled"
    loss: str | None = None
    """Default: the reference's."""
    optimizer: str | None = None
    """Default: the reference's; `any` asks for none."""
    learning_rate: float | None = None
    """Default: the reference's, unless the optimizer is free."""


class TrainedCriterion(BaseCriterion):
    """Epochs, and batch size where it is asked for."""

    kind: Literal["trained"] = "trained"
    epochs: PositiveInt | None = None
    """Default: the reference's."""
    at_least: bool = False
    """More epochs are as good."""
    batch_size: PositiveInt | None = None
    """Default: not asked for."""


class AccuracyCriterion(BaseCriterion):
    """Accuracy, measured by the host: in relation to the reference, or absolute."""

    kind: Literal["accuracy"] = "accuracy"
    on: Literal["test"] = "test"
    within: float | None = None
    """Allowed shortfall against the reference's mean over its seeds, as a share (0.01 = one percentage point)."""
    at_least: float | None = None
    """Absolute threshold, 0 to 1."""

    @model_validator(mode="after")
    def _one_threshold(self) -> AccuracyCriterion:
        if (self.within is None) == (self.at_least is None):
            raise ValueError("accuracy takes exactly one of 'within' and 'at_least'")
        return self


class SweepCriterion(BaseCriterion):
    """A hyper-parameter sweep: factors, replicas, and the regulariser really in the model."""

    kind: Literal["sweep"] = "sweep"
    regularizer: Literal["l1", "l2"] = "l2"
    factors: PositiveInt = 5
    """Distinct factors asked for."""
    between: tuple[float, float] | None = None
    replicas: PositiveInt = 3
    """Trainings per factor asked for."""
    on: Literal["hidden", "any"] = "hidden"
    """`hidden`: every hidden layer with a kernel must carry it."""
