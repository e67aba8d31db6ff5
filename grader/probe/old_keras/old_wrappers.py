"""`keras.wrappers.scikit_learn`: a model that a function builds, as an estimator of scikit-learn."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping

import keras
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

_OF_FIT = frozenset({"batch_size", "epochs", "nb_epoch", "verbose", "callbacks", "validation_split", "shuffle"})
_OF_PREDICT = frozenset({"batch_size", "verbose"})


class _Wrapper(BaseEstimator):  # type: ignore[misc]
    """As Keras 2 had it: arguments of `build_fn` and of `fit` are given together."""

    def __init__(self, build_fn: Callable[..., keras.Model] | None = None, **more: object) -> None:
        self.build_fn = build_fn
        self.sk_params = more

    def get_params(self, deep: bool = True) -> dict[str, object]:
        """The arguments, as scikit-learn copies an estimator by them."""
        return {"build_fn": self.build_fn, **self.sk_params}

    def set_params(self, **more: object) -> _Wrapper:
        """Change arguments."""
        self.build_fn = more.pop("build_fn", self.build_fn)  # type: ignore[assignment]
        self.sk_params.update(more)
        return self

    def fit(self, x: object, y: object, **more: object) -> object:
        """Build the model and train it; what Keras' fit returns."""
        build = self.build_fn if self.build_fn is not None else self.__call__
        self.model = build(**self._chosen(set(inspect.signature(build).parameters)))
        loss = getattr(self.model, "loss", None)
        if loss == "categorical_crossentropy" and np.asarray(y).ndim != 2:
            y = keras.utils.to_categorical(y)
        self.history = self.model.fit(x, y, **{**self._chosen(_OF_FIT), **more})
        return self.history

    def _chosen(self, names: set[str] | frozenset[str]) -> Mapping[str, object]:
        return {name: value for name, value in self.sk_params.items() if name in names}

    def _outputs(self, x: object) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return np.asarray(self.model.predict(x, **self._chosen(_OF_PREDICT)))


class KerasClassifier(ClassifierMixin, _Wrapper):  # type: ignore[misc]
    """A classifier."""

    def fit(self, x: object, y: object, **more: object) -> object:
        """Train on class numbers, or on rows of zeros and ones."""
        labels = np.asarray(y)
        if labels.ndim == 2 and labels.shape[1] > 1:
            self.classes_ = np.arange(labels.shape[1])
        else:
            self.classes_ = np.unique(labels)
            y = np.searchsorted(self.classes_, labels.reshape(-1))
        return super().fit(x, y, **more)

    def predict(self, x: object, **more: object) -> object:
        """The class of each row."""
        outputs = self._outputs(x)
        found = outputs.argmax(axis=-1) if outputs.shape[-1] > 1 else (outputs.reshape(-1) > 0.5).astype(int)
        return self.classes_[found]

    def predict_proba(self, x: object, **more: object) -> object:
        """The probability of each class."""
        outputs = self._outputs(x)
        return np.hstack([1 - outputs, outputs]) if outputs.shape[-1] == 1 else outputs

    def score(self, x: object, y: object, **more: object) -> float:
        """The accuracy."""
        labels = np.asarray(y)
        labels = labels.argmax(axis=-1) if labels.ndim == 2 and labels.shape[1] > 1 else labels.reshape(-1)
        return float(np.mean(np.asarray(self.predict(x)) == labels))


class KerasRegressor(RegressorMixin, _Wrapper):  # type: ignore[misc]
    """A regressor."""

    def predict(self, x: object, **more: object) -> object:
        """A number for each row."""
        return np.squeeze(self._outputs(x), axis=-1)

    def score(self, x: object, y: object, **more: object) -> float:
        """Minus the loss, as Keras 2 had it."""
        loss = self.model.evaluate(x, y, verbose=0)
        return -float(loss[0] if isinstance(loss, list) else loss)
