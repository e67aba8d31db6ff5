"""Keras' objects as far as the probe handles them: what may be asked of a model, a layer, a variable, an optimizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from grader.sandbox.frames import Array


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
