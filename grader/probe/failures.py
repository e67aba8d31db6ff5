"""Why a statement failed, told where the error is at hand: its class, its chain, the frames that it passed, and the
libraries as they are here.

Two questions are answered. `cause_of`: does the error itself speak of the machine, of another version of a library, of
a limit or of labgrade, rather than of the group's code? And `Followed`: which later failures follow from it, because
they read a name that the failed statement would have made, or ask something of what it would have changed?
"""

from __future__ import annotations

import ast
import errno
import importlib.util
import inspect
import re
import sys
import types
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from grader.facts.causes import (
    DEVICE_WORDS,
    DISPLAY_WORDS,
    FILE_WORDS,
    LIMIT_ERRORS,
    LIMIT_NUMBERS,
    LIMIT_WORDS,
    MADE_WAY,
    NETWORK_ERRORS,
    NETWORK_NUMBERS,
    OWN_ASKING,
    Cause,
)
from grader.facts.versions.version_table import lost
from grader.probe.rows import FRAMEWORKS

_LONGEST_MESSAGE = 2_000
"""Letters of a message that are read: what it is about stands at its beginning, and the rest is a dump."""
_LONGEST_CHAIN = 10
"""Errors raised while another was handled that are looked at."""
_MOST_FRAMES = 200
_ALIKE = 0.8
"""A name this close to one that the library has is a slip of the pen: `activaton`, and not a name of another version.
`difflib`'s ratio of two letters exchanged in a word of ten is 0.9; `init` and `kernel_initializer` have 0.36, `lr` and
`learning_rate` 0.27, `nb_epoch` and `epochs` 0.57."""
_UNEXPECTED = re.compile(
    r"(?P<callee>[\w.<>]{1,200})\(\) got an unexpected keyword argument '(?P<name>\w{1,100})'"
    r"|Unrecognized keyword arguments? (?:passed to (?P<layer>\w{1,100}): )?[{\[(]?'?(?P<first>\w{1,100})"
)
_HERE = str(Path(__file__).resolve().parents[1])
"""The folder of labgrade's own package."""


class Why(NamedTuple):
    """The cause of a failure, and what exactly was missing."""

    cause: Cause
    what: str = ""
    """Ends the sentence "It needs ...": `a GPU`. Empty for the group's own errors."""


OWN = Why("code")
_NOT_HERE = ", which the version here does not have"


def cause_of(error: BaseException, namespace: Mapping[str, object]) -> Why:
    """Why `error` was raised by code that runs in `namespace`.

    An error that was raised while another was handled tells of both: `Exception("URL fetch failure")` of a `URLError`.
    """
    for one in _chain(error):
        why = _machine(one) or _known_version(one) or _version(one, namespace)
        if why is not None:
            return why
    return OWN


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(seen) < _LONGEST_CHAIN:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _machine(error: BaseException) -> Why | None:
    """The machine, a limit or labgrade itself, where the error speaks of one of them."""
    names = {cls.__name__ for cls in type(error).__mro__}
    message = _message(error)
    number = errno.errorcode.get(error.errno or 0, "") if isinstance(error, OSError) else ""
    if re.search(OWN_ASKING, message):
        return Why("labgrade", "random numbers without a seed, which labgrade does not allow")
    if names & LIMIT_ERRORS or number in LIMIT_NUMBERS or re.search(LIMIT_WORDS, message):
        return Why("limit", "more memory or disk than the sandbox has")
    if (
        names & NETWORK_ERRORS
        or number in NETWORK_NUMBERS
        or (number in ("EPERM", "EACCES") and _from(error, "socket"))
    ):
        return Why("machine", "the network")
    if isinstance(error, EOFError) and "reading a line" in message:
        return Why("machine", "somebody at the keyboard")
    if isinstance(error, ModuleNotFoundError):
        return _missing_module(error)
    if isinstance(error, FileNotFoundError | PermissionError | NotADirectoryError):
        return Why("machine", _file_name(error.filename))
    if re.search(FILE_WORDS, message) and _is_of_a_library(error):
        named = re.search(r"(?:filepath=|name = |\bfile )['\"]?([^'\",\s]{1,200})", message)
        return Why("machine", _file_name(named[1].rstrip(".") if named else None))
    if "TclError" in names or re.search(DISPLAY_WORDS, message):
        return Why("machine", "a screen")
    if re.search(DEVICE_WORDS, message):
        return Why("machine", "a TPU" if "TPU" in message else "a GPU")
    if "UsageError" in names and "magic" in message:
        return Why("machine", "a command of another notebook program")
    return None


