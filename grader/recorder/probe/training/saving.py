"""Models that are saved to files: said when it happened, with the kind of file but not its path."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

import keras

from grader.recorder.probe.link import Link
from grader.recorder.probe.old_keras.modules import keras_modules
from grader.recorder.probe.training.tracking import state_of

Fields = Callable[[Any], dict[str, Any]]


class SavingWatch:
    """Says which models, or which weights, are written to files. One call that calls another is said once."""

    def __init__(self, link: Link, fields: Fields) -> None:
        self._link = link
        self._fields = fields
        self._depth = 0

    def install(self) -> None:
        """Wrap `save`, `save_weights` and `save_model`."""
        model: Any = keras.Model
        model.save = self._watched(model.save, "model")
        model.save_weights = self._watched(model.save_weights, "weights")
        package: Any
        for package in (*keras_modules("models"), *keras_modules("saving")):
            if hasattr(package, "save_model"):
                package.save_model = self._watched(package.save_model, "model")

    def _watched(self, original: Any, what: str) -> Any:
        @functools.wraps(original)
        def saving(model: Any, filepath: Any = "", *arguments: Any, **more: Any) -> Any:
            written = False
            self._depth += 1
            try:
                answer = original(model, filepath, *arguments, **more)
                written = True
            finally:
                self._depth -= 1
                if self._depth == 0 and isinstance(model, keras.Model):
                    ending = PurePath(str(filepath)).suffix[:12]
                    state = state_of(model).trained
                    self._link.event(
                        "model_saved",
                        **self._fields(model),
                        trained=state,
                        what=what,
                        ending=ending,
                        written=written,
                    )
            return answer

        return saving
