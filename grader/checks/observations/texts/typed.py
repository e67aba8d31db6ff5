"""Results that stand in the code as numbers instead of being taken from a training."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.checks.observations.code import programs_of
from grader.checks.observations.placing import question_of
from grader.checks.wording import capitalised, listed, place
from grader.records.match import Match, Reference
from grader.records.recording import LoggedScore, LoggedTraining
from grader.records.result import Observation
from grader.source.calls import text_of
from grader.source.program import Program
from grader.source.steps import callee, targets_of

_RESULT = re.compile(r"acc|loss|score|result|history|träff|noggrann|genauig", re.IGNORECASE)
_SETTING = re.compile(
    r"rate|lr|factor|drop|lambda|l2|decay|target|goal|hinton|weight|threshold|limit|min_delta|[<>≥≤]|at least|over|"
    r"above|below|under|reach",
    re.IGNORECASE,
)
_STATED = re.compile(r"(?:acc|loss)[^\d{}%]{0,40}(0[.,]\d{3,})", re.IGNORECASE)
_LEAST = 3
_DIGITS = 3


def typed_results(match: Match, reference: Reference) -> Iterator[Observation]:
    """Lists of at least three accuracies or losses, and printed ones, that are written out in the code."""
    logged = _logged(match)
    # Numbers that the lab itself gives, such as a result to compare with, are no results of the group's.
    given = " ".join(f"{q.title} {q.asks} {' '.join(q.cues)}" for q in match.rubric.questions)
    for program in programs_of(match):
        for cell, line, numbers, what in _typed(program, logged):
            if any(number.lstrip("0") in given for number in numbers):
                continue
            where = f"{place(match, cell)}, line {line}"
            yield Observation(
                kind="typed_result",
                question=question_of(match, [cell]),
                message=(
                    f"{capitalised(where)}: {what} {listed(numbers[:5])} as numbers in the code; they may have been "
                    "typed in by hand, and don't change when the code runs again."
                ),
                proof=f"{where}: the numbers are constants, not read from a history or an evaluation.",
            )


def _typed(program: Program, logged: set[float]) -> Iterator[tuple[int, int, list[str], str]]:
    for step in program.steps:
        names = targets_of(step.node) if isinstance(step.node, ast.Assign) else []
        named = any(_RESULT.search(name) for name in names) and not any(_SETTING.search(name) for name in names)
        for part in step.parts:
            for node in part:
                values = _numbers(node)
                fine = [value for value in values if _digits(value) >= _DIGITS and 0.0 < value < 10.0]
                if len(set(fine)) < _LEAST or len(fine) < len(values):
                    continue
                if named or all(round(value, 4) in logged for value in fine):
                    what = f"`{names[0]}` holds" if names else "a list holds"
                    yield step.cell, step.line, [f"{value:g}" for value in fine], what
        for call in step.calls:
            for text in map(text_of, call.args if callee(call) == "print" else ()):
                stated = [number for number in _STATED.findall(text[:500]) if not _SETTING.search(text)]
                if stated:
                    yield step.cell, call.lineno, stated, "a text that is printed states"


def _numbers(node: ast.AST) -> list[float]:
    """The numbers of a list, a tuple or a table's values, all written out; empty when any is not."""
    if isinstance(node, ast.List | ast.Tuple):
        parts = node.elts
    elif isinstance(node, ast.Dict):
        parts = node.values
    else:
        return []
    found = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, float)]
    return found if len(found) == len(parts) else []


def _digits(value: float) -> int:
    """Significant digits as a person would write the number: 0.0001 has one, 0.9626 has four."""
    text = f"{value:.10f}".rstrip("0").replace(".", "").lstrip("0")
    return len(text)


def _logged(match: Match) -> set[float]:
    found: set[float] = set()
    for event in match.saved.events:
        if isinstance(event, LoggedTraining):
            found |= {round(value, 4) for epoch in event.epochs for value in epoch.metrics.values()}
        elif isinstance(event, LoggedScore):
            found |= {round(value, 4) for value in event.metrics.values()}
    return found
