"""Randomness without a seed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.checks.observations.code import code_text, programs_of
from grader.checks.wording import listed, places
from grader.records.match import Match, Reference
from grader.records.result import Observation
from grader.source.steps import callee

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
