"""Python code as trees: parsed, searched and rewritten, wherever in a hand-in's steps it stands."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from generator.nouns import Handin, Step


def statements(source: str) -> list[ast.stmt]:
    """The statements of `source`."""
    return ast.parse(source).body


def expression(source: str) -> ast.expr:
    """`source` as one expression."""
    return ast.parse(source, mode="eval").body


def text(nodes: list[ast.stmt] | ast.AST) -> str:
    """The code of a node, or of several statements."""
    if isinstance(nodes, list):
        return "\n".join(ast.unparse(ast.fix_missing_locations(node)) for node in nodes)
    return ast.unparse(ast.fix_missing_locations(nodes))


def callee(node: ast.AST) -> str:
    """`fit` of `model.fit(...)`, `Dense` of `layers.Dense(...)`; empty for what is no call."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def receiver(call: ast.Call) -> str:
    """`model` of `model.fit(...)`; empty where a name is not what the method is called on."""
    func = call.func
    return func.value.id if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) else ""


def argument(call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    """The argument `name`, or the one at `position`."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[position] if position is not None and position < len(call.args) else None


def set_argument(call: ast.Call, name: str, value: ast.expr | None) -> None:
    """Give `call` the keyword argument; `None` leaves it out."""
    kept = [keyword for keyword in call.keywords if keyword.arg != name]
    before = next((at for at, keyword in enumerate(call.keywords) if keyword.arg == name), len(kept))
    if value is not None:
        kept.insert(before, ast.keyword(arg=name, value=value))
    call.keywords = kept


def rename_argument(call: ast.Call, name: str, other: str) -> None:
    """Another name for a keyword argument."""
    for keyword in call.keywords:
        if keyword.arg == name:
            keyword.arg = other


def names_in(node: ast.AST) -> set[str]:
    """All names that are read or bound in `node`."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def bound_by(node: ast.stmt) -> set[str]:
    """Names that a statement binds at its own level, or inside a loop of its own."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}


def bodies(step: Step) -> Iterator[list[ast.stmt]]:
    """The lists of statements in a step: its own, then those of loops, functions and branches in it."""
    waiting = [step.statements]
    while waiting:
        body = waiting.pop(0)
        yield body
        for statement in body:
            for name in ("body", "orelse"):
                inner = getattr(statement, name, None)
                if isinstance(inner, list) and inner:
                    waiting.append(inner)


@dataclass
class Place:
    """A statement, and where it stands."""

    step: Step
    body: list[ast.stmt]
    statement: ast.stmt
    call: ast.Call
    """The call that it was found for."""
    model: str | None

    def replace(self, *others: ast.stmt) -> None:
        """Other statements in its place."""
        at = self.body.index(self.statement)
        self.body[at : at + 1] = others

    def add_after(self, *others: ast.stmt) -> None:
        """Statements behind it."""
        at = self.body.index(self.statement)
        self.body[at + 1 : at + 1] = others

    def add_before(self, *others: ast.stmt) -> None:
        """Statements before it."""
        at = self.body.index(self.statement)
        self.body[at:at] = others

    @property
    def target(self) -> str:
        """The name that it assigns to; empty where it assigns to none."""
        if isinstance(self.statement, ast.Assign) and isinstance(self.statement.targets[0], ast.Name):
            return self.statement.targets[0].id
        return ""


def model_variables(handin: Handin) -> dict[str, str]:
    """Variable -> reference model, of all networks as the solution builds them."""
    return {place.target: place.model for place in places(handin, "Sequential", "Model") if place.model}


def built_name(call: ast.Call) -> str | None:
    """The name that Keras' own `name=` gives a network."""
    value = argument(call, "name")
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def places(handin: Handin, *names: str, model: str | None = None) -> list[Place]:
    """Statements that are, or assign, a call of one of `names`; with `model`, those about that network."""
    known: dict[str, str] = {}
    found: list[Place] = []
    for step in handin.steps:
        for body in bodies(step):
            for statement in body:
                value = getattr(statement, "value", None)
                if not isinstance(value, ast.Call):
                    continue
                if isinstance(statement, ast.Assign) and callee(value) in ("Sequential", "Model"):
                    name = built_name(value)
                    if name and isinstance(statement.targets[0], ast.Name):
                        known[statement.targets[0].id] = name
                if callee(value) in names:
                    about = (
                        built_name(value) if callee(value) in ("Sequential", "Model") else known.get(receiver(value))
                    )
                    if model in (None, about):
                        found.append(Place(step, body, statement, value, about))
    return found


def layer_calls(build: ast.Call) -> list[ast.Call]:
    """The layers of a `Sequential([...])`, the input among them."""
    listed = build.args[0] if build.args else None
    return [layer for layer in getattr(listed, "elts", []) if isinstance(layer, ast.Call)]


class Rename(ast.NodeTransformer):
    """Other names for variables."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        """A name that is read or bound."""
        node.id = self._names.get(node.id, node.id)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """A function's own name."""
        node.name = self._names.get(node.name, node.name)
        self.generic_visit(node)
        return node


def rewrite(handin: Handin, rewriter: ast.NodeTransformer) -> None:
    """Let `rewriter` pass over all code of the hand-in."""
    for step in handin.steps:
        module = rewriter.visit(ast.Module(body=step.statements, type_ignores=[]))
        step.statements = module.body


def each_call(handin: Handin, change: Callable[[ast.Call], None]) -> int:
    """Let `change` see every call; how many there are."""
    seen = 0
    for node in handin.nodes():
        if isinstance(node, ast.Call):
            seen += 1
            change(node)
    return seen


def copied(node: ast.stmt) -> ast.stmt:
    """A copy that can be changed by itself."""
    return copy.deepcopy(node)
