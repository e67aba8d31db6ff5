"""Names of metrics before Keras 2.3: in histories, in what callbacks are told, and in what they watch."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable

import keras

from grader.facts.keras import OLD_NAMES
from grader.probe.keras.objects import Model, state_of
from grader.probe.link import patch
from grader.probe.versions.noting import Note


class LogTable(dict[str, float]):
    """What a callback is told, which also answers to the names of Keras before 2.3 (`acc`)."""

    note: Note = staticmethod(lambda key: None)

    def __missing__(self, key: str) -> float:
        newer = OLD_NAMES.get(key)
        if newer is None or newer not in self.keys():
            raise KeyError(key)
        type(self).note("logs['acc']")
        return super().__getitem__(newer)

    def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
        """The value, `default` where neither name is there."""
        try:
            return self[key]
        except KeyError:
            return default

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or (key in OLD_NAMES and super().__contains__(OLD_NAMES[str(key)]))


class _Parameters(dict[str, object]):
    """`callback.params`, with the names that it had."""

    note: Note = staticmethod(lambda key: None)
    names: Callable[[], list[str]] = staticmethod(list)

    def __missing__(self, key: str) -> object:
        if key == "nb_epoch":
            type(self).note("params['nb_epoch']")
            return self["epochs"]
        if key == "metrics":
            type(self).note("params['metrics']")
            return self.names()
        raise KeyError(key)


def install(note: Note) -> None:
    """Let logs answer to old names, and callbacks watch what today bears the name that they were given."""
    LogTable.note = staticmethod(note)
    _Parameters.note = staticmethod(note)
    _wrap_logs()
    _wrap_parameters()
    _wrap_names(note)


def _wrap_logs() -> None:
    from keras.src.callbacks import callback_list

    utils = callback_list.python_utils
    original = utils.pythonify_logs

    @functools.wraps(original)
    def pythonify_logs(logs: object) -> LogTable:
        return LogTable(original(logs))

    # Keras' callbacks are told what this gives; its own trainer holds the original.
    patch(utils, pythonify_logs=pythonify_logs)


def _wrap_parameters() -> None:
    base = keras.callbacks.Callback
    original = base.set_params

    @functools.wraps(original)
    def set_params(self: object, params: dict[str, object]) -> None:
        table = _Parameters(params or {})
        table.names = lambda: [name for name in metric_names(self._model) if name != "loss"]  # type: ignore[attr-defined]
        original(self, table)

    patch(base, set_params=set_params)


def metric_names(model: Model) -> list[str]:
    """A name for each number that `evaluate` gives: the loss, then the metrics."""
    names: list[str] = []
    for metric in getattr(model, "metrics", []):
        inner = getattr(metric, "metrics", None)
        if isinstance(inner, list) and type(metric).__name__ in ("CompileMetrics", "MetricsList"):
            names += [item.name for item in inner] or _given(state_of(model).metrics)
        else:
            names.append(metric.name)
    return names


def _given(metrics: object) -> list[str]:
    """What metrics are called in logs, before Keras has made them."""
    items = metrics if isinstance(metrics, list | tuple) else []
    return [
        str(item if isinstance(item, str) else getattr(item, "name", getattr(item, "__name__", item))) for item in items
    ]


def _wrap_names(note: Note) -> None:
    from keras.src.trainers.trainer import Trainer

    def metrics_names(self: Model) -> list[str]:
        if not str(sys._getframe(1).f_globals.get("__name__")).startswith(("keras.", "grader.")):
            note("metrics_names")
        return metric_names(self)

    patch(Trainer, metrics_names=property(metrics_names))


def read_monitors(model: Model, items: Iterable[object], note: Note) -> None:
    """Let callbacks that watch `acc` watch `accuracy`, unless the model was compiled with a metric of that name."""
    if OLD_NAMES.keys() & set(_given(state_of(model).metrics)):
        return
    for item in items:
        monitor = getattr(item, "monitor", None)
        if isinstance(monitor, str) and monitor in OLD_NAMES and isinstance(item, keras.callbacks.Callback):
            note("monitor='acc'")
            item.monitor = OLD_NAMES[monitor]
