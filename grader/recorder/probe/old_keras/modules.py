"""Keras' public modules, which stand under several names at once."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

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
