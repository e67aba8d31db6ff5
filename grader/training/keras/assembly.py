"""Canonical configuration -> Keras objects. Runs in the trainer only, on configuration that the host has checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, cast

import keras

from grader.training.keras.allowlist import LOSSES
from grader.training.spec import CompileConfig, Configuration, LossConfig, ObjectConfig

Model: TypeAlias = keras.Model
Build: TypeAlias = Callable[[], Model]
Compile: TypeAlias = Callable[[Model], None]


class _LearningRates(keras.callbacks.Callback):  # type: ignore[misc]
    """A learning rate per epoch, worked out beforehand from a student's schedule."""

    def __init__(self, rates: list[float]) -> None:
        super().__init__()
        self._rates = rates

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        if epoch < len(self._rates):
            self.model.optimizer.learning_rate = self._rates[epoch]


def model_builder(architecture: Configuration) -> Build:
    """A function that builds the model of a canonical architecture with fresh weights."""

    def build() -> Model:
        return keras.saving.deserialize_keras_object(dict(architecture), safe_mode=True)

    return build


def compiler(arguments: CompileConfig) -> Compile:
    """A function that compiles a model with canonical compile arguments."""

    def compile_model(model: Model) -> None:
        model.compile(
            optimizer=optimizer(arguments["optimizer"]),
            loss=loss(arguments["loss"]),
            metrics=[_metric(item) for item in arguments["metrics"]],
            jit_compile=False,
        )

    return compile_model


def optimizer(item: ObjectConfig) -> keras.optimizers.Optimizer:
    """The optimizer of canonical arguments."""
    config = dict(item["config"])
    rate = config.get("learning_rate")
    if isinstance(rate, dict):
        schedule = getattr(keras.optimizers.schedules, rate["class_name"])
        config["learning_rate"] = schedule(**rate["config"])
    return getattr(keras.optimizers, item["class_name"]).from_config(config)


def loss(item: LossConfig) -> keras.losses.Loss:
    """The loss of canonical arguments."""
    return getattr(keras.losses, LOSSES[item["name"]])(**item["options"])


def _metric(item: str | ObjectConfig) -> str | keras.metrics.Metric:
    if isinstance(item, str):
        return item
    return getattr(keras.metrics, item["class_name"]).from_config(dict(item["config"]))


def callbacks(items: list[dict[str, object]]) -> list[keras.callbacks.Callback]:
    """The callbacks of canonical fit arguments."""
    made = []
    for item in items:
        arguments = {key: value for key, value in item.items() if key != "class_name"}
        name = cast("str", item["class_name"])
        cls: type[keras.callbacks.Callback] = (
            _LearningRates if name == "LearningRates" else getattr(keras.callbacks, name)
        )
        made.append(cls(**arguments))
    return made
