"""What lost code could have given: whether something is missing because of it, or was never there."""

from __future__ import annotations

from typing import Any

import pytest
from fictional_recordings import Stage, matched, question_of, reference_lab, submission

from grader.criteria import Case
from grader.criteria.judge import verdict_of
from grader.records import CellFailed, Verdict

MACHINE = {"cause": "machine", "what": "the network", "went_on": True}
MODEL = "net = keras.Sequential([keras.layers.Dense(10)])"
PLOT = "plt.plot(history.history['accuracy'])\nplt.legend()"


def verdict(code: dict[int, str], *failures: dict[str, Any], kind: str = "trained", cells: Any = (4,)) -> Verdict:
    """The verdict of a question that stands in `cells`, where code failed. Other cells import and define only."""
    stage, work = Stage(), submission(8, code={**dict.fromkeys(range(8), "import math"), **code})
    for failure in failures:
        told = {"error": "URLError", "message": "no route to host", "line": 1, "statement": (1, 1)}
        stage.add(CellFailed, failure.pop("cell"), **{**told, **failure})
    asked = question_of("1", {"kind": kind, "points": 2}, model="small_mlp")
    answered, match = matched(asked, stage, cells=cells, work=work)
    return verdict_of(asked.criteria[0], Case(answered, match, reference_lab()))


@pytest.mark.parametrize(
    "lost",
    [
        "net.fit(x, y)",
        "history = train(net)\ndef train(net):\n    return net.fit(x, y)",
        "for rate in (0.1, 0.2):\n    build(rate).fit(x, y)",
        f"{MODEL}",
        "result = run_everything(x)",
    ],
)
def test_lost_code_that_could_have_trained(lost: str) -> None:
    """A training, a function that trains, a network, a function that nobody knows: it may stand there."""
    found = verdict({4: lost}, {"cell": 4, **MACHINE})
    assert found.status == "errored"
    assert "Cell 5, line 1, needs the network" in found.explanation


@pytest.mark.parametrize(
    "lost",
    [
        "import wandb",
        "plt.style.use('old')",
        "from helpers import show",
        "data = open('rows.csv').read()",
        "path = get('a.zip')\ndef get(name):\n    return fetch(name)\ndef fetch(name):\n    return open(name)",
        "plt.plot([1, 2])",
        "print('hello')",
    ],
)
def test_lost_code_that_could_not(lost: str) -> None:
    """An import, a style, a file, a plot, a print: whoever trains nothing elsewhere trained nothing."""
    found = verdict({4: lost}, {"cell": 4, **MACHINE})
    assert found.status == "failed"
    assert "Not in the hand-in" in found.explanation


def test_a_lost_statement_loses_itself_alone() -> None:
    """What stands below it in the cell ran, and is not thought lost."""
    code = {4: f"open('rows.csv')\n{MODEL}\nnet.fit(x, y)"}
    assert verdict(code, {"cell": 4, **MACHINE}).status == "failed"
    assert verdict(code, {"cell": 4, **MACHINE, "went_on": False}).status == "errored"


def test_the_groups_own_error_takes_its_cell_along() -> None:
    """It costs what the cell held, and the sentence names it."""
    found = verdict({4: f"1 / 0\n{MODEL}\nnet.fit(x, y)"}, {"cell": 4, "error": "ZeroDivisionError"})
    assert found.status == "failed"
    assert "Cell 5, line 1, stopped with ZeroDivisionError" in found.explanation


def test_what_follows_has_the_cause_of_its_root() -> None:
    """A cell that only misses what a lost one would have made is lost for the same cause."""
    code = {1: "x = load()\ndef load():\n    return open('x')", 4: f"{MODEL}\nnet.fit(x, y)"}
    follower = {"cell": 4, "error": "NameError", "statement": (2, 2), "follows": 0, **MACHINE}
    found = verdict(code, {"cell": 1, **MACHINE}, follower)
    assert found.status == "errored"
    assert "What cell 5 needs was not made" in found.explanation


def test_both_to_blame_costs_nobody_points() -> None:
    """Where the group's own error and the machine each lost a training, nobody knows which one it was."""
    code = {4: "net.fit(x, y)", 5: "net.fit(a, b)"}
    assert verdict(code, {"cell": 4}, {"cell": 5, **MACHINE}, cells=(4, 5)).status == "errored"


@pytest.mark.parametrize(("kind", "lost"), [("history_plot", PLOT), ("history_plot", "net.fit(x, y)")])
def test_a_figure_needs_its_training(kind: str, lost: str) -> None:
    """A lost drawing, or a lost training, may be why there is no plot of one."""
    assert verdict({4: lost}, {"cell": 4, **MACHINE, "statement": (1, 2)}, kind=kind).status == "errored"
    assert verdict({4: "print(1)"}, {"cell": 4, **MACHINE}, kind=kind).status == "failed"
