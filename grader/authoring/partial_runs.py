"""A changed program run in part: which cells have to run, and the rest of the recording taken from an earlier run.

What rests on a change is found by following the names that statements use, change and bind (`Dependencies`). What is
not known is taken to change what it is called on and what it is given, so that too much runs rather than too little. A
program whose names may come from anywhere (`exec`, a star import, a magic) is refused: then all of it has to run.

The recording of such a run is joined with that of the whole program before the change (`graft`): events get new
numbers, and models and trainings that both runs know keep the identities that they had.
"""

from __future__ import annotations

import ast
import builtins
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from grader.authoring.mutation import callee_name
from grader.records import Event, Recording, Submission

_FIGURE, _FILES = "<figure>", "<files>"
"""What statements share besides names: the figure that pyplot draws on, and the files of the working folder."""
_IN_PLACE = frozenset(
    {"at", "copyto", "fill_diagonal", "put", "place", "putmask", "put_along_axis", "shuffle", "seed", "set_random_seed"}
)
"""Functions of libraries that change what they are given, or what others see."""
_SETTINGS = frozenset({"use", "update", "set_theme", "set_style", "rc", "set_floatx", "set_image_data_format"})
"""Functions of libraries that change the library itself for all that follows."""
_PURE = frozenset(
    {
        *("astype", "reshape", "max", "min", "mean", "std", "sum", "argmax", "copy", "items", "keys", "values"),
        *("ravel", "flatten", "numpy", "tolist", "format", "join", "evaluate", "predict", "summary", "any", "all"),
        *("save", "save_weights", "capitalize", "get_weights", "count_params", "imshow", "set_title", "axis"),
    }
)
"""Methods that leave what they are called on as it was, as far as anything after them can tell."""
_GIVEN = frozenset({"fit", "evaluate", "predict", "compile", "add", "append"})
"""Methods that leave their arguments as they were."""
_BUILTIN = frozenset(dir(builtins))
_DRAWING = frozenset({"plt", "pyplot", "sns", "pylab"})
"""Names under which drawing libraries are imported: whatever they do, they do to the figure."""
_OPAQUE = frozenset({"exec", "eval", "globals", "locals", "vars", "run_line_magic", "run_cell_magic"})
"""Functions that reach names which do not stand in the code."""
_PICTURES: dict[str, Any] = {"svg": "", "png": ""}
"""How a figure's pictures are left out of a comparison: they differ in every run."""


class OpaqueError(Exception):
    """A program whose names cannot be followed."""


@dataclass(frozen=True)
class _Statement:
    """A top-level statement, and what it has to do with the names of the program."""

    cell: int
    text: str
    uses: frozenset[str]
    changes: frozenset[str]
    """Names whose values it changes in place."""
    binds: frozenset[str]
    """Names that it gives a new meaning, whatever they meant before."""


class Dependencies:
    """The statements of a program, in order. Raises `OpaqueError` where names may come from anywhere."""

    def __init__(self, sources: Mapping[int, str]) -> None:
        """`sources`: the code of each cell, by its index."""
        self._sources = dict(sources)
        reader = _Reader()
        self._statements: list[_Statement] = []
        for cell, source in sorted(sources.items()):
            try:
                body = ast.parse(source).body
            except (SyntaxError, ValueError) as error:
                raise OpaqueError(f"cell {cell} is no plain Python") from error
            self._statements += [reader.read(node, cell) for node in body]

    def affected(self, changed: Mapping[int, str]) -> frozenset[int]:
        """Cells whose doings may differ once the cells in `changed` have these sources."""
        others = Dependencies({**self._sources, **changed})
        old = {(statement.cell, statement.text) for statement in self._statements}
        new = {(statement.cell, statement.text) for statement in others._statements}
        return self._reached(old - new) | others._reached(new - old)

    def _reached(self, seeds: set[tuple[int, str]]) -> frozenset[int]:
        """Cells that the statements in `seeds` have to do with, directly or through others."""
        tainted: set[str] = set()
        cells: set[int] = set()
        for statement in self._statements:
            if (statement.cell, statement.text) in seeds or statement.uses & tainted:
                cells.add(statement.cell)
                tainted |= statement.changes | statement.binds
            else:
                tainted -= statement.binds
            if _FIGURE in statement.binds:
                tainted.discard(_FIGURE)
        return frozenset(cells)

    def needed(self, cells: frozenset[int]) -> frozenset[int]:
        """`cells` and all before them that they cannot run without."""
        wanted = set(cells)
        while True:
            more = set(wanted)
            for place, statement in enumerate(self._statements):
                if statement.cell in wanted:
                    for name in statement.uses:
                        more |= set(self._makers(name, place))
            if more == wanted:
                return frozenset(wanted)
            wanted = more

    def _makers(self, name: str, before: int) -> Iterator[int]:
        """Cells before the statement at `before` that made what `name` stands for there, back to where it was bound."""
        for statement in reversed(self._statements[:before]):
            if name == _FIGURE and name in statement.binds:
                return
            if name in statement.changes or name in statement.binds:
                yield statement.cell
                if name in statement.binds and name not in statement.uses:
                    return


