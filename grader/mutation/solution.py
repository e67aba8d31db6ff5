"""The solution as code: its statements, which model each is about, and to which question it belongs."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

from grader.mutation.mutant import Edit
from grader.records.match import Match, Reference
from grader.records.recording import Trained
from grader.records.rubric import Criterion, Question

WORDS_ALONE = frozenset({"written", "states_number"})
"""Kinds of criteria that look at no model."""


@dataclass(frozen=True)
class Site:
    """A call, and where it stands."""

    cell: int
    call: ast.Call
    model: str | None
    """The reference model that it is about, as far as the code tells."""

    @property
    def name(self) -> str:
        """What is called, without what it belongs to."""
        return called(self.call)


class Solution:
    """A lab's solution, graded, and its code."""

    def __init__(self, match: Match, reference: Reference) -> None:
        self.match = match
        self.reference = reference
        self.cells = match.submission.cells
        self.trees: dict[int, ast.Module] = {}
        """Of each code cell that is plain Python."""
        self.parents: dict[ast.AST, ast.AST] = {}
        for cell in self.cells:
            if cell.runs:
                self._parse(cell.index, cell.source)

    def _parse(self, index: int, source: str) -> None:
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            return
        self.trees[index] = tree
        self.parents |= {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}

    @property
    def questions(self) -> tuple[Question, ...]:
        """The rubric's."""
        return self.match.rubric.questions

    @cached_property
    def models(self) -> tuple[str, ...]:
        """Reference models that some criterion looks at, in the rubric's order."""
        looked = [q.model for q in self.questions if q.model and {c.kind for c in q.criteria} - WORDS_ALONE]
        return tuple(dict.fromkeys(name for name in looked if name in self.reference.models))

    def free_layers(self, model: str) -> tuple[str, ...]:
        """Layer classes that have to be in `model`, where its design is left to the group."""
        criteria = [criterion for q in self.questions if q.model == model for criterion in q.criteria]
        kinds = [kind for criterion in criteria for kind in getattr(criterion, "must_have", ())]
        return tuple(dict.fromkeys(kinds))

    def free_optimizer(self, model: str) -> bool:
        """Whether the optimizer is left to the group."""
        criteria = [criterion for q in self.questions if q.model == model for criterion in q.criteria]
        return bool(self.free_layers(model)) or any(getattr(c, "optimizer", None) == "any" for c in criteria)

    @cached_property
    def calls(self) -> tuple[Site, ...]:
        """Every call, in order, each with its model."""
        found: list[Site] = []
        variables: dict[str, str] = {}
        for cell, tree in self.trees.items():
            for statement in tree.body:
                found += self._sites(cell, statement, variables)
        return tuple(found)

    def _sites(self, cell: int, statement: ast.stmt, variables: dict[str, str]) -> Iterator[Site]:
        inside: dict[ast.AST, str] = {}
        for node in ordered(statement):
            if isinstance(node, ast.Assign) and (name := self._named(node.value)):
                inside |= dict.fromkeys(ast.walk(node.value), name)
                variables |= {target.id: name for target in node.targets if isinstance(target, ast.Name)}
            if isinstance(node, ast.Call):
                model = inside.get(node) or variables.get(root(node.func) or "")
                if model:
                    inside |= dict.fromkeys(ast.walk(node), model)
                yield Site(cell, node, model or self._by_place(cell))

    def _named(self, value: ast.AST) -> str | None:
        """The reference model that an expression builds, by Keras' own `name=`."""
        for part in ast.walk(value):
            if isinstance(part, ast.keyword) and part.arg == "name" and isinstance(part.value, ast.Constant):
                name = part.value.value
                if name in self.reference.models:
                    return str(name)
        return None

    def _by_place(self, cell: int) -> str | None:
        """The one model that is built or trained in a cell."""
        here = {model.reference for model in self.match.models if cell in model.cells and model.reference}
        return here.pop() if len(here) == 1 else None

    def training(self, model: str | None) -> Trained | None:
        """The first training of a reference model in the solution."""
        return next((event for event in self.match.rerun.trainings() if event.name == model), None)

    def question_of(self, cell: int, kinds: Collection[str], model: str | None = None) -> str:
        """Id of the question that something in `cell` belongs to: one with such criteria before others."""
        here = {match.question.id for match in self.match.questions if cell in match.cells}
        asking = [q for q in self.questions if any(criterion.kind in kinds for criterion in q.criteria)]
        about = [q for q in asking if model is not None and q.model == model]
        for among in (about, asking, [q for q in self.questions if model and q.model == model], self.questions):
            inside = [q.id for q in among if q.id in here]
            if inside:
                return inside[0]
            if among is about and about:
                return about[0].id
        return ""

    def asking(self, *kinds: str) -> Iterator[tuple[Question, Criterion, tuple[int, ...]]]:
        """Questions with a criterion of one of `kinds`, that criterion, and the question's code cells."""
        for question in self.questions:
            for criterion in question.criteria:
                if criterion.kind in kinds:
                    yield question, criterion, self.code_of(question.id)
                    break

    def code_of(self, question: str) -> tuple[int, ...]:
        """Code cells of a question."""
        return tuple(cell for cell in self.match.question(question).cells if cell in self.trees)

    def text(self, cell: int, node: ast.expr) -> str:
        """The source of `node`."""
        start, end = self.span(cell, node)
        return self.cells[cell].source[start:end]

    def span(self, cell: int, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Where `node` begins and ends in its cell's source, in characters."""
        lines = self.cells[cell].source.split("\n")

        def place(line: int, column: int) -> int:
            before = len(lines[line - 1].encode()[:column].decode())
            return sum(len(text) + 1 for text in lines[: line - 1]) + before

        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return place(node.lineno, node.col_offset), place(node.end_lineno, node.end_col_offset)

    def replaced(self, cell: int, node: ast.expr | ast.stmt, text: str) -> Edit:
        """`text` in place of `node`."""
        return Edit(cell, *self.span(cell, node), text)

    def dropped(self, cell: int, node: ast.AST) -> Edit | None:
        """The whole statement in which the expression `node` stands alone, left out; `None` where it does not."""
        statement = self.parents.get(node)
        return self.replaced(cell, statement, "pass") if isinstance(statement, ast.Expr) else None

    def rebuilt(self, cell: int, call: ast.Call, keywords: dict[str, str | None], first: str | None = None) -> str:
        """The call with other keyword arguments (`None` leaves one out), and perhaps another first argument."""
        parts = [self.text(cell, value) for value in call.args]
        if first is not None:
            parts[:1] = [first]
        known = dict(keywords)
        for keyword in call.keywords:
            value = known.pop(keyword.arg, self.text(cell, keyword.value)) if keyword.arg else None
            if keyword.arg is None:
                parts.append(f"**{self.text(cell, keyword.value)}")
            elif value is not None:
                parts.append(f"{keyword.arg}={value}")
        parts += [f"{name}={value}" for name, value in known.items() if value is not None]
        return f"{self.text(cell, call.func)}({', '.join(parts)})"


def ordered(node: ast.AST) -> Iterator[ast.AST]:
    """`node` and everything in it, in the order in which it is written."""
    yield node
    for child in ast.iter_child_nodes(node):
        yield from ordered(child)


def called(call: ast.Call) -> str:
    """`fit` of `model.fit(...)`."""
    func = call.func
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def root(node: ast.AST) -> str | None:
    """The name that a chain of attributes and items begins with."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def argument(call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    """The argument `name`, or the one at `position`."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[position] if position is not None and position < len(call.args) else None
