"""What names in the code hold, as far as plain assignments tell, and which are used before they are there.

Programs are read step by step: `Constants` and `Arrays` say what names hold where the last step was taken, numbers,
expressions and parts of a data set. `early_uses` reads the cells in the order in which they stand.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from grader.code.syntax import Function, Step, callee, children_of, expressions, nodes_in, targets_of

_SAME_VALUES = frozenset(
    "reshape astype expand_dims cast array asarray constant convert_to_tensor float32 float64 squeeze copy "
    "ascontiguousarray newaxis flatten ravel to_categorical one_hot get_dummies stack".split()
)
"""Functions whose result counts as what they were given."""
_READERS = frozenset({"print", "len", "display", "type", "max", "min", "sum", "range", "set"})
"""Functions that change nothing in what they are given."""
_SCALERS = frozenset({"normalize", "MinMaxScaler", "fit_transform"})
"""Functions whose result is scaled."""
_LOADED = (("train", "x"), ("train", "y"), ("test", "x"), ("test", "y"))
"""The four arrays that `load_data` returns, in order."""
_KNOWN = frozenset(
    {*dir(builtins), "display", "get_ipython", "In", "Out", "exit", "quit", "_", "__", "___", "__file__", "__name__"}
)
"""Names that Python and IPython give."""
_OPAQUE_CALLS = frozenset({"exec", "eval", "globals", "locals", "vars", "run_line_magic", "run_cell_magic"})
"""Functions that may make names without the text telling which."""
_COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class Constants:
    """The numbers and expressions behind names. A name assigned under a condition is forgotten."""

    def __init__(self) -> None:
        self._held: dict[str, ast.expr] = {}

    def take(self, step: Step) -> None:
        """Bring the names up to date with `step`."""
        if step.function is not None:
            return
        node = step.node
        plain = isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        if plain and not step.guarded and isinstance(node, ast.Assign):
            self._held[targets_of(node)[0]] = self.resolved(node.value)
            return
        tuples = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple)
        for name in targets_of(node):
            self._held.pop(name, None)
        if tuples and isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple) and not step.guarded:
            target = node.targets[0]
            for part, value in zip(getattr(target, "elts", ()), node.value.elts, strict=False):
                if isinstance(part, ast.Name):
                    self._held[part.id] = self.resolved(value)

    def resolved(self, expression: ast.expr) -> ast.expr:
        """The expression behind a name, else `expression` itself."""
        if isinstance(expression, ast.Name):
            return self._held.get(expression.id, expression)
        return expression

    def number(self, expression: ast.expr | None) -> float | None:
        """The number that `expression` stands for; `None` when the text does not tell."""
        if expression is None:
            return None
        known = self.resolved(expression)
        if isinstance(known, ast.Constant) and isinstance(known.value, int | float) and type(known.value) is not bool:
            return float(known.value)
        return None

    def first(self, expression: ast.expr | None) -> ast.expr | None:
        """The first part of a tuple or list, also behind a name."""
        known = self.resolved(expression) if expression is not None else None
        return known.elts[0] if isinstance(known, ast.Tuple | ast.List) and known.elts else None


@dataclass(frozen=True)
class Array:
    """An array that comes from a Keras data set."""

    dataset: str
    part: Literal["train", "test"]
    role: Literal["x", "y"]
    scaled: bool = False
    whole: bool = True
    """All rows of its part."""
    again: bool = False
    """Loaded anew under a name that had held scaled values."""
    cell: int = -1
    """Cell that loaded it."""


class Arrays:
    """The arrays that names hold: which part of a data set, scaled or not.

    What is not understood is forgotten, never guessed.
    """

    def __init__(self) -> None:
        self.held: dict[str, Array] = {}
        self._scaled_once: set[str] = set()
        self._sets: dict[str, str] = {}
        self._loads: dict[str, str] = {}
        self.loaded: set[str] = set()
        """Every data set whose `load_data` is called."""

    def take(self, step: Step) -> None:
        """Bring the names up to date with `step`."""
        node = step.node
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                self._sets[alias.asname or alias.name] = alias.name.rpartition(".")[2]
        if step.function is not None:
            return
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            self._assign(node.targets[0], node.value, step.cell)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            value = ast.BinOp(ast.Name(node.target.id, ast.Load()), node.op, node.value)
            self._put(node.target.id, self.of(value))
        else:
            for name in targets_of(node):
                self.held.pop(name, None)
        self._forget_changed(node)

    def _forget_changed(self, node: ast.stmt) -> None:
        """Forget arrays that are changed in place: by an index, by `out=`, maybe by a function."""
        changed: list[ast.expr] = []
        if isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            changed += [target.value for target in targets if isinstance(target, ast.Subscript)]
        for call in nodes_in(node) if isinstance(node, ast.Expr | ast.Assign) else ():
            if isinstance(call, ast.Call):
                changed += [keyword.value for keyword in call.keywords if keyword.arg == "out"]
                if isinstance(node, ast.Expr) and isinstance(call.func, ast.Name) and call.func.id not in _READERS:
                    changed += call.args
        for part in changed:
            if isinstance(part, ast.Name):
                self.held.pop(part.id, None)

    def of(self, expression: ast.expr | None) -> Array | None:
        """What `expression` holds; `None` when that is not known."""
        if isinstance(expression, ast.Name):
            return self.held.get(expression.id)
        if isinstance(expression, ast.BinOp):
            return self._scaled(expression)
        if isinstance(expression, ast.Call):
            return self._called(expression)
        if isinstance(expression, ast.Subscript):
            held = self.of(expression.value)
            if held is not None and not _keeps_rows(expression.slice):
                return replace(held, whole=False)
            return held
        return None

    def _assign(self, target: ast.expr, value: ast.expr, cell: int) -> None:
        dataset = self._loaded_set(value)
        if dataset is not None:
            self.loaded.add(dataset)
            if isinstance(target, ast.Name):
                self._loads[target.id] = dataset
            self._load(target, dataset, cell)
        elif isinstance(value, ast.Name) and value.id in self._loads:
            self._load(target, self._loads[value.id], cell)
        elif isinstance(target, ast.Name):
            if isinstance(value, ast.Attribute):
                self._sets[target.id] = value.attr
            self._put(target.id, self.of(value))
        elif isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
            known = [self.of(part) for part in value.elts]
            for part, held in zip(target.elts, known, strict=False):
                if isinstance(part, ast.Name):
                    self._put(part.id, held)
        else:
            for name in nodes_in(target):
                if isinstance(name, ast.Name):
                    self.held.pop(name.id, None)

    def _put(self, name: str, held: Array | None) -> None:
        if held is None:
            self.held.pop(name, None)
            return
        self.held[name] = held
        if held.scaled:
            self._scaled_once.add(name)

    def _loaded_set(self, value: ast.expr) -> str | None:
        if not (isinstance(value, ast.Call) and callee(value) == "load_data" and isinstance(value.func, ast.Attribute)):
            return None
        source = value.func.value
        name = source.attr if isinstance(source, ast.Attribute) else source.id if isinstance(source, ast.Name) else ""
        return self._sets.get(name, name)

    def _load(self, target: ast.expr, dataset: str, cell: int) -> None:
        parts = [name for name in nodes_in(target) if isinstance(name, ast.Name)]
        nested = isinstance(target, ast.Tuple) and all(isinstance(part, ast.Tuple | ast.List) for part in target.elts)
        for name in parts:
            self.held.pop(name.id, None)
        if not nested or len(parts) != 4:
            return
        ordered = sorted(parts, key=lambda name: (name.lineno, name.col_offset))
        for name, (part, role) in zip(ordered, _LOADED, strict=True):
            again = name.id in self._scaled_once
            array = {"dataset": dataset, "part": part, "role": role, "again": again, "cell": cell}
            self.held[name.id] = Array(**array)  # type: ignore[arg-type]

    def _scaled(self, expression: ast.BinOp) -> Array | None:
        left = self.of(expression.left)
        held = left or self.of(expression.right)
        if held is None:
            return None
        number = expression.right if left is not None else expression.left
        # Any change of the values counts as scaling: whether it is a good one the rerun can tell, the text cannot.
        return replace(held, scaled=True) if isinstance(number, ast.expr) else None

    def _called(self, call: ast.Call) -> Array | None:
        name = callee(call)
        inside = [*([call.func.value] if isinstance(call.func, ast.Attribute) else []), *call.args]
        held = next((found for part in inside if (found := self.of(part)) is not None), None)
        if held is None:
            return None
        if name in _SCALERS:
            return replace(held, scaled=True)
        return held if name in _SAME_VALUES else None


def _keeps_rows(index: ast.expr) -> bool:
    """Whether an index keeps all rows: `[:, :, None]`, `[..., np.newaxis]`, `[:]`."""
    first = index.elts[0] if isinstance(index, ast.Tuple) and index.elts else index
    if isinstance(first, ast.Slice):
        return first.lower is None and first.upper is None and first.step is None
    return isinstance(first, ast.Constant) and first.value in (Ellipsis, None)


@dataclass(frozen=True)
class EarlyUse:
    """A name used where no statement above has made it."""

    name: str
    cell: int
    line: int
    defined_in: tuple[int, ...]
    """Cells further down that make it; empty when none does."""


@dataclass(frozen=True)
class _Read:
    """What one step does with names."""

    step: Step
    made: frozenset[str]
    read: tuple[ast.Name, ...]
    opaque: bool


def early_uses(steps: Sequence[Step], given: frozenset[str] = frozenset()) -> tuple[EarlyUse, ...]:
    """The first use of each name that stands above everything that makes it; `given` are names made elsewhere.

    It is silent where names may come from where the text does not tell: after a star import, `exec` or `%run`.
    """
    followed = _followed(tuple(steps))
    made = _makers(followed)
    known: set[str] = set(given)
    found: dict[str, EarlyUse] = {}
    for entry in followed:
        step = entry.step
        if step.function is None:
            if entry.opaque:
                break
            for name in entry.read:
                if name.id in known or name.id in _KNOWN or name.id.startswith("_") or name.id in found or step.guarded:
                    continue
                later = tuple(cell for cell in made.get(name.id, ()) if cell >= step.cell)
                found[name.id] = EarlyUse(name.id, step.cell, name.lineno, later)
        known |= entry.made
    return tuple(found.values())


@lru_cache(maxsize=8)
def _followed(steps: tuple[Step, ...]) -> tuple[_Read, ...]:
    return tuple(_Read(step, frozenset(_made(step)), tuple(_read(step.node)), _is_opaque(step)) for step in steps)


def _makers(followed: Sequence[_Read]) -> dict[str, tuple[int, ...]]:
    made: dict[str, list[int]] = {}
    for entry in followed:
        for name in entry.made:
            made.setdefault(name, []).append(entry.step.cell)
    return {name: tuple(dict.fromkeys(cells)) for name, cells in made.items()}


def _made(step: Step) -> set[str]:
    """Names that `step` brings into being, those that a function makes global included."""
    node = step.node
    if isinstance(node, ast.Global):
        return set(node.names)
    if step.function is not None:
        return set()
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    if isinstance(node, Function | ast.ClassDef):
        return {node.name}
    nodes = nodes_in(node)
    names = {part.target.id for part in nodes if isinstance(part, ast.NamedExpr)}
    if isinstance(node, ast.Try):
        names |= {handler.name for handler in node.handlers if handler.name}
    if isinstance(node, ast.Match):
        names |= {part.name for part in nodes if isinstance(part, ast.MatchAs | ast.MatchStar) and part.name}
    return names | set(targets_of(node))


def _is_opaque(step: Step) -> bool:
    node = step.node
    if isinstance(node, ast.ImportFrom):
        return any(alias.name == "*" for alias in node.names)
    return any(callee(call) in _OPAQUE_CALLS for call in step.calls)


def _read(node: ast.stmt) -> Iterator[ast.Name]:
    """Names that a statement reads as it runs, without those that its comprehensions and lambdas make themselves."""
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        yield node.target
    if isinstance(node, Function | ast.ClassDef | ast.Delete):
        return
    for part in expressions(node):
        yield from _loaded(part, frozenset())


def _loaded(node: ast.AST, inner: frozenset[str]) -> Iterator[ast.Name]:
    """Depth first, without recursion: an expression may be as deep as its author likes."""
    waiting = [(node, inner)]
    while waiting:
        node, inner = waiting.pop()
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, _COMPREHENSIONS):
            made = (part for generator in node.generators for part in nodes_in(generator.target))
            inner |= {part.id for part in made if isinstance(part, ast.Name)}
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in inner:
            yield node
        waiting += [(child, inner) for child in reversed(children_of(node))]
