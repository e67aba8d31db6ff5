"""Which cells of a program rest on which: what has to run again after a change, and what that needs to run.

Statements are followed by the names that they use, change and bind. What is not known is taken to change what it is
called on and what it is given, so that too much runs rather than too little. A program whose names may come from
anywhere (`exec`, a star import, a magic) is refused: then all of it has to run.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from grader.authoring.mutation import callee_name

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
