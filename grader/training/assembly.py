"""Canonical configuration -> Keras objects. Runs in the trainer only, on configuration that the host has checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras

from grader.training.allowlist import LOSSES


class _LearningRates(keras.callbacks.Callback):  # type: ignore[misc]
    """A learning rate per epoch, worked out beforehand from a student's schedule."""

    def __init__(self, rates: list[float]) -> None:
        super().__init__()
        self._rates = rates

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch < len(self._rates):
            self.model.optimizer.learning_rate = self._rates[epoch]


def model_builder(architecture: Mapping[str, Any]) -> Callable[[], Any]:
    """A function that builds the model of a canonical architecture with fresh weights."""

    def build() -> Any:
        return keras.saving.deserialize_keras_object(dict(architecture), safe_mode=True)

    return build


def compiler(arguments: Mapping[str, Any]) -> Callable[[Any], None]:
    """A function that compiles a model with canonical compile arguments."""

    def compile_model(model: Any) -> None:
        model.compile(
            optimizer=optimizer(arguments["optimizer"]),
            loss=loss(arguments["loss"]),
            metrics=[_metric(item) for item in arguments["metrics"]],
            jit_compile=False,
        )

    return compile_model


def optimizer(item: Mapping[str, Any]) -> Any:
    """The optimizer of canonical arguments."""
    config = dict(item["config"])
    rate = config.get("learning_rate")
    if isinstance(rate, dict):
        schedule = getattr(keras.optimizers.schedules, rate["class_name"])
        config["learning_rate"] = schedule(**rate["config"])
    return getattr(keras.optimizers, item["class_name"]).from_config(config)


def loss(item: Mapping[str, Any]) -> Any:
    """The loss of canonical arguments."""
    return getattr(keras.losses, LOSSES[item["name"]])(**item["options"])


def _metric(item: Any) -> Any:
    if isinstance(item, str):
        return item
    return getattr(keras.metrics, item["class_name"]).from_config(dict(item["config"]))


def callbacks(items: list[dict[str, Any]]) -> list[Any]:
    """The callbacks of canonical fit arguments."""
    made = []
    for item in items:
        arguments = {key: value for key, value in item.items() if key != "class_name"}
        cls = _LearningRates if item["class_name"] == "LearningRates" else getattr(keras.callbacks, item["class_name"])
        made.append(cls(**arguments))
    return made
