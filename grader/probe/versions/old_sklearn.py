"""scikit-learn's functions of old that are classes or arguments today."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from grader.probe.link import patch
from grader.probe.versions.noting import Note

When = Callable[[str, Callable[[ModuleType], None]], None]
_PLOTS = {
    "plot_confusion_matrix": "ConfusionMatrixDisplay",
    "plot_roc_curve": "RocCurveDisplay",
    "plot_precision_recall_curve": "PrecisionRecallDisplay",
}


def install(when: When, note: Note) -> None:
    """Give scikit-learn's modules what they had."""
    when("sklearn.metrics", lambda module: _metrics(module, note))
    when("sklearn.base", lambda module: _features(module, note))


def _metrics(module: ModuleType, note: Note) -> None:
    for name, display in _PLOTS.items():
        patch(module, **{name: _plot(name, getattr(module, display), note)})
    original = module.mean_squared_error

    @functools.wraps(original)
    def mean_squared_error(*arguments: object, **more: object) -> object:
        if "squared" not in more:
            return original(*arguments, **more)
        note("mean_squared_error(squared=)")
        squared = more.pop("squared")
        return (original if squared else module.root_mean_squared_error)(*arguments, **more)

    patch(module, mean_squared_error=mean_squared_error)


def _plot(name: str, display: Any, note: Note) -> Callable[..., object]:
    def plot(estimator: object, x: object, y_true: object, **more: object) -> object:
        note(name)
        return display.from_estimator(estimator, x, y_true, **more)

    return plot


def _features(module: ModuleType, note: Note) -> None:
    def get_feature_names(self: Any, input_features: object = None) -> list[str]:
        note("get_feature_names")
        return list(self.get_feature_names_out(input_features))

    def find(self: object, name: str) -> object:
        if name == "get_feature_names" and hasattr(type(self), "get_feature_names_out"):
            return functools.partial(get_feature_names, self)
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    patch(module.BaseEstimator, __getattr__=find)
