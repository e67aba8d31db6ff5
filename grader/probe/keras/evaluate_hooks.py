"""`model.evaluate`, `model.predict` and `model(x)`: said to the host, with the weights that they were made with."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import keras
import numpy as np

from grader.probe.descriptions import DataReference, FitDescription
from grader.probe.keras.describe import describe_compile, describe_model
from grader.probe.keras.model_state import state_of, was_stepped
from grader.probe.keras.native_fit import sendable_weights
from grader.probe.keras.objects import Model
from grader.probe.link import Link, patch, show_data
from grader.probe.messages import FitReported, Kept, ModelEvaluated, ModelPredicted, Send, WeightsSent
from grader.probe.rows import joint_digest

_LOOP = "it was trained in a loop of its own code, step by step"
_MAX_METRICS = 40
_MAX_AXES = 8

_inside = threading.local()


@contextmanager
def keras_at_work() -> Iterator[None]:
    """Within it a model is called by Keras, or by another model, and not by the student."""
    before = getattr(_inside, "depth", 0)
    _inside.depth = before + 1
    try:
        yield
    finally:
        _inside.depth = before


def install(link: Link) -> None:
    """Wrap `evaluate`, `predict` and the call of every Keras model in this process."""
    model = keras.Model
    patch(
        model,
        evaluate=_evaluate(link, model.evaluate),
        predict=_predict(link, model.predict),
        __call__=_call(link, model.__call__),
    )


def _evaluate(link: Link, original: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(original)
    def evaluate(
        self: Model,
        x: object = None,
        y: object = None,
        batch_size: object = None,
        verbose: object = "auto",
        **more: object,
    ) -> object:
        if more.get("_use_cached_eval_dataset"):  # Keras' own fit, validating after an epoch
            return original(self, x, y, batch_size=batch_size, verbose=verbose, **more)
        as_table = more.pop("return_dict", False)
        with keras_at_work():
            scores = original(self, x, y, batch_size=batch_size, verbose=0, return_dict=True, **more)
        metrics = {str(name): float(value) for name, value in scores.items()}  # type: ignore[attr-defined]
        if verbose in ("auto", 1, 2, True):
            print(" - ".join(["evaluate", *(f"{name}: {value:.4f}" for name, value in metrics.items())]))
        if link.has_room("evaluated"):
            plain = more.get("sample_weight") is None and more.get("steps") is None
            _tell_evaluation(link, self, show_data(link, x, y), metrics, plain)
        return scores if as_table else self._flatten_metrics_in_order(scores)  # type: ignore[attr-defined]

    return evaluate


def _tell_evaluation(link: Link, model: Model, data: DataReference, metrics: Mapping[str, float], plain: bool) -> None:
    _tell_own_loop(link, model, data)
    weights = sendable_weights(model)
    state = state_of(model)
    answer, _ = link.ask(
        ModelEvaluated(
            model=state.id,
            description=describe_model(model),
            compile=describe_compile(model),
            trained=state.trained,
            data=data,
            metrics={name[:80]: value for name, value in list(metrics.items())[:_MAX_METRICS]},
            plain=plain,
            weights=joint_digest(weights) if weights else None,
        )
    )
    if isinstance(answer, Send):
        link.ask(WeightsSent(), weights)


def _predict(link: Link, original: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(original)
    def predict(self: Model, x: object, batch_size: object = None, verbose: object = "auto", **more: object) -> object:
        with keras_at_work():
            outputs = original(self, x, batch_size=batch_size, verbose=0, **more)
        _tell_prediction(link, self, x, outputs)
        return outputs

    return predict


def _call(link: Link, original: Callable[..., object]) -> Callable[..., object]:
    """`model(x)`: a trained model asked without `predict`, told as a prediction."""

    @functools.wraps(original)
    def call(self: Model, *arguments: object, **more: object) -> object:
        if getattr(_inside, "depth", 0) or not arguments or not _is_question(self, arguments[0], more):
            return original(self, *arguments, **more)
        with keras_at_work():
            outputs = original(self, *arguments, **more)
        if not link.muted and hasattr(outputs, "numpy"):
            _tell_prediction(link, self, arguments[0], outputs)
        return outputs

    return call


def _is_question(model: Model, x: object, more: Mapping[str, object]) -> bool:
    """Whether `x` are plain data, and the model's weights those of a training that the host knows."""
    if not isinstance(x, np.ndarray) and not (type(x).__module__.startswith("tensorflow") and hasattr(x, "numpy")):
        return False
    return not more.get("training") and state_of(model).trained is not None and not was_stepped(model)


def _tell_prediction(link: Link, model: Model, x: object, outputs: object) -> None:
    if not link.has_room("predicted"):
        return
    data = show_data(link, x, None)
    _tell_own_loop(link, model, data)
    shape = tuple(getattr(outputs, "shape", ()))
    link.tell(
        ModelPredicted(
            model=state_of(model).id,
            description=describe_model(model),
            trained=state_of(model).trained,
            data=data,
            output_shape=tuple(int(size) for size in shape[:_MAX_AXES] if size is not None),
        )
    )


def _tell_own_loop(link: Link, model: Model, data: DataReference) -> None:
    """Say that the model's weights were trained without `fit`, as with a GradientTape, when that is news.

    `data` are those on which the model is used now: they tell the host how to prepare the test set that it scores on.
    """
    state = state_of(model)
    if not was_stepped(model):
        return
    weights = sendable_weights(model)
    name = joint_digest(weights)
    if name == state.told:
        return
    report = FitReported(
        why=_LOOP,
        model=state.id,
        description=describe_model(model),
        compile=describe_compile(model),
        fit=FitDescription(epochs=0),
        history={},
        seconds=(),
        shown=data,
    )
    answer, _ = link.ask(report, weights)
    state.trained, state.told = answer.seq if isinstance(answer, Kept) else None, name