class _Reader:
    """Reads statements one after the other, and remembers what the functions among them do."""

    def __init__(self) -> None:
        self._modules: set[str] = set()
        self._uses: dict[str, frozenset[str]] = {}
        self._changes: dict[str, frozenset[str]] = {}
        """Of each function: names from outside that a call of it uses, and changes."""

    def read(self, node: ast.stmt, cell: int) -> _Statement:
        """The next statement. Raises `OpaqueError`."""
        self._modules |= _imported(node)
        uses: set[str] = set()
        changes: set[str] = set()
        for part in ast.walk(node):
            if isinstance(part, ast.Name):
                (uses if isinstance(part.ctx, ast.Load) else changes).add(part.id)
            elif isinstance(part, ast.Attribute | ast.Subscript) and not isinstance(part.ctx, ast.Load):
                changes |= _roots(part)
            elif isinstance(part, ast.Call):
                _note_call(part, self._modules, uses, changes)
            elif isinstance(part, ast.AugAssign):
                uses |= _roots(part.target)
        for name in list(uses):
            changes |= self._changes.get(name, frozenset())
            uses |= self._uses.get(name, frozenset())
        binds = _imported(node) | _bound(node)
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            local = _locals(node)
            closed = {_FIGURE} if _shows(node) else set()
            self._uses[node.name] = frozenset(uses - local - _BUILTIN - closed)
            self._changes[node.name] = frozenset(changes - local - closed)
            uses, changes = uses - local - {_FIGURE}, set()
        elif _shows(node):
            binds.add(_FIGURE)
        return _Statement(cell, ast.unparse(node), frozenset(uses - _BUILTIN), frozenset(changes), frozenset(binds))


def _imported(node: ast.stmt) -> set[str]:
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return set()
    if any(alias.name == "*" for alias in node.names):
        raise OpaqueError("a star import")
    return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}


