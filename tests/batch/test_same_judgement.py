"""Judging keeps what it has read, cut and parsed: that must never show."""

from __future__ import annotations

import gc
from functools import _lru_cache_wrapper
from pathlib import Path

import pytest

from grader.options import Options
from grader.pipeline import judge_submission, reading
from grader.records import Outcome, Recording, Reference
from grader.reports.files import result_json

SAMPLES = sorted(path for path in (Path(__file__).parents[2] / "submissions").iterdir() if path.is_dir())
UNRUN = Recording(testimony="rerun", outcome=Outcome(status="not run", message="not needed here"))


def forget_everything() -> None:
    """Empty every cache of labgrade's own: as if the process had just begun."""
    for kept in gc.get_objects():
        if isinstance(kept, _lru_cache_wrapper) and str(getattr(kept, "__module__", "")).startswith("grader."):
            kept.cache_clear()


def text_of_result(path: Path) -> str:
    read = reading(path, Options())
    reference = Reference(rubric=read.rubric.name, recording=UNRUN.model_copy(update={"testimony": "reference"}))
    return result_json(judge_submission(read, reference, UNRUN, "quick")[0])


@pytest.fixture(scope="module")
def fresh() -> dict[str, str]:
    """The result of each sample from a process that has seen nothing before it."""
    found = {}
    for path in SAMPLES:
        forget_everything()
        found[path.name] = text_of_result(path)
    return found


def test_results_are_the_same_after_any_others(fresh: dict[str, str]) -> None:
    """Byte for byte, forwards and backwards, twice over: what is kept of one submission serves no other wrongly."""
    forget_everything()
    for path in [*SAMPLES, *reversed(SAMPLES)]:
        assert text_of_result(path) == fresh[path.name], path.name
