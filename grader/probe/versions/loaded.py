"""Work on a library as soon as code imports it: loading it beforehand would cost every hand-in its time."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Sequence
from types import ModuleType

Work = Callable[[ModuleType], None]


class _Watch(importlib.abc.MetaPathFinder):
    """Lets others find a module, and works on it when its code has run."""

    def __init__(self) -> None:
        self._work: dict[str, list[Work]] = {}

    def add(self, name: str, work: Work) -> None:
        """Do `work` on the module `name`: now, where it is loaded."""
        if name in sys.modules:
            work(sys.modules[name])
        else:
            self._work.setdefault(name, []).append(work)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in self._work:
            return None
        several = self._work.pop(fullname)
        spec = importlib.util.find_spec(fullname)
        if spec is None or spec.loader is None:
            return None
        loader, run = spec.loader, spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            run(module)
            for work in several:
                work(module)

        loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def when_loaded() -> Callable[[str, Work], None]:
    """What takes work on a module, by its name."""
    watch = _Watch()
    sys.meta_path.insert(0, watch)
    return watch.add