def _missing_module(error: ModuleNotFoundError) -> Why:
    name = str(error.name or "")
    top = name.partition(".")[0]
    try:
        at_hand = bool(top) and (top in sys.modules or importlib.util.find_spec(top) is not None)
    except (ImportError, ValueError):
        at_hand = False
    if at_hand and top != name:
        return Why("version", f"the module `{name[:100]}`{_NOT_HERE}")
    return Why("machine", f"the library `{name[:100]}`, which is not installed here")


def _known_version(error: BaseException) -> Why | None:
    """A difference between versions that is in the table, and that nothing here can make up for."""
    row = lost(type(error).__name__, _message(error))
    return Why("version", f"`{row.key}`{_NOT_HERE}") if row is not None else None


def _version(error: BaseException, namespace: Mapping[str, object]) -> Why | None:
    """Another version of a library, where a library lacks a name, an argument or a value that is asked of it.

    A name that is nearly one of the library's own is a slip of the pen, and the group's.
    """
    message = _message(error)
    if isinstance(error, ImportError):
        package = str(error.name or "").partition(".")[0]
        if not package:
            return Why("machine", "a library that is not installed here") if _is_of_a_library(error) else None
        if not _is_library(package):
            return None
        wanted = re.search(r"cannot import name '(\w{1,100})'", message)
        module = sys.modules.get(str(error.name))
        if wanted and get_close_matches(wanted[1], dir(module) if module else (), n=1, cutoff=_ALIKE):
            return None
        return Why("version", f"`{wanted[1] if wanted else package}` of `{str(error.name)[:100]}`{_NOT_HERE}")
    if isinstance(error, AttributeError) and isinstance(error.obj, types.ModuleType):
        module, name = error.obj, str(error.name)[:100]
        if not _is_library(module.__name__) or get_close_matches(name, dir(module), n=1, cutoff=_ALIKE):
            return None
        return Why("version", f"`{module.__name__[:100]}.{name}`{_NOT_HERE}")
    unexpected = _UNEXPECTED.search(message)
    if unexpected and isinstance(error, TypeError | ValueError):
        return _unexpected_argument(unexpected, error, namespace)
    if re.search(MADE_WAY, message) and _is_of_a_library(error):
        return Why("version", "another version of a library")
    return None


def _unexpected_argument(found: re.Match[str], error: BaseException, namespace: Mapping[str, object]) -> Why | None:
    name = found["name"] or found["first"]
    owner = (found["layer"] or found["callee"] or "").replace(".__init__", "").rpartition(".")[2]
    called = namespace.get(owner) or _class_named(owner)
    if getattr(called, "__module__", None) == "__main__":
        return None
    if called is None and not _is_of_a_library(error):
        return None
    if get_close_matches(name, _parameters(called), n=1, cutoff=_ALIKE):
        return None
    return Why("version", f"the argument `{name}=`{f' of `{owner}`' if owner else ''}{_NOT_HERE}")


def _class_named(name: str) -> object:
    return next(
        (found for framework in FRAMEWORKS if name and (found := framework.class_named(name)) is not None), None
    )


def _parameters(called: object) -> list[str]:
    """Names of the arguments of a function or a class, those of its bases included."""
    found: list[str] = []
    for owner in called.__mro__ if isinstance(called, type) else (called,):
        try:
            found += inspect.signature(owner.__init__ if isinstance(owner, type) else owner).parameters  # type: ignore[misc,arg-type]
        except (TypeError, ValueError):
            continue
    return found


def _message(error: BaseException) -> str:
    try:
        return str(error)[:_LONGEST_MESSAGE]
    except Exception:
        return ""


def _file_name(path: object) -> str:
    """The file alone: the folders of a stranger's machine are nobody's business."""
    name = re.split(r"[/\\]", str(path or "").rstrip("/\\"))[-1][:100]
    return f"the file `{name}`, which was not handed in" if name else "a file that was not handed in"


