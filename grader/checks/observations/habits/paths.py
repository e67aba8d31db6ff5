"""Paths that exist on one machine alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.checks.observations.code import programs_of
from grader.checks.observations.placing import question_of
from grader.checks.wording import clipped, listed, place
from grader.records.match import Match, Reference
from grader.records.result import Observation

_ABSOLUTE = re.compile(
    r"(?:[A-Za-z]:[\\/]{1,2}[\w. -]|/(?:home|Users|mnt|media|content/drive|kaggle|Volumes)/\w|~[\\/]\w|\\\\\w+\\\w)"
)
_MOST = 4


def absolute_paths(match: Match, reference: Reference) -> Iterator[Observation]:
    """Once per submission: strings in the code that are paths of the group's own machine or drive."""
    found: dict[str, int] = {}
    for program in programs_of(match):
        for step in program.steps:
            # A docstring, or a string that stands alone, is a remark.
            if isinstance(step.node, ast.Expr) and isinstance(step.node.value, ast.Constant):
                continue
            for part in step.parts:
                for node in part:
                    text = node.value if isinstance(node, ast.Constant) else None
                    if isinstance(text, str) and len(text) < 400 and "\n" not in text and _ABSOLUTE.match(text):
                        found.setdefault(text, step.cell)
    if found:
        shown = [f"'{clipped(text, 80)}' ({place(match, cell)})" for text, cell in list(found.items())[:_MOST]]
        more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
        yield Observation(
            kind="absolute_path",
            question=question_of(match, list(found.values())[:1]),
            message=f"The code uses paths that exist on one machine or in one account alone: {listed(shown)}{more}.",
            proof="Strings in the code that begin with a drive, a home folder or a mounted drive.",
        )
