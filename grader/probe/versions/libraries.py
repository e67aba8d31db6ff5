"""The table's names and arguments of other libraries, applied to each when code imports it."""

from __future__ import annotations

import builtins
import importlib
import inspect
from collections.abc import Callable, Mapping
from types import ModuleType

from grader.facts.versions.scientific import ARGUMENTS, DROPPED, NAMES, VALUES
from grader.probe.link import patch
from grader.probe.versions import loaded, moved, old_frames, old_plotting, old_python, old_scipy, old_sklearn
from grader.probe.versions.noting import Note, Prepare, read_first


def install(note: Note) -> None:
    """Read old names and arguments of NumPy, SciPy, scikit-learn, pandas, Matplotlib, seaborn, Pillow and Python 2."""
    when = loaded.when_loaded()
    moved.install(note)
    for module, names in NAMES.items():
        when(module, _answer(module, names, note))
    for owner in {*ARGUMENTS, *DROPPED, *VALUES}:
        home = _home(owner)
        when(home, _read(owner.removeprefix(home + "."), owner, note))
    for room in (old_plotting, old_scipy, old_sklearn, old_frames, old_python):
        room.install(when, note)


def _home(owner: str) -> str:
    """The module that holds a callable: `sklearn.cluster` of `sklearn.cluster.KMeans`."""
    parts = owner.split(".")
    kept = [part for part in parts[:-1] if not part[0].isupper()]
    return ".".join(kept)


def _answer(module: str, names: Mapping[str, str], note: Note) -> Callable[[ModuleType], None]:
    short = "np" if module == "numpy" else module

    def work(loaded_module: ModuleType) -> None:
        original: Callable[[str], object] | None = getattr(loaded_module, "__getattr__", None)

        def answer(name: str) -> object:
            if name in names:
                note(f"{short}.{name}")
                return _today(module, names[name])
            if original is not None:
                return original(name)
            raise AttributeError(f"module {module!r} has no attribute {name!r}")

        patch(loaded_module, __getattr__=answer)

    return work


def _today(module: str, path: str) -> object:
    home, _, name = path.rpartition(".") if "." in path else (module, "", path)
    return getattr(builtins if home == "builtins" else importlib.import_module(home), name)


def _read(path: str, owner: str, note: Note) -> Callable[[ModuleType], None]:
    def work(module: ModuleType) -> None:
        holder: object = module
        *outer, name = path.split(".")
        for part in outer:
            holder = getattr(holder, part)
        target = getattr(holder, name, None)
        if isinstance(target, type):
            patch(target, __init__=read_first(target.__init__, _preparation(owner, target.__init__, note)))  # type: ignore[misc]
        elif callable(target):
            prepare = _preparation(owner, target, note)
            patch(holder, **{name: read_first(target, prepare, bound=isinstance(holder, type))})

    return work


def _preparation(owner: str, target: Callable[..., object], note: Note) -> Prepare:
    names, values = ARGUMENTS.get(owner, {}), VALUES.get(owner, {})
    known = inspect.signature(target).parameters
    dropped = [name for name in DROPPED.get(owner, ()) if name not in known]
    short = owner.rsplit(".", 1)[-1]

    def prepare(places: list[object], more: dict[str, object]) -> None:
        if not more:
            return
        for old in [name for name in more if name in names and name not in known]:
            note(f"{short}({old}=)")
            # Over what pyplot hands on for an argument that was left out.
            more[names[old]] = more.pop(old)
        for old in [name for name in more if name in dropped]:
            note(f"{short}({old}=)")
            del more[old]
        for argument, table in values.items():
            value = more.get(argument)
            if isinstance(value, str) and value in table:
                note(f"{short}({argument}={value!r})")
                more[argument] = table[value]

    return prepare
