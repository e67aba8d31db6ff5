"""Keras' public modules, which stand under several names at once: those that it has moved or dropped are found again
where their content is now, and the data sets that they load are served by the host."""

from __future__ import annotations

import functools
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import tempfile
import types
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from types import ModuleType

from grader.facts.datasets import IMAGE_SETS
from grader.facts.versions.keras_names import MODULES
from grader.facts.versions.version_table import TABLE
from grader.probe.link import Link, patch
from grader.probe.public_data import Splits, downloaded, load
from grader.probe.versions.moved import take_names

_PUBLIC = frozenset(
    """
    activations applications callbacks constraints datasets initializers layers losses metrics models optimizers
    preprocessing regularizers utils
    """.split()
)


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


def roots() -> list[ModuleType]:
    """Keras itself, under each of its public names that is loaded."""
    return [sys.modules[root] for root in _ROOTS if root in sys.modules]


class _CalledModule(ModuleType):
    """A module whose name was also that of a function: `layers.merge`."""

    def __call__(self, *arguments: object, **more: object) -> object:
        return CALLED[self.__name__.rsplit(".", 1)[-1]](*arguments, **more)


CALLED: dict[str, Callable[..., object]] = {}
"""Last part of a module's name -> the function that bore it too."""


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
        called = spec.name.rsplit(".", 1)[-1] in CALLED
        return _CalledModule(spec.name) if called else types.ModuleType(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        if _colab(module.__name__):
            _fill_colab(module, self._link)
            return
        source = importlib.import_module(str(_new_name(module.__name__)))
        take_names(module, source)
        old = _moved(_below_root(module.__name__) or "")
        if old is not None:
            self._link.note("shim", f"keras.{old}", TABLE[f"keras.{old}"].now)
        else:
            sentence = f"The module {module.__name__} was found at {source.__name__}, its place today."
            self._link.note("shim", module.__name__, sentence)


def _below_root(name: str) -> str | None:
    """The path below Keras of a module's name; `None` where it is none of Keras'."""
    for root in ("tensorflow.python.keras", "tensorflow.keras", "keras._tf_keras.keras", "keras"):
        if name.startswith(root + "."):
            return name[len(root) + 1 :]
    return None


def _moved(path: str) -> str | None:
    """The moved module that `path` is, or that it stood below: `layers.core.dense` was a part of `layers.core`."""
    while path:
        if path in MODULES:
            return path
        path = path.rpartition(".")[0]
    return None


def _new_name(name: str) -> str | None:
    path = _below_root(name)
    if path is None or path.startswith(("src", "_tf_keras")):
        return None
    moved = _moved(path)
    if moved is not None:
        today = f"keras.{MODULES[moved]}"
        return today if today != name else None
    inner = name.startswith("tensorflow.python.keras.")
    return f"keras.{path}" if inner and _public(path) else None


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
    """Find moved modules by import; `old_names` finds them by attribute."""
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


def _forget_inner_copy() -> None:
    """TensorFlow keeps a copy of Keras 2 for itself. Code that reaches for it means Keras."""
    inner = sys.modules.get("tensorflow.python.keras")
    for name in _PUBLIC:
        for loaded in [known for known in sys.modules if known.startswith(f"tensorflow.python.keras.{name}")]:
            del sys.modules[loaded]
        if inner is not None and hasattr(inner, name):
            delattr(inner, name)


def _serve_datasets(link: Link) -> None:
    """Serve the image data sets, and the files in which they are offered, from the host instead of the network."""
    for name in IMAGE_SETS:
        for module in keras_modules(f"datasets.{name}"):
            patch(module, load_data=_loader(link, name))
    for module in (*keras_modules("utils"), *keras_modules("utils.data_utils")):
        if hasattr(module, "get_file"):
            patch(module, get_file=_get_file(link, module.get_file))


def _loader(link: Link, name: str) -> Callable[..., Splits]:
    def load_data(*arguments: object, **more: object) -> Splits:
        """Tuple of arrays `(x_train, y_train), (x_test, y_test)`, as in `keras.datasets`."""
        return load(link, name)

    return load_data


def _get_file(link: Link, original: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(original)
    def get_file(fname: object = None, origin: object = None, *arguments: object, **more: object) -> object:
        name = PurePosixPath(str(fname or origin)).name
        path = Path(tempfile.gettempdir()) / "datasets" / name
        if not more.get("extract") and not more.get("untar") and downloaded(link, str(origin or fname), path):
            return str(path)
        return original(fname, origin, *arguments, **more)

    return get_file
