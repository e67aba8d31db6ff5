"""Modules that Keras has moved or dropped, found again where their content is now."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Sequence
from typing import Any

from grader.recorder.probe.link import Link
from grader.recorder.probe.old_keras.modules import keras_modules

_MOVED = {
    "utils.np_utils": "utils",
    "utils.generic_utils": "utils",
    "utils.vis_utils": "utils",
    "utils.all_utils": "utils",
    "layers.core": "layers",
    "layers.convolutional": "layers",
    "layers.pooling": "layers",
    "layers.recurrent": "layers",
    "layers.embeddings": "layers",
    "layers.merge": "layers",
    "layers.normalization": "layers",
    "layers.advanced_activations": "layers",
    "layers.experimental": "layers",
    "layers.experimental.preprocessing": "layers",
    "callbacks.callbacks": "callbacks",
    "engine": "models",
    "engine.sequential": "models",
    "engine.training": "models",
    "optimizers.legacy": "optimizers",
}


_PUBLIC = frozenset(
    """
    activations applications callbacks constraints datasets initializers layers losses metrics models optimizers
    preprocessing regularizers utils
    """.split()
)


class _MovedFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Serves an old module name with the names of the module that replaced it."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if _new_name(fullname) is None and not _colab(fullname):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return types.ModuleType(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        if _colab(module.__name__):
            _fill_colab(module, self._link)
            return
        source = importlib.import_module(str(_new_name(module.__name__)))
        for name in dir(source):
            if not name.startswith("__"):
                setattr(module, name, getattr(source, name))
        short = module.__name__.rsplit(".", 1)[-1]
        self._link.note("shim", short, f"The module {module.__name__} was found at {source.__name__}, its place today.")


def _new_name(name: str) -> str | None:
    for root in ("tensorflow.python.keras", "tensorflow.keras", "keras._tf_keras.keras", "keras"):
        if name.startswith(root + "."):
            rest = name[len(root) + 1 :]
            if rest in _MOVED:
                return f"keras.{_MOVED[rest]}"
            return f"keras.{rest}" if root == "tensorflow.python.keras" and _public(rest) else None
    return None


def _public(path: str) -> bool:
    """Whether Keras has a public module of this name today; what has none stays TensorFlow's own."""
    first = path.split(".", 1)[0]
    if first not in _PUBLIC:
        return False
    try:
        return importlib.util.find_spec(f"keras.{path}") is not None
    except (ImportError, ValueError):
        return False


def _colab(name: str) -> bool:
    return name in ("google.colab", "google.colab.drive", "google.colab.files", "google.colab.patches")


def _fill_colab(module: types.ModuleType, link: Link) -> None:
    link.note("shim", "google.colab", "google.colab is not here: mounting a drive or moving files did nothing.")

    def nothing(*arguments: Any, **more: Any) -> dict[str, bytes]:
        return {}

    for name in ("mount", "flush_and_unmount", "upload", "download", "cv2_imshow"):
        setattr(module, name, nothing)
    if module.__name__ == "google.colab":
        for part in ("drive", "files", "patches"):
            setattr(module, part, importlib.import_module(f"google.colab.{part}"))


def install(link: Link) -> None:
    """Find moved modules by import and, for `keras.utils.np_utils`, by attribute."""
    sys.meta_path.insert(0, _MovedFinder(link))
    _forget_inner_copy()
    if "google" not in sys.modules:
        try:
            importlib.import_module("google")
        except ImportError:
            package = types.ModuleType("google")
            package.__path__ = []
            sys.modules["google"] = package
    module: Any
    for module in keras_modules("utils"):
        module.__getattr__ = _attribute_finder(module.__name__, module)


def _forget_inner_copy() -> None:
    """TensorFlow keeps a copy of Keras 2 for itself. Code that reaches for it means Keras."""
    inner: Any = sys.modules.get("tensorflow.python.keras")
    for name in _PUBLIC:
        for loaded in [known for known in sys.modules if known.startswith(f"tensorflow.python.keras.{name}")]:
            del sys.modules[loaded]
        if inner is not None and hasattr(inner, name):
            delattr(inner, name)


def _attribute_finder(package: str, module: Any) -> Any:
    original = getattr(module, "__getattr__", None)

    def find(name: str) -> Any:
        if name in ("np_utils", "generic_utils", "vis_utils"):
            return importlib.import_module(f"{package}.{name}")
        if original is not None:
            return original(name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return find
