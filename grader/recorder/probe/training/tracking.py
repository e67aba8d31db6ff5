"""What the probe knows of each model object: its number, how it was compiled, and whether its weights are fresh."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

_numbers = itertools.count()
_TOUCHED = "_labgrade_touched"
_STEPPED = "_labgrade_stepped"


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

    told: str = ""
    """Digest of the weights of a training step by step that the host knows of."""

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


def was_stepped(model: Any) -> bool:
    """Whether an optimizer moved any weight since `fit` returned last: a training without `fit`."""
    return any(getattr(variable, _STEPPED, False) for variable in model.weights)


def forget_steps(model: Any) -> None:
    """What moved the weights so far was `fit`."""
    for variable in model.weights:
        object.__setattr__(variable, _STEPPED, False)


def watch_assignments(variable_class: Any, optimizer_class: Any) -> None:
    """Make every assignment to a Keras variable, and every optimizer step, leave a mark."""
    assign, apply = variable_class.assign, optimizer_class.apply

    def marked_assign(self: Any, value: Any) -> Any:
        touch(self)
        return assign(self, value)

    def marked_apply(self: Any, grads: Any, trainable_variables: Any = None) -> Any:
        for variable in trainable_variables or getattr(self, "_trainable_variables", ()):
            touch(variable)
            object.__setattr__(variable, _STEPPED, True)
        return apply(self, grads, trainable_variables)

    variable_class.assign = marked_assign
    optimizer_class.apply = marked_apply
