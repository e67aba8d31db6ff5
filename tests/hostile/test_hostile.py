"""Attacks through the real `check`, as root and as an ordinary user, under each provider that the machine allows.

The attacks that `SAMPLE` names run always, the others with `-m long`; `-m '' -k NAME` runs one alone. A pass makes what
the tests that were chosen ask for, and no more.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hostile_attack import HERE
from hostile_table import BY_GROUP, PASSES, SAMPLE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]

ROOT = HERE.parents[1]
_ORDINARY = ROOT / "tests" / "sandbox" / "ordinary_user.py"
_AT_ONCE = 3
NONE = "none"
"""The name of no attack: a pass that is given it starts, and ends."""
_MANY = 120
"""Attacks above which a pass is made in two parts, each of which pays for a start: all passes end at about one time."""
_SECONDS = 2000
"""After which a pass is taken to hang, however busy the machine."""

Lines = list[dict[str, Any]]


def asked(name: str, attack: str | None = None) -> tuple[pytest.MarkDecorator, ...]:
    """The marks of pass `name`, or of one of its attacks: what no sample asks for is `long`."""
    wanted = SAMPLE.get(name, ())
    return () if wanted and (attack is None or attack in wanted) else (pytest.mark.long,)


@pytest.fixture(scope="module")
def passes(request: pytest.FixtureRequest) -> Iterator[dict[str, list[Future[Lines]]]]:
    """All passes, the long one in two parts, three parts at a time: most attacks wait for a limit."""
    chosen: dict[str, set[str]] = {}
    for item in request.session.items:
        if item.path == request.path and isinstance(item, pytest.Function) and "name" in item.callspec.params:
            chosen.setdefault(item.callspec.params["name"], set()).add(item.callspec.params.get("attack", ""))
    with ThreadPoolExecutor(_AT_ONCE) as pool, tempfile.TemporaryDirectory() as folder:
        running = {}
        for name, (provider, user, groups) in PASSES.items():
            attacks = [one.name for group in groups for one in BY_GROUP[group] if one.name in chosen.get(name, ())]
            if name not in chosen or (user == "ordinary" and os.getuid() != 0):
                continue
            half = len(attacks) // 2 + 1
            running[name] = []
            for number, part in enumerate((attacks[:half], attacks[half:]) if len(attacks) > _MANY else (attacks,)):
                place = Path(folder) / f"{name.replace(' ', '-')}-{number}"
                place.mkdir()
                running[name].append(pool.submit(finished_pass, place, provider, user, part or [NONE]))
        Path(folder).chmod(0o755)
        yield running


def finished_pass(place: Path, provider: str, user: str, attacks: list[str]) -> Lines:
    """What one pass found."""
    command = [sys.executable, str(HERE / "hostile_pass.py"), provider, str(place), *attacks]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    if user == "ordinary":
        # What measures coverage here writes where that user may not.
        environment = {name: value for name, value in environment.items() if not name.startswith("COV")}
        command = [sys.executable, str(_ORDINARY), str(place), *command]
    ran = subprocess.Popen(
        command, env=environment, cwd=HERE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        _, errors = ran.communicate(timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        ran.kill()
        errors = f"the pass was given up after {_SECONDS} s: {ran.communicate()[1]}"
    told = place / f"{provider}.jsonl"
    lines = [json.loads(line) for line in told.read_text().splitlines()] if told.exists() else []
    shutil.rmtree(place / "work", ignore_errors=True)
    return [*lines, {"returned": ran.returncode, "errors": errors[-4000:]}]


@pytest.mark.parametrize("name", [pytest.param(name, marks=asked(name)) for name in PASSES])
def test_a_pass_ran(passes: dict[str, list[Future[Lines]]], name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Which user and provider ran how many attacks is printed, and why one did not."""
    first, last = lines_of(passes, name)[0], lines_of(passes, name)[-1]
    with capsys.disabled():
        said = first.get("unavailable") or f"{first.get('provider')}, user {first.get('user')}"
        print(f"\nhostile pass “{name}”: {said}")
    if "unavailable" in first:
        pytest.skip(first["unavailable"])
    assert last["returned"] == 0, last["errors"]
    assert first["provider"] == PASSES[name][0]
    assert (first["user"] == 0) == (os.getuid() == 0 and PASSES[name][1] == "current")


@pytest.mark.parametrize(
    ("name", "attack"),
    [
        pytest.param(name, attack.name, marks=asked(name, attack.name))
        for name, (_, _, groups) in PASSES.items()
        for group in groups
        for attack in BY_GROUP[group]
    ],
)
def test_an_attack_comes_to_nothing(passes: dict[str, list[Future[Lines]]], name: str, attack: str) -> None:
    """Nothing is read, reached, left behind, gained or disturbed."""
    lines = lines_of(passes, name)
    if "unavailable" in lines[0]:
        pytest.skip(lines[0]["unavailable"])
    found = [line["found"] for line in lines if line.get("attack") == attack]
    assert found, f"the pass did not come to it: {lines[-1]['errors']}"
    assert found == [[]]


def lines_of(passes: dict[str, list[Future[Lines]]], name: str) -> Lines:
    """What pass `name` wrote; skips where it cannot be had."""
    if name not in passes:
        pytest.skip("the other passes already run as an ordinary user")
    parts = [part.result() for part in passes[name]]
    for lines in parts:
        if "cannot become an ordinary user" in lines[-1]["errors"]:
            pytest.skip(lines[-1]["errors"].strip())
    first = parts[0][0] if len(parts[0]) > 1 else {}
    last = max((lines[-1] for lines in parts), key=lambda line: abs(line["returned"]))
    return [first, *(line for lines in parts for line in lines[1:-1]), last]
