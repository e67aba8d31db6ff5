"""What the probe knows of each model object: its number, how it was compiled, and whether its weights are fresh."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

_numbers = itertools.count()
_TOUCHED = "_labgrade_touched"


@dataclass
class ModelState:
    """What is known of one model object."""

    number: int
    loss: Any = None
    metrics: Any = None
    compiled: bool = False
    trained: int | None = None
    """The host's number of the last training."""
    same_optimizer: bool = False
    """No compile since the last training: the optimizer's variables go on too."""

    @property
    def id(self) -> str:
        """Identity within the recording."""
        return f"m{self.number}"


def state_of(model: Any) -> ModelState:
    """The state of `model`, made at first sight."""
    state = model.__dict__.get("_labgrade_state")
    if not isinstance(state, ModelState):
        state = ModelState(next(_numbers))
        object.__setattr__(model, "_labgrade_state", state)
    return state


def touch(variable: Any) -> None:
    """Remember that a variable no longer holds the value it was drawn with."""
    object.__setattr__(variable, _TOUCHED, True)


def weights_touched(model: Any) -> bool:
    """Whether any weight was set, loaded or trained since it was drawn."""
    return any(getattr(variable, _TOUCHED, False) for variable in model.weights)


def watch_assignments(variable_class: Any, optimizer_class: Any) -> None:
    """Make every assignment to a Keras variable, and every optimizer step, leave a mark."""
    assign, apply = variable_class.assign, optimizer_class.apply

    def marked_assign(self: Any, value: Any) -> Any:
        touch(self)
        return assign(self, value)

    def marked_apply(self: Any, grads: Any, trainable_variables: Any = None) -> Any:
        for variable in trainable_variables or getattr(self, "_trainable_variables", ()):
            touch(variable)
        return apply(self, grads, trainable_variables)

    variable_class.assign = marked_assign
    optimizer_class.apply = marked_apply
