"""`keras.datasets.*.load_data`, served by the host."""

from __future__ import annotations

from typing import Any

from grader.recorder.probe.link import Link
from grader.recorder.probe.old_keras.modules import keras_modules

NAMES = ("mnist", "fashion_mnist", "cifar10", "cifar100")


def install(link: Link) -> None:
    """Serve the image data sets from the host instead of the network."""
    for name in NAMES:
        module: Any
        for module in keras_modules(f"datasets.{name}"):
            module.load_data = _loader(link, name)


def _loader(link: Link, name: str) -> Any:
    def load_data(*arguments: Any, **more: Any) -> Any:
        """Tuple of arrays `(x_train, y_train), (x_test, y_test)`, as in `keras.datasets`."""
        answer, arrays = link.ask({"type": "load_data", "name": name})
        if answer["type"] != "arrays":
            raise OSError(answer.get("why", f"{name} is not at hand"))
        x_train, y_train, x_test, y_test = arrays
        return (x_train, y_train), (x_test, y_test)

    return load_data
