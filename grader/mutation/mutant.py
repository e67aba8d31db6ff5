"""A mutant: the lab's solution with one mistake in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from grader.records.submission import SavedOutput, Submission


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


def mutated(solution: Submission, mutation: Mutation) -> Submission:
    """`solution` with the mistake in it."""
    edits: dict[int, list[Edit]] = defaultdict(list)
    for edit in mutation.edits:
        edits[edit.cell].append(edit)
    saved = dict(mutation.saved)
    cells = list(solution.cells)
    for index, cell in enumerate(cells):
        update: dict[str, object] = {}
        if index in edits:
            update["source"] = edited(cell.source, edits[index])
        if index in saved:
            update["outputs"] = (SavedOutput(kind="stream", text=saved[index]),)
        if update:
            cells[index] = cell.model_copy(update=update)
    return solution.model_copy(update={"cells": tuple(cells)})


def edited(source: str, edits: Sequence[Edit]) -> str:
    """`source` after `edits`, which do not overlap."""
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        source = source[: edit.start] + edit.text + source[edit.end :]
    return source


def numbered_mutants(solution: Submission, mutations: Sequence[Mutation]) -> tuple[Mutant, ...]:
    """One for each distinct change that leaves the code readable, numbered from 1."""
    seen: set[tuple[object, ...]] = set()
    found: list[Mutant] = []
    for mutation in mutations:
        submission = mutated(solution, mutation)
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
