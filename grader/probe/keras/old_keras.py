"""Keras 2 code under Keras 3. Each shim is named and noted, so that the report can list it.

Keras' public modules stand under several names at once: those that it has moved or dropped are found again where their
content is now, and the data sets that they load are served by the host. Arguments, methods and names that it has
dropped are read as what they meant.
"""

from __future__ import annotations

import functools
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import sys
import tempfile
import types
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from types import ModuleType

import keras
import numpy as np

from grader.facts.datasets import IMAGE_SETS
from grader.facts.filetypes import suffixes
from grader.facts.keras import LOWER_CASE_OPTIMIZERS, OLD_OPTIMIZERS
from grader.probe.keras.fitting import HistoryTable
from grader.probe.keras.objects import Model
from grader.probe.link import Link, patch
from grader.probe.public_data import Splits, downloaded, load
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


_ROOTS = ("keras", "keras._tf_keras.keras", "tensorflow.keras")

Note = Callable[[str, str], None]
"""Says once, under a short name, what was done."""


def install(link: Link) -> None:
    """Make Keras 2 code run, and note each idiom where it is used; serve Keras' data sets from the host."""
    _serve_datasets(link)
    _find_moved_modules(link)
    note = functools.partial(link.note, "shim")
    for name in OLD_OPTIMIZERS:
        _old_rate_arguments(getattr(keras.optimizers, name), note)
    _old_names(note)
    _old_methods(note)
    _saving(note)
    _numpy_names(note)
    HistoryTable.note = staticmethod(
        lambda: note("acc", "history['acc'] was answered with 'accuracy', its name since Keras 2.3.")
    )


def keras_modules(path: str) -> list[ModuleType]:
    """Every module that is `path` (such as `optimizers`) under one of Keras' public names."""
    for root in _ROOTS[:2]:
        try:
            importlib.import_module(f"{root}.{path}")
        except ImportError:
            continue
    names = [f"{root}.{path}" for root in (*_ROOTS, "keras.src")]
    return [sys.modules[name] for name in names if name in sys.modules]


def _find_moved_modules(link: Link) -> None:
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
    for module in keras_modules("utils"):
        patch(module, __getattr__=_attribute_finder(module.__name__, module))


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


def _old_rate_arguments(cls: type, note: Note) -> None:
    """`lr=`, `decay=` and whole-number learning rates."""
    original: Callable[..., None] = cls.__init__  # type: ignore[misc]

    @functools.wraps(original)
    def init(self: object, *arguments: object, **more: object) -> None:
        if "lr" in more:
            note("lr=", "The optimizer's lr= was read as learning_rate=.")
            more["learning_rate"] = more.pop("lr")
        if arguments and isinstance(arguments[0], int) and not isinstance(arguments[0], bool):
            arguments = (float(arguments[0]), *arguments[1:])
        if isinstance(more.get("learning_rate"), int):
            note("whole learning rate", "A whole-number learning rate was read as a decimal.")
            more["learning_rate"] = float(more["learning_rate"])  # type: ignore[arg-type]
        decay = more.pop("decay", None)
        if decay:
            note("decay=", "The optimizer's decay= was read as InverseTimeDecay(rate, 1, decay), as Keras 2 meant it.")
            if arguments:
                more["learning_rate"], arguments = arguments[0], arguments[1:]
            rate = more.get("learning_rate", _default_rate(original))
            more["learning_rate"] = keras.optimizers.schedules.InverseTimeDecay(float(rate), 1, float(decay))  # type: ignore[arg-type]
        original(self, *arguments, **more)

    patch(cls, __init__=init)


def _default_rate(init: Callable[..., None]) -> float:
    return float(inspect.signature(init).parameters["learning_rate"].default)


def _old_names(note: Note) -> None:
    """Lower-case optimizers, `optimizers.legacy`, and `keras.preprocessing.image`."""
    for package in keras_modules("optimizers"):
        for old, new in LOWER_CASE_OPTIMIZERS.items():
            if not hasattr(package, old):
                patch(package, **{old: getattr(keras.optimizers, new)})
        legacy = types.ModuleType(package.__name__ + ".legacy")
        for name in OLD_OPTIMIZERS:
            patch(legacy, **{name: getattr(keras.optimizers, name)})
        patch(package, legacy=legacy)
        sys.modules[legacy.__name__] = legacy
    _image_generator()


def _image_generator() -> None:
    try:
        from keras.src.legacy.preprocessing import image as legacy
    except ImportError:
        return
    for package in keras_modules("preprocessing.image"):
        for name in ("ImageDataGenerator", "DirectoryIterator", "NumpyArrayIterator"):
            if hasattr(legacy, name) and not hasattr(package, name):
                patch(package, **{name: getattr(legacy, name)})


def _old_methods(note: Note) -> None:
    model = keras.Model

    def predict_classes(self: Model, x: object, **more: object) -> Array:
        note("predict_classes", "predict_classes(x) was read as the arg-max of predict(x).")
        outputs = self.predict(x, **more)
        classes: Array = outputs.argmax(axis=-1) if outputs.shape[-1] > 1 else (outputs > 0.5).astype("int32")
        return classes

    def predict_proba(self: Model, x: object, **more: object) -> Array:
        note("predict_proba", "predict_proba(x) was read as predict(x).")
        return self.predict(x, **more)

    patch(model, predict_classes=predict_classes, predict_proba=predict_proba)
    for old, new in (("fit_generator", "fit"), ("evaluate_generator", "evaluate"), ("predict_generator", "predict")):
        patch(model, **{old: _under_new_name(old, new, note)})


def _under_new_name(old: str, new: str, note: Note) -> Callable[..., object]:
    def call(self: object, *arguments: object, **more: object) -> object:
        note(old, f"{old} was read as {new}.")
        return getattr(self, new)(*arguments, **more)

    return call


def _saving(note: Note) -> None:
    """`model.save('folder')` and `load_model('folder')`: Keras 3 wants a file name."""
    save, load = keras.Model.save, keras.models.load_model

    def named(path: object) -> object:
        text = str(path)
        if text.endswith(suffixes("weights")):
            return path
        note("save to a folder", "A model saved to a folder was written to one .keras file.")
        return text.rstrip("/\\") + ".keras"

    @functools.wraps(save)
    def save_to_file(self: object, filepath: object, *arguments: object, **more: object) -> object:
        more.pop("save_format", None)
        return save(self, named(filepath), *arguments, **more)

    @functools.wraps(load)
    def load_from_file(filepath: object, *arguments: object, **more: object) -> object:
        return load(named(filepath), *arguments, **more)

    patch(keras.Model, save=save_to_file)
    for package in (*keras_modules("models"), *keras_modules("saving"), *keras_modules("saving.saving_api")):
        patch(package, load_model=load_from_file)


def _numpy_names(note: Note) -> None:
    """`np.int`, `np.float` and kin, gone since NumPy 1.24."""
    old: dict[str, type] = {"int": int, "float": float, "object": object, "str": str, "complex": complex}
    original = getattr(np, "__getattr__", None)

    def answer(name: str) -> object:
        if name in old:
            note(f"np.{name}", f"np.{name} was read as Python's {name}.")
            return old[name]
        if original is None:
            raise AttributeError(name)
        return original(name)

    patch(np, __getattr__=answer)
