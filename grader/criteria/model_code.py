"""The hand-in's own code that models are made of."""

from __future__ import annotations

from functools import lru_cache

from grader.code.pixel_arithmetic import ModelCode
from grader.records import Match


def model_code(match: Match, cell: int) -> ModelCode:
    """The classes, functions and `Lambda` layers that the hand-in's code defines up to `cell`, which trains."""
    cells = match.submission.cells
    return _model_code(tuple(one.source for one in cells if one.kind == "code" and one.index <= cell))


@lru_cache(maxsize=32)
def _model_code(sources: tuple[str, ...]) -> ModelCode:
    return ModelCode(sources)