def _bound(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    parts = [part for target in targets for part in ast.walk(target)]
    return {part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}


def _locals(node: ast.FunctionDef | ast.ClassDef) -> set[str]:
    outer = {name for part in ast.walk(node) if isinstance(part, ast.Global) for name in part.names}
    stored = {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    return (stored | {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}) - outer


def _shows(node: ast.stmt) -> bool:
    """Whether the figure is done after `node`."""
    return any(isinstance(part, ast.Call) and callee_name(part) == "show" for part in ast.walk(node))


def _note_call(call: ast.Call, modules: set[str], uses: set[str], changes: set[str]) -> None:
    """Add to `uses` and `changes` what a call of anything, a function of the program or of a library, may do."""
    name, roots = callee_name(call), _roots(call.func)
    if name in _OPAQUE and not isinstance(call.func, ast.Attribute):
        raise OpaqueError(name)
    of_module = bool(roots & modules)
    if of_module and roots & _DRAWING:
        uses.add(_FIGURE)
        changes.add(_FIGURE)
    if name.startswith(("save", "to_", "dump", "open", "write")):
        changes.add(_FILES)
    if name.startswith(("load", "read", "open", "imread")) and name != "load_data":
        uses.add(_FILES)
    if of_module:
        if name in _SETTINGS | _IN_PLACE:
            changes |= roots
        if name not in _IN_PLACE:
            return
    elif isinstance(call.func, ast.Attribute) and name not in _PURE:
        changes |= roots
    if roots <= _BUILTIN or name in _PURE | _GIVEN:
        return
    for value in [*call.args, *(keyword.value for keyword in call.keywords)]:
        if isinstance(value, ast.Name | ast.Attribute | ast.Subscript):
            changes |= _roots(value)


def _roots(node: ast.AST) -> set[str]:
    """The name that a chain of attributes, items and calls begins with."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
        node = node.func if isinstance(node, ast.Call) else node.value
    return {node.id} if isinstance(node, ast.Name) else set()


class GraftError(Exception):
    """Two recordings that do not fit together; the whole program has to run."""


def slice_submission(submission: Submission, cells: frozenset[int]) -> Submission:
    """`submission` with all code but that of `cells` passed over."""
    kept = [
        cell if cell.index in cells or cell.kind == "prose" else cell.model_copy(update={"kind": "prose"})
        for cell in submission.cells
    ]
    return submission.model_copy(update={"cells": tuple(kept)})


def graft(base: Recording, run: Recording, affected: frozenset[int], ran: frozenset[int]) -> Recording:
    """`base` with what happened in the `affected` cells taken from `run`, in which only the cells in `ran` were run.

    Raises `GraftError` where the cells that ran unchanged did not do the same in both.
    """
    mine, theirs = _by_cell(base), _by_cell(run)
    models: dict[str, str] = {}
    places: dict[int, Event] = {}
    for cell in sorted(ran - affected):
        if len(mine[cell]) != len(theirs[cell]):
            raise GraftError(f"cell {cell} did something else")
        for old, new in zip(mine[cell], theirs[cell], strict=True):
            if content_of(old) != content_of(new):
                raise GraftError(f"cell {cell} did something else")
            places[new.seq] = old
            model = getattr(new, "model", None)
            if model is not None:
                models[model] = getattr(old, "model", model)
    chosen: list[tuple[Event, bool]] = [
        *((event, True) for event in base.events if event.kind != "function_tested" and event.cell not in affected),
        *((event, False) for event in run.events if event.kind != "function_tested" and event.cell in affected),
    ]
    chosen.sort(key=lambda item: item[0].cell)
    chosen += _functions(base, run)
    return _joined(base, run, chosen, models, places)


def _joined(
    base: Recording,
    run: Recording,
    chosen: list[tuple[Event, bool]],
    models: Mapping[str, str],
    places: Mapping[int, Event],
) -> Recording:
    """The recording of `chosen`, each event with whether it is of `base`.

    `models` gives identities in `run` the ones that they have in `base`, `places` numbers in `run` their events there.
    """
    numbers = {(kept, event.seq): seq for seq, (event, kept) in enumerate(chosen)}
    events: list[Event] = []
    for seq, (event, kept) in enumerate(chosen):
        update: dict[str, Any] = {"seq": seq}
        model = getattr(event, "model", None)
        if not kept and model is not None:
            update["model"] = models.get(model, f"{model}-changed")
        trained = getattr(event, "trained", None)
        if trained is not None:
            known = (True, places[trained].seq) if not kept and trained in places else (kept, trained)
            update["trained"] = numbers.get(known)
        events.append(event.model_copy(update=update))
    return base.model_copy(
        update={
            "events": tuple(events),
            "architectures": {**base.architectures, **run.architectures},
            "outcome": run.outcome,
        }
    )


def _functions(base: Recording, run: Recording) -> list[tuple[Event, bool]]:
    """Outcomes of functions: those that were tried again from `run`, the others from `base`."""
    again = {event.question: event for event in run.events if event.kind == "function_tested"}
    tested = [event for event in base.events if event.kind == "function_tested"]
    return [(again.get(event.question, event), event.question not in again) for event in tested]


def _by_cell(recording: Recording) -> Mapping[int, list[Event]]:
    """The events of each cell, in order. Outcomes of functions belong to questions and are left out."""
    events: dict[int, list[Event]] = defaultdict(list)
    for event in recording.events:
        if event.kind != "function_tested":
            events[event.cell].append(event)
    return events


def is_ordered(recording: Recording) -> bool:
    """Whether its events stand in the order of their cells, so that they can be exchanged cell by cell."""
    cells = [event.cell for event in recording.events if event.kind != "function_tested"]
    return cells == sorted(cells)


def same_doings(one: Recording, other: Recording) -> bool:
    """Whether the same happened in both."""
    if one.outcome.status != other.outcome.status or len(one.events) != len(other.events):
        return False
    return all(content_of(old) == content_of(new) for old, new in zip(one.events, other.events, strict=True))


def content_of(event: Event) -> dict[str, Any]:
    """What an event says, without its number, the identity of its model, times and pictures."""
    content = event.model_dump(exclude={"seq", "model", "trained", "key"})
    if event.kind == "figure":
        content["figure"] |= _PICTURES
    if event.kind == "trained":
        content["history"] = event.history.metrics
    if event.kind == "evaluated":
        content["measured"] = None
    return content
