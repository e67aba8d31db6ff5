"""A lab's tests for functions: `cases.py`, or a folder `cases` of such files, loaded and checked against the rubric.

They are the teacher's: trusted code, run by the host. `FunctionWork` puts them beside the functions of one submission.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
import traceback
import types
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from grader.errors import UserError
from grader.functions.candidates import FunctionPlan
from grader.functions.cases import FunctionTests, Group, group_of, line_of


@dataclass(frozen=True)
class CaseFile:
    """The tests of a lab."""

    path: Path
    """`cases.py`, or the folder `cases`."""
    digest: str
    """SHA-256 of the file, or of all files with their names."""
    groups: tuple[Group, ...]


def load_cases(folder: Path, questions: tuple[str, ...]) -> CaseFile | None:
    """The tests in `folder` for `questions` (ids with a function criterion); `None` when none is asked for.

    Raises `UserError`, with file and line, for files that are missing, cannot be run, or do not fit the rubric.
    """
    if not questions:
        return None
    single, several = folder / "cases.py", folder / "cases"
    if single.is_file() and several.is_dir():
        raise UserError(f"{folder}: holds cases.py and a folder cases; keep one of them")
    files = tuple(sorted(several.glob("*.py"))) if several.is_dir() else (single,) if single.is_file() else ()
    if not files:
        needs = f"the rubric's criterion 'function' needs the cases of question {questions[0]}"
        raise UserError(f"{several if several.is_dir() else single}: missing; {needs}")
    contents = [file.read_bytes() for file in files]
    modules = [_module(single, contents[0])] if single in files else _modules(several, files)
    groups = tuple(
        _placed(file, kind) for file, module in zip(files, modules, strict=True) for kind in _test_classes(module)
    )
    _check_questions(files[0] if len(files) == 1 else several, groups, questions)
    path = several if several.is_dir() else single
    return CaseFile(path, _digest(files, contents), tuple(one.group for one in groups))


@dataclass(frozen=True)
class _Placed:
    group: Group
    place: str
    """`cases.py:12`."""


def _placed(file: Path, kind: type[FunctionTests]) -> _Placed:
    return _Placed(group_of(file, kind), f"{file}:{line_of(kind)}")


def _test_classes(module: types.ModuleType) -> list[type[FunctionTests]]:
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, FunctionTests) and value.__module__ == module.__name__
    ]


def _digest(files: tuple[Path, ...], contents: list[bytes]) -> str:
    if len(files) == 1:
        return hashlib.sha256(contents[0]).hexdigest()
    parts = [
        f"{file.name}\0{hashlib.sha256(content).hexdigest()}" for file, content in zip(files, contents, strict=True)
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _module(path: Path, content: bytes) -> types.ModuleType:
    module = types.ModuleType(_module_name(path))
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    with _mistakes_named(path):
        exec(compile(content, str(path), "exec"), module.__dict__)
    return module


def _modules(folder: Path, files: tuple[Path, ...]) -> list[types.ModuleType]:
    """The files of `folder` as modules of one package: one may import from another (`from .inputs import x`)."""
    package = types.ModuleType(_module_name(folder))
    package.__path__ = [str(folder)]
    # Loaded before for another submission: a case may keep something in its class, which must not reach the next one.
    for name in [name for name in sys.modules if name.startswith(f"{package.__name__}.")]:
        del sys.modules[name]
    sys.modules[package.__name__] = package
    importlib.invalidate_caches()
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        with _mistakes_named(folder):
            return [importlib.import_module(f"{package.__name__}.{file.stem}") for file in files]
    finally:
        sys.dont_write_bytecode = writes


def _module_name(path: Path) -> str:
    return f"labgrade_cases_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"


@contextmanager
def _mistakes_named(path: Path) -> Iterator[None]:
    """Whatever the teacher's code raises becomes a `UserError` with its file and line."""
    try:
        yield
    except SyntaxError as error:
        raise UserError(f"{error.filename or path}:{error.lineno}: {error.msg}") from error
    except Exception as error:
        raise UserError(f"{place_in(path, error)}: {type(error).__name__}: {error}") from error


def place_in(path: Path, error: BaseException) -> str:
    """`cases.py:12`: file and line, of `path` or a file in it, that `error` passed last."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [frame for frame in frames if Path(frame.filename) == path or path in Path(frame.filename).parents]
    return f"{places[-1].filename}:{places[-1].lineno}" if places else str(path)


def _check_questions(path: Path, groups: tuple[_Placed, ...], asked: tuple[str, ...]) -> None:
    """Raise `UserError` unless each question that asks for a function has exactly one class of cases."""
    named = [one.group.question for one in groups]
    for one in groups:
        question = one.group.question
        if question not in asked:
            known = ", ".join(asked)
            raise UserError(f"{one.place}: question {question} has no criterion 'function' (known: {known})")
        if named.count(question) > 1:
            raise UserError(f"{one.place}: two classes for question {question}; one holds all its cases")
    for question in asked:
        if question not in named:
            raise UserError(f'{path}: no class with question = "{question}", though the rubric asks for its function')


@dataclass(frozen=True)
class FunctionWork:
    """What a recording needs in order to try a submission's functions."""

    cases: CaseFile
    plan: FunctionPlan
    only: tuple[str, ...] = ()
    """Questions whose functions are tried; all where it is empty."""

    @property
    def key(self) -> list[object]:
        """What its outcomes rest on, as JSON-compatible values."""
        return [self.cases.digest, self.plan.as_json(), *([list(self.only)] if self.only else [])]

    def new_cases(self) -> CaseFile:
        """The cases loaded anew: what one submission's trials leave in them must not reach the next one's."""
        loaded = load_cases(self.cases.path.parent, tuple(group.question for group in self.cases.groups)) or self.cases
        wanted = tuple(group for group in loaded.groups if not self.only or group.question in self.only)
        return replace(loaded, groups=wanted)
