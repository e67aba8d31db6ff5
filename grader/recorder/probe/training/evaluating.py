"""`model.evaluate`, `model.predict` and `model(x)`: said to the host, with the weights that they were made with."""

from __future__ import annotations

import functools
from typing import Any

import keras
import numpy as np

from grader.recorder.probe.data import joint_digest, shown_data
from grader.recorder.probe.link import Link
from grader.recorder.probe.training import describe, direct
from grader.recorder.probe.training.direct import keras_at_work
from grader.recorder.probe.training.tracking import state_of, was_stepped

_MAX_WEIGHT_BYTES = 400 << 20
_LOOP = "it was trained in a loop of its own code, step by step"


def install(link: Link) -> None:
    """Wrap `evaluate`, `predict` and the call of every Keras model in this process."""
    model: Any = keras.Model
    model.evaluate = _evaluate(link, model.evaluate)
    model.predict = _predict(link, model.predict)
    direct.install(link, functools.partial(_tell_prediction, link))


def model_fields(model: Any) -> dict[str, Any]:
    """Which model it is, and what it looks like now."""
    return {"model": state_of(model).id, "description": describe.model_description(model)}


def _evaluate(link: Link, original: Any) -> Any:
    @functools.wraps(original)
    def evaluate(
        self: Any, x: Any = None, y: Any = None, batch_size: Any = None, verbose: Any = "auto", **more: Any
    ) -> Any:
        if more.get("_use_cached_eval_dataset"):  # Keras' own fit, validating after an epoch
            return original(self, x, y, batch_size=batch_size, verbose=verbose, **more)
        as_table = more.pop("return_dict", False)
        with keras_at_work():
            scores = original(self, x, y, batch_size=batch_size, verbose=0, return_dict=True, **more)
        metrics = {name: float(value) for name, value in scores.items()}
        if verbose in ("auto", 1, 2, True):
            print(" - ".join(["evaluate", *(f"{name}: {value:.4f}" for name, value in metrics.items())]))
        if link.room("evaluated"):
            plain = more.get("sample_weight") is None and more.get("steps") is None
            _tell_evaluation(link, self, shown_data(link, x, y), metrics, plain)
        return scores if as_table else self._flatten_metrics_in_order(scores)

    return evaluate


def _tell_evaluation(link: Link, model: Any, data: dict[str, Any], metrics: dict[str, float], plain: bool) -> None:
    tell_own_loop(link, model, data)
    weights = _weights(model)
    state = state_of(model)
    header = {
        "type": "evaluated",
        **model_fields(model),
        "compile": describe.compile_description(model, state.loss, state.metrics),
        "trained": state.trained,
        "data": data,
        "metrics": metrics,
        "plain": plain,
        "weights": joint_digest(weights) if weights else None,
    }
    answer, _ = link.ask(header)
    if answer["type"] == "send":
        link.ask({"type": "weights"}, weights)


def _predict(link: Link, original: Any) -> Any:
    @functools.wraps(original)
    def predict(self: Any, x: Any, batch_size: Any = None, verbose: Any = "auto", **more: Any) -> Any:
        with keras_at_work():
            outputs = original(self, x, batch_size=batch_size, verbose=0, **more)
        _tell_prediction(link, self, x, outputs)
        return outputs

    return predict


def _tell_prediction(link: Link, model: Any, x: Any, outputs: Any) -> None:
    if not link.room("predicted"):
        return
    data = shown_data(link, x, None)
    tell_own_loop(link, model, data)
    shape = list(getattr(outputs, "shape", ()))
    link.event("predicted", **model_fields(model), trained=state_of(model).trained, data=data, output_shape=shape)


def tell_own_loop(link: Link, model: Any, data: dict[str, Any]) -> None:
    """Say that the model's weights were trained without `fit`, as with a GradientTape, when that is news.

    `data` are those on which the model is used now: they tell the host how to prepare the test set that it scores on.
    """
    state = state_of(model)
    if not was_stepped(model):
        return
    weights = _weights(model)
    name = joint_digest(weights)
    if name == state.told:
        return
    header = {
        "type": "native",
        "why": _LOOP,
        "model": state.id,
        "description": describe.model_description(model),
        "compile": describe.compile_description(model, state.loss, state.metrics),
        "fit": {"epochs": 0},
        "history": {},
        "seconds": [],
        "shown": data,
    }
    answer, _ = link.ask(header, weights)
    state.trained, state.told = answer.get("seq"), name


def _weights(model: Any) -> list[Any]:
    weights = [np.ascontiguousarray(weight) for weight in model.get_weights()]
    return weights if sum(weight.nbytes for weight in weights) <= _MAX_WEIGHT_BYTES else []
