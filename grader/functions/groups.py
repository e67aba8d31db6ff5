"""The tests of a `cases.py`, loaded and checked. The file is the teacher's: trusted code, run by the host."""

from __future__ import annotations

import hashlib
import inspect
import sys
import traceback
import types
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from grader.errors import UserError
from grader.functions.declaring import FunctionTests

_KINDS = ("mistake", "layout")


@dataclass(frozen=True)
class Piece:
    """A case, a mistake or a layout: a bound method with its title and number."""

    name: str
    title: str
    value: float
    """Credit of a case, worth of a mistake or layout."""
    run: Callable[..., Any]
    piecewise: bool = False
    """Of a layout: it gives the function a part of its argument at a time."""
    overflows: bool = False
    """Of a mistake: an answer without any finite number tells it."""


@dataclass(frozen=True)
class Group:
    """The tests of one question's function."""

    question: str
    tests: FunctionTests
    cases: tuple[Piece, ...]
    probe: Piece
    layouts: tuple[Piece, ...]
    """Without the usual one."""
    mistakes: tuple[Piece, ...]

    @cached_property
    def arguments(self) -> tuple[str, ...]:
        """What `call` takes, in order."""
        return tuple(self.tests.arguments)

    def named(self, values: tuple[Any, ...], options: dict[str, Any]) -> dict[str, Any]:
        """The arguments of a call by name. Raises `TypeError` as Python does."""
        if len(values) > len(self.arguments):
            raise TypeError(f"call takes {len(self.arguments)} arguments ({', '.join(self.arguments)})")
        given = dict(zip(self.arguments, values, strict=False))
        for name, value in options.items():
            if name not in self.arguments or name in given:
                raise TypeError(f"call got an unexpected argument '{name}'")
            given[name] = value
        return given


@dataclass(frozen=True)
class CaseFile:
    """A lab's `cases.py`."""

    path: Path
    digest: str
    """SHA-256 of the file."""
    groups: tuple[Group, ...]


def load_cases(folder: Path, questions: tuple[str, ...]) -> CaseFile | None:
    """The tests in `folder`/cases.py for `questions` (ids with a function criterion); `None` when none is asked for.

    Raises `UserError`, with file and line, for a file that is missing, cannot be run, or does not fit the rubric.
    """
    path = folder / "cases.py"
    if not questions:
        return None
    if not path.is_file():
        raise UserError(
            f"{path}: missing; the rubric's criterion 'function' needs the cases of question {questions[0]}"
        )
    content = path.read_bytes()
    module = _module(path, content)
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, FunctionTests) and value.__module__ == module.__name__
    ]
    groups = tuple(_group(path, kind) for kind in classes)
    _check_questions(path, groups, questions, {group.question: _line(type(group.tests)) for group in groups})
    return CaseFile(path, hashlib.sha256(content).hexdigest(), groups)


def _module(path: Path, content: bytes) -> types.ModuleType:
    module = types.ModuleType(f"labgrade_cases_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    try:
        exec(compile(content, str(path), "exec"), module.__dict__)
    except SyntaxError as error:
        raise UserError(f"{path}:{error.lineno}: {error.msg}") from error
    except Exception as error:
        raise UserError(f"{place_in(path, error)}: {type(error).__name__}: {error}") from error
    return module


def place_in(path: Path, error: BaseException) -> str:
    """`cases.py:12`, with the line of `path` that `error` passed last."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"{path}:{lines[-1]}" if lines else str(path)


def _group(path: Path, kind: type[FunctionTests]) -> Group:
    where = f"{path}:{_line(kind)}"
    if not kind.question:
        raise UserError(f'{where}: {kind.__name__} needs the id of its question: question = "20"')
    if not kind.arguments:
        raise UserError(f'{where}: {kind.__name__} needs its arguments: arguments = {{"image": ("img", "x")}}')
    tests = kind()
    methods = [(name, getattr(tests, name)) for name in _in_order(kind)]
    cases = tuple(
        _piece(name, method, "credit", 1.0) for name, method in methods if name.startswith(("test_", "case_"))
    )
    if not cases:
        raise UserError(f"{where}: {kind.__name__} has no case: a method whose name begins with test_")
    untitled = [case.name for case in cases if not case.title]
    if untitled:
        raise UserError(f"{where}: {kind.__name__}.{untitled[0]} needs a docstring: it is the case's title in reports")
    marked = {
        mark: tuple(_piece(name, method, mark, 0.0) for name, method in methods if hasattr(method, f"labgrade_{mark}"))
        for mark in _KINDS
    }
    probe = next((_piece(name, method, "credit", 1.0) for name, method in methods if name == "probe"), cases[0])
    return Group(kind.question, tests, cases, probe, marked["layout"], marked["mistake"])


def _in_order(kind: type) -> list[str]:
    """Names of methods: those of the base classes first, each in the order in which it is written."""
    names: dict[str, None] = {}
    for base in reversed(kind.__mro__):
        names |= {name: None for name, value in vars(base).items() if inspect.isfunction(value)}
    return list(names)


def _piece(name: str, method: Any, mark: str, default: float) -> Piece:
    title = " ".join((inspect.getdoc(method) or "").split())
    title = title.rstrip(".") if mark == "credit" else title
    value = getattr(method, f"labgrade_{mark}", default)
    flags = [getattr(method, f"labgrade_{flag}", False) for flag in ("piecewise", "overflows")]
    return Piece(name, title, value, method, *flags)


def _line(kind: type) -> int:
    methods = [value.__code__.co_firstlineno for value in vars(kind).values() if inspect.isfunction(value)]
    return getattr(kind, "__firstlineno__", min(methods, default=1))


def _check_questions(path: Path, groups: tuple[Group, ...], asked: tuple[str, ...], lines: dict[str, int]) -> None:
    named = [group.question for group in groups]
    for question in named:
        if question not in asked:
            known = ", ".join(asked)
            raise UserError(
                f"{path}:{lines[question]}: question {question} has no criterion 'function' (known: {known})"
            )
        if named.count(question) > 1:
            raise UserError(f"{path}:{lines[question]}: two classes for question {question}; one holds all its cases")
    for question in asked:
        if question not in named:
            raise UserError(f'{path}: no class with question = "{question}", though the rubric asks for its function')
