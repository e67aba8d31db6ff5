"""The lab's solution as code, and a mutation of it: one mistake, at one place.

Mutators (in `mutants` and `model_mutants`) look at a `Solution`: its calls, the model that each is about, the
question that a place belongs to. They give `Mutation`s, which are edits of characters; those that leave the code
readable become `Mutant`s, hand-ins that a rubric ought to tell from the solution.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from grader.records import BaseCriterion, Match, Mistake, Question, Reference, SavedOutput, Submission, Trained

# Mutants


@dataclass(frozen=True)
class Edit:
    """Characters `start` to `end` of a cell's source, replaced by `text`."""

    cell: int
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Mutation:
    """A mistake that can be made at one place of a solution."""

    kind: str
    """The mistake in a few words, such as `another loss`."""
    says: str
    """What was changed, such as `binary_crossentropy instead of categorical_crossentropy`."""
    question: str
    """Id of the question that it belongs to; empty where it belongs to none."""
    edits: tuple[Edit, ...] = ()
    saved: tuple[tuple[int, str], ...] = ()
    """(cell, text): an output that is stored under a cell, as in a notebook."""


@dataclass(frozen=True)
class Mutant:
    """A mutation with its number, which stays the same while solution and rubric do."""

    number: int
    mutation: Mutation
    submission: Submission
    """The solution with the mistake."""
    cells: tuple[int, ...]
    """Code cells whose source is not the solution's."""

    @property
    def question(self) -> str:
        """Id of its question."""
        return self.mutation.question


def mutate(solution: Submission, mutation: Mutation) -> Submission:
    """`solution` with the mistake in it."""
    edits: dict[int, list[Edit]] = defaultdict(list)
    for edit in mutation.edits:
        edits[edit.cell].append(edit)
    saved = dict(mutation.saved)
    cells = list(solution.cells)
    for index, cell in enumerate(cells):
        update: dict[str, object] = {}
        if index in edits:
            update["source"] = apply_edits(cell.source, edits[index])
        if index in saved:
            update["outputs"] = (SavedOutput(kind="stream", text=saved[index]),)
        if update:
            cells[index] = cell.model_copy(update=update)
    return solution.model_copy(update={"cells": tuple(cells)})


def apply_edits(source: str, edits: Sequence[Edit]) -> str:
    """`source` after `edits`, which do not overlap."""
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        source = source[: edit.start] + edit.text + source[edit.end :]
    return source


def number_mutants(solution: Submission, mutations: Sequence[Mutation]) -> tuple[Mutant, ...]:
    """One for each distinct change that leaves the code readable, numbered from 1."""
    seen: set[tuple[object, ...]] = set()
    found: list[Mutant] = []
    for mutation in mutations:
        submission = mutate(solution, mutation)
        content = (*(cell.source for cell in submission.cells), mutation.saved)
        changed = tuple(
            cell.index
            for cell, before in zip(submission.cells, solution.cells, strict=True)
            if cell.kind == "code" and cell.source != before.source
        )
        if content in seen or submission == solution or not all(_parses(submission, cell) for cell in changed):
            continue
        seen.add(content)
        found.append(Mutant(len(found) + 1, mutation, submission, changed))
    return tuple(found)


def _parses(submission: Submission, cell: int) -> bool:
    try:
        compile(submission.cells[cell].source, "cell", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


# The solution


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
        return callee_name(self.call)


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
        looked = [q.model for q in self.questions if q.model and any(c.about != "text" for c in q.criteria)]
        return tuple(dict.fromkeys(name for name in looked if name in self.reference.models))

    def free_layers(self, model: str) -> tuple[str, ...]:
        """Layer classes that have to be in `model`, where its design is left to the group."""
        criteria = [criterion for q in self.questions if q.model == model for criterion in q.criteria]
        kinds = [kind for criterion in criteria for kind in criterion.required_layers]
        return tuple(dict.fromkeys(kinds))

    def free_optimizer(self, model: str) -> bool:
        """Whether the optimizer is left to the group."""
        criteria = [criterion for q in self.questions if q.model == model for criterion in q.criteria]
        return bool(self.free_layers(model)) or any(criterion.free_optimizer for criterion in criteria)

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
        """The calls of a statement. `variables` holds which model each name stands for, and is added to."""
        inside: dict[ast.AST, str] = {}
        for node in nodes_in_order(statement):
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

    def question_of(self, cell: int, mistake: Mistake, model: str | None = None) -> str:
        """Id of the question that a mistake in `cell` belongs to: one whose criteria it is against before others."""
        here = {match.question.id for match in self.match.questions if cell in match.cells}
        asking = [q for q in self.questions if any(mistake in criterion.mistakes for criterion in q.criteria)]
        about = [q for q in asking if model is not None and q.model == model]
        for among in (about, asking, [q for q in self.questions if model and q.model == model], self.questions):
            inside = [q.id for q in among if q.id in here]
            if inside:
                return inside[0]
            if among is about and about:
                return about[0].id
        return ""

    def asking(self, mistake: Mistake) -> Iterator[tuple[Question, BaseCriterion, tuple[int, ...]]]:
        """Questions with a criterion that such a mistake is against, that criterion, and the question's code cells."""
        for question in self.questions:
            for criterion in question.criteria:
                if mistake in criterion.mistakes:
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


def nodes_in_order(node: ast.AST) -> Iterator[ast.AST]:
    """`node` and everything in it, in the order in which it is written."""
    yield node
    for child in ast.iter_child_nodes(node):
        yield from nodes_in_order(child)


def callee_name(call: ast.Call) -> str:
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
