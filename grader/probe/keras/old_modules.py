"""Keras' public modules, which stand under several names at once: those that it has moved or dropped are found again
where their content is now, and the data sets that they load are served by the host."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Callable, Sequence
from types import ModuleType

from grader.facts.datasets import IMAGE_SETS
from grader.probe.link import Link, patch
from grader.probe.messages import ArraysSent, DatasetAsked, DatasetMissing
from grader.sandbox.frames import Array

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


Splits = tuple[tuple[Array, Array], tuple[Array, Array]]

_ROOTS = ("keras", "keras._tf_keras.keras", "tensorflow.keras")


def keras_modules(path: str) -> list[ModuleType]:
    """Every module that is `path` (such as `optimizers`) under one of Keras' public names."""
    for root in _ROOTS[:2]:
        try:
            importlib.import_module(f"{root}.{path}")
        except ImportError:
            continue
    names = [f"{root}.{path}" for root in (*_ROOTS, "keras.src")]
    return [sys.modules[name] for name in names if name in sys.modules]


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

    def nothing(*arguments: object, **more: object) -> dict[str, bytes]:
        return {}

    for name in ("mount", "flush_and_unmount", "upload", "download", "cv2_imshow"):
        setattr(module, name, nothing)
    if module.__name__ == "google.colab":
        for part in ("drive", "files", "patches"):
            setattr(module, part, importlib.import_module(f"google.colab.{part}"))


def install(link: Link) -> None:
    """Find moved modules by import and, for `keras.utils.np_utils`, by attribute."""
    _serve_datasets(link)
    sys.meta_path.insert(0, _MovedFinder(link))
    _forget_inner_copy()
    if "google" not in sys.modules:
        try:
            importlib.import_module("google")
        except ImportError:
            package = types.ModuleType("google")
            package.__path__ = []
            sys.modules["google"] = package
    for module in keras_modules("utils"):
        patch(module, __getattr__=_attribute_finder(module.__name__, module))


def _forget_inner_copy() -> None:
    """TensorFlow keeps a copy of Keras 2 for itself. Code that reaches for it means Keras."""
    inner = sys.modules.get("tensorflow.python.keras")
    for name in _PUBLIC:
        for loaded in [known for known in sys.modules if known.startswith(f"tensorflow.python.keras.{name}")]:
            del sys.modules[loaded]
        if inner is not None and hasattr(inner, name):
            delattr(inner, name)


def _attribute_finder(package: str, module: ModuleType) -> Callable[[str], object]:
    original: Callable[[str], object] | None = getattr(module, "__getattr__", None)

    def find(name: str) -> object:
        if name in ("np_utils", "generic_utils", "vis_utils"):
            return importlib.import_module(f"{package}.{name}")
        if original is not None:
            return original(name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return find


def _serve_datasets(link: Link) -> None:
    """Serve the image data sets from the host instead of the network."""
    for name in IMAGE_SETS:
        for module in keras_modules(f"datasets.{name}"):
            patch(module, load_data=_loader(link, name))


def _loader(link: Link, name: str) -> Callable[..., Splits]:
    def load_data(*arguments: object, **more: object) -> Splits:
        """Tuple of arrays `(x_train, y_train), (x_test, y_test)`, as in `keras.datasets`."""
        answer, arrays = link.ask(DatasetAsked(name=name))
        if not isinstance(answer, ArraysSent):
            raise OSError(answer.why if isinstance(answer, DatasetMissing) else f"{name} is not at hand")
        x_train, y_train, x_test, y_test = arrays
        return (x_train, y_train), (x_test, y_test)

    return load_data