def _frames(trace: TracebackType | None) -> Iterator[types.FrameType]:
    for _ in range(_MOST_FRAMES):
        if trace is None:
            return
        yield trace.tb_frame
        trace = trace.tb_next


def _from(error: BaseException, module: str) -> bool:
    """Whether the error passed a frame of `module`."""
    return any(frame.f_globals.get("__name__") == module for frame in _frames(error.__traceback__))


def _is_of_a_library(error: BaseException) -> bool:
    """Whether it was raised by a library, which code of the group's called."""
    last = None
    for frame in _frames(error.__traceback__):
        last = frame
    return last is not None and not _is_of_the_group(last.f_code.co_filename)


def _is_of_the_group(file: str) -> bool:
    return "ipython-input" in file or "ipykernel" in file or file.startswith("<") or not _is_installed(file)


def _is_installed(file: str) -> bool:
    return any(part in file for part in ("site-packages", "dist-packages", "/lib/python")) or file.startswith(_HERE)


def _is_library(name: str) -> bool:
    """Whether the module called `name` is an installed one, and no file of the group's own."""
    module = sys.modules.get(name) or sys.modules.get(name.partition(".")[0])
    file = getattr(module, "__file__", None)
    return module is not None and (file is None or _is_installed(str(file)))


class Followed:
    """Which failures follow from which, by the names that failed statements would have made or changed."""

    def __init__(self, namespace: dict[str, object]) -> None:
        self._namespace = namespace
        self._lost: dict[str, tuple[int, Why]] = {}
        """Name -> the failure that lost it, by its number, and why."""
        self._spoiled: dict[str, tuple[int, Why]] = {}
        """The same of names whose object stands, but not as it should: `model.compile(...)` failed."""
        self.count = 0
        """Failures so far."""

    def root_of(self, error: BaseException, statement: ast.stmt) -> tuple[int, Why] | None:
        """The failure that `error` in `statement` follows from, and why that one failed; `None` for a new one."""
        if isinstance(error, NameError):
            return self._lost.get(str(error.name))
        read = set(self._read(statement))
        for name, root in self._spoiled.items():
            if name in read:
                return root
        return None

    def lose(self, statement: ast.stmt, number: int, why: Why) -> None:
        """Note what `statement` did not make, nor change, by the failure with this number.

        Where the cell goes on, what it would have bound anew is taken away: the statements below would take the old
        value for the new one, and a second scaling of scaled pixels is worse than a missing name.
        """
        for name in bound_names(statement):
            self._lost[name] = number, why
            self._spoiled.pop(name, None)
            if why.cause != "code":
                self._namespace.pop(name, None)
        for name in changed_names(statement):
            if name in self._namespace and not isinstance(self._namespace[name], types.ModuleType):
                self._spoiled.setdefault(name, (number, why))

    def make(self, statement: ast.stmt) -> None:
        """`statement` ran: what it binds is there again."""
        for name in bound_names(statement):
            self._lost.pop(name, None)
            self._spoiled.pop(name, None)

    def _read(self, statement: ast.AST) -> Iterator[str]:
        """Names that the statement reads, and those that the group's functions read which it calls."""
        waiting = [node.id for node in ast.walk(statement) if isinstance(node, ast.Name)]
        seen: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            yield name
            value = self._namespace.get(name)
            if isinstance(value, types.FunctionType) and value.__module__ == "__main__":
                waiting += value.__code__.co_names


def bound_names(statement: ast.stmt) -> list[str]:
    """Names that a statement binds at top level, within loops and conditions too, not within functions."""
    found: dict[str, None] = {}
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = None
            continue
        if isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name.partition(".")[0]): None for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found[node.id] = None
        waiting += ast.iter_child_nodes(node)
    return list(found)


def changed_names(statement: ast.stmt) -> list[str]:
    """Names of objects of which a statement asks something by a method, or whose items or attributes it sets."""
    found: dict[str, None] = {}
    for node in ast.walk(statement):
        target = node.func if isinstance(node, ast.Call) else node
        if isinstance(target, ast.Attribute | ast.Subscript) and (
            isinstance(node, ast.Call) or isinstance(target.ctx, ast.Store)
        ):
            while isinstance(target, ast.Attribute | ast.Subscript):
                target = target.value
            if isinstance(target, ast.Name):
                found[target.id] = None
    return list(found)
