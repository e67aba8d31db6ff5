"""Keras' objects as the probe handles them: what may be asked of each, and what is known of each model.

Known of a model are its number, how it was compiled, and whether its weights are fresh; its variables bear the marks.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from grader.probe.link import patch
from grader.sandbox.frames import Array

_numbers = itertools.count()
_STATE = "_labgrade_state"
_TOUCHED = "_labgrade_touched"
_STEPPED = "_labgrade_stepped"
_BACKENDS = ("tensorflow", "keras", "torch", "jax", "jaxlib")
"""Packages whose objects Keras computes with."""


class Variable(Protocol):
    """Numbers that a training moves."""

    shape: Sequence[int]

    def assign(self, value: object) -> object:
        """Set it."""


class Optimizer(Protocol):
    """Moves variables. What a continued training goes on with are its own."""

    variables: Sequence[Variable]
    learning_rate: float

    def build(self, variables: Sequence[Variable]) -> None:
        """Make its variables for those that it will move."""


class Layer(Protocol):
    """A layer, or a model within another one."""

    name: str
    built: bool

    def count_params(self) -> int:
        """Its numbers."""


class Model(Layer, Protocol):
    """A model."""

    weights: Sequence[Variable]
    trainable_variables: Sequence[Variable]
    optimizer: Optimizer
    history: object

    def get_weights(self) -> list[Array]:
        """The values of `weights`."""

    def set_weights(self, weights: Sequence[Array]) -> None:
        """Set the values of `weights`."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make its weights."""

    def predict(self, x: object, **more: object) -> Array:
        """Its outputs."""


class History(Protocol):
    """What `fit` returns."""

    history: Mapping[str, Sequence[float]]


class Schedule(Protocol):
    """A callback whose function tells the learning rate of each epoch."""

    def schedule(self, epoch: int, rate: float = ...) -> float:
        """The rate."""


@dataclass
class ModelState:
    """What is known of one model object."""

    number: int
    loss: object = None
    metrics: object = None
    """As they were given to `compile`."""
    compiled: bool = False
    trained: int | None = None
    """The host's number of the last training."""
    same_optimizer: bool = False
    """No compile since the last training: the optimizer's variables go on too."""
    told: str = ""
    """Digest of the weights of a training step by step that the host knows of."""

    @property
    def id(self) -> str:
        """Identity within the recording."""
        return f"m{self.number}"


def state_of(model: object) -> ModelState:
    """The state of `model`, made at first sight."""
    state = model.__dict__.get(_STATE)
    if not isinstance(state, ModelState):
        state = ModelState(next(_numbers))
        # Not by the model's own assignment, which would track it as a part of the model.
        object.__setattr__(model, _STATE, state)
    return state


def touch(variable: object) -> None:
    """Remember that a variable no longer holds the value it was drawn with."""
    object.__setattr__(variable, _TOUCHED, True)


def are_weights_touched(model: Model) -> bool:
    """Whether any weight was set, loaded or trained since it was drawn."""
    return any(getattr(variable, _TOUCHED, False) for variable in model.weights)


def was_stepped(model: Model) -> bool:
    """Whether an optimizer moved any weight since `fit` returned last: a training without `fit`."""
    return any(getattr(variable, _STEPPED, False) for variable in model.weights)


def mark_fitted(model: Model) -> None:
    """Remember that the weights are no longer fresh, and that what moved them was `fit`."""
    for variable in model.weights:
        touch(variable)
        object.__setattr__(variable, _STEPPED, False)


def watch_assignments(variable_class: type, optimizer_class: type) -> None:
    """Make every assignment to a Keras variable, and every optimizer step, leave a mark."""
    assign, apply = variable_class.assign, optimizer_class.apply  # type: ignore[attr-defined]

    def mark_assign(self: Variable, value: object) -> object:
        touch(self)
        return assign(self, value)

    def mark_apply(self: object, grads: object, trainable_variables: list[Variable] | None = None) -> object:
        moved: Sequence[Variable] = trainable_variables or getattr(self, "_trainable_variables", [])
        for variable in moved:
            touch(variable)
            object.__setattr__(variable, _STEPPED, True)
        return apply(self, grads, trainable_variables)

    patch(variable_class, assign=mark_assign)
    patch(optimizer_class, apply=mark_apply)


def row_values(value: object) -> object:
    """A tensor or variable of TensorFlow's as an array; `None` for anything else."""
    return value.numpy() if type(value).__module__.startswith("tensorflow") and hasattr(value, "numpy") else None


def returned_values(value: object) -> object:
    """A tensor or variable of Keras or one of its backends as an array; `None` for anything else."""
    module = type(value).__module__.split(".")[0]
    if module in _BACKENDS and hasattr(value, "numpy"):
        return value.numpy()
    return np.asarray(value) if module in ("tensorflow", "keras") else None
