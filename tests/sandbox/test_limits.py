"""Limits: what a teacher may write, which stands above which, and what is said when one is hit."""

from __future__ import annotations

import signal

import pytest

from grader.commands.command_line import limit_choices
from grader.errors import UserError
from grader.options import effective_limits
from grader.records import LimitChoices
from grader.sandbox.contract import Ended, Limits, limit_hit, verdict_of_exit
from grader.sandbox.processes import outcome_of


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ({"wall": "15 min"}, {"wall_seconds": 900.0, "cpu_seconds": 3600}),
        ({"wall": 90}, {"wall_seconds": 90.0, "cpu_seconds": 360}),
        ({"wall": "2h", "cpu": "90 s"}, {"wall_seconds": 7200.0, "cpu_seconds": 90}),
        ({"memory": "6 GB"}, {"memory_bytes": 6 * 10**9}),
        ({"memory": "6 GiB", "scratch": "1.5g"}, {"memory_bytes": 6 << 30, "scratch_bytes": 3 << 29}),
        ({"processes": 100, "files": "50"}, {"processes": 100, "scratch_files": 50}),
        ({"file_size": "512 MB", "open_files": 64}, {"file_bytes": 512 * 10**6, "open_files": 64}),
        ({"output": "64 KiB"}, {"output_bytes": 1 << 16}),
    ],
)
def test_units(written, means):
    """Times and sizes take the units that people write."""
    limits = effective_limits(LimitChoices.model_validate(written))
    assert limits == Limits(**means)


@pytest.mark.parametrize(
    "written",
    [
        *({"wall": value} for value in ("soon", "-3", 0, "1e9", "999 h", True, [1], "15 parsecs", float("inf"), "")),
        *({"memory": value} for value in (6, "6", "10 MB", "9999 TB", "lots", None.__class__)),
        *({"processes": value} for value in (3, 33.5, "many", 10**9, "100 MB")),
    ],
    ids=str,
)
def test_nonsense_is_refused(written):
    """What is no limit, or makes no sense as one, is a mistake of who wrote it."""
    with pytest.raises(ValueError, match=r"limits?|bytes|out of range|whole number|Limit"):
        LimitChoices.model_validate(written)


def test_choices_travel():
    """Parsed choices are the same after a way through JSON."""
    choices = LimitChoices.model_validate({"wall": "15 min", "memory": "6 GB", "processes": 99})
    assert LimitChoices.model_validate_json(choices.model_dump_json()) == choices


def test_the_command_line_stands_above_the_rubric():
    """Command line over rubric over defaults, limit by limit."""
    rubric = LimitChoices.model_validate({"wall": "10 min", "memory": "2 GiB", "files": 77})
    chosen = limit_choices(memory="4", named=("wall=60s", "open-files=99"))
    expected = Limits(wall_seconds=60.0, cpu_seconds=240, memory_bytes=4 << 30, scratch_files=77, open_files=99)
    assert effective_limits(rubric, chosen) == expected
    assert effective_limits() == Limits()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"named": ("memry=4GB",)}, "Did you mean 'memory'"),
        ({"named": ("memory",)}, "NAME=VALUE"),
        ({"wall": "soon"}, "--wall soon: .*15 min"),
        ({"memory": "4 potatoes"}, "--memory"),
        ({"named": ("processes=2",)}, "--limit processes 2: .*32"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(arguments, says):
    """The option, what is wrong and how it is written."""
    with pytest.raises(UserError, match=says) as error:
        limit_choices(**arguments)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("limit", "observed", "status", "says"),
    [
        ("wall", 900.3, "timed out", "ran for 900.3 s of its own time; 900 s are allowed"),
        ("wall", 900.01, "timed out", "ran for a little more than 900 s of"),
        ("cpu", 1802, "timed out", "1802 s of processor time; 1800 s are"),
        ("memory", (6 << 30) + (700 << 20), "out of memory", "took 6.68 GiB of memory; 6 GiB are allowed"),
        ("memory", (6 << 30) + 4096, "out of memory", "took a little more than 6 GiB of memory; 6 GiB are"),
        ("processes", 300, "killed", "300 processes and threads at once; 256 are"),
        ("files", 20_001, "killed", "made 20,001 files; 20,000 are"),
        ("scratch", 2 << 30, "killed", "had 2 GiB on disk; 1 GiB are"),
    ],
)
def test_a_limit_is_told_with_its_numbers(limit, observed, status, says):
    """Observed and allowed stand side by side, and differ to the eye."""
    verdict = limit_hit(limit, observed, Limits())
    assert verdict.status == status
    assert says in verdict.message
    assert verdict.observed is not None
    assert verdict.observed > verdict.allowed


def ended(code: int, peak_bytes: int = 1 << 20) -> Ended:
    return verdict_of_exit(code, Limits(), 1.0, peak_bytes).report(1.0, peak_bytes=peak_bytes)


@pytest.mark.parametrize(
    ("code", "peak", "output", "status"),
    [
        (-signal.SIGABRT, 1 << 20, b"terminate called after throwing an instance of 'std::bad_alloc'", "out of memory"),
        (-signal.SIGSEGV, 6 << 30, b"", "out of memory"),
        (-signal.SIGSEGV, 1 << 30, b"std::bad_alloc", "crashed"),
        (-signal.SIGABRT, 1 << 20, b"Thread creation via pthread_create() failed.", "killed"),
        (-signal.SIGABRT, 1 << 20, b"assertion failed", "crashed"),
        (3, 6 << 30, b"std::bad_alloc", "crashed"),
        (0, 6 << 30, b"std::bad_alloc", "finished"),
    ],
)
def test_aborts_for_want_of_memory_are_told_as_such(code, peak, output, status):
    """An abort is out of memory where the numbers or the library's last words say so, and a crash otherwise."""
    outcome = outcome_of(ended(code, peak), output, Limits())
    assert outcome.status == status
    assert (outcome.limit is not None) == (status in ("out of memory", "killed"))
