"""Habits that keep a hand-in from running elsewhere or again: paths of one machine, randomness without a seed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.code.syntax import callee
from grader.criteria.wording import clipped, listed, place, places
from grader.observations.common import code_text, programs_of, question_of
from grader.records import Match, Observation, Reference

# Paths that exist on one machine alone.

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


# Randomness without a seed.

_SEEDED = re.compile(
    r"\bseed\s*\(|set_seed|set_random_seed|manual_seed|random_state\s*=|default_rng\s*\(\s*[\w]|RandomState\s*\(\s*[\w]|"
    r"\bseed\s*=|PRNGKey|PYTHONHASHSEED"
)
_DRAWS = re.compile(r"(?:np|numpy|tf|tensorflow|random)(?:\.random)?\.\w{1,40}$")
_DRAWING = frozenset(
    "rand randn random randint normal uniform choice choices sample shuffle permutation standard_normal random_sample "
    "integers randrange".split()
)


def unseeded(match: Match, reference: Reference) -> Iterator[Observation]:
    """Once per submission: trainings and random draws, and nowhere a seed."""
    if _SEEDED.search(code_text(match)):
        return
    fits = sum(len(program.fits) for program in programs_of(match))
    drawing = [step.cell for program in programs_of(match) for step in program.steps if any(map(_draws, step.calls))]
    if not fits and not drawing:
        return
    where = places(match, drawing)
    what = [*(["the start of every training"] if fits else []), *([f"what {listed(where)} draws"] if where else [])]
    yield Observation(
        kind="unseeded",
        question=None,
        message=f"No random seed is set: {listed(what)} is another in every run, and so are the numbers that follow.",
        proof="Looked in all code for `seed`, `set_random_seed`, `random_state`, `default_rng(...)` and their kin.",
    )


def _draws(call: ast.Call) -> bool:
    return callee(call) in _DRAWING and bool(_DRAWS.search(ast.unparse(call.func)))
