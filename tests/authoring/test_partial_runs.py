"""What has to run again after a change, and what that needs."""

from __future__ import annotations

import pytest

from grader.authoring.partial_runs import Dependencies, OpaqueError

CELLS = {
    0: "import numpy as np\nimport matplotlib.pyplot as plt",
    1: "x = np.arange(4)\ny = x * 2",
    2: "def draw(values):\n    plt.plot(values)\n    plt.show()",
    3: "first = build(x)\nfirst.fit(x, y)",
    4: "second = build(y)\nhistory = second.fit(x, y)",
    5: "draw(history)",
    6: "loss = first.evaluate(x)\nprint(loss)",
    7: "loss = second.evaluate(x)\nprint(loss)",
}


@pytest.mark.parametrize(
    ("cell", "source", "affected", "ran"),
    [
        (7, "loss = second.evaluate(y)", {7}, {0, 1, 4, 7}),
        (3, "first = build(x + 1)\nfirst.fit(x, y)", {3, 6}, {0, 1, 3, 6}),
        (2, "def draw(values):\n    plt.plot(values)", {2, 5}, {0, 1, 2, 4, 5}),
        (1, "x = np.arange(5)\ny = x * 2", {1, 3, 4, 5, 6, 7}, set(range(8))),
        (1, "x = np.arange(4)\ny = x * 2  # twice", set(), set()),
        (6, "pass", {6}, {0, 1, 3, 6}),
    ],
)
def test_a_change_reaches_as_far_as_its_names(cell: int, source: str, affected: set[int], ran: set[int]) -> None:
    """Cells that use what a changed cell makes run again, with what they need; a name bound anew stops it."""
    program = Dependencies({**CELLS, -1: "from labs import build"})
    found = program.affected({cell: source})
    assert found == affected
    assert program.needed(found) - {-1} == ran


def test_a_figure_is_shared_until_it_is_shown() -> None:
    """Cells that draw on one figure belong together; after `show` a new one begins."""
    program = Dependencies(
        {
            0: "import matplotlib.pyplot as plt",
            1: "plt.plot([1])",
            2: "plt.title('one')\nplt.show()",
            3: "plt.plot([2])\nplt.show()",
        }
    )
    assert program.affected({1: "plt.plot([3])"}) == {1, 2}
    assert program.needed(frozenset({3})) == {0, 3}


def test_a_dropped_statement_reaches_its_users() -> None:
    """Where a binding goes, what used it may do something else."""
    program = Dependencies({0: "x = 1", 1: "x = 2", 2: "print(x)"})
    assert program.affected({1: "pass"}) == {1, 2}


@pytest.mark.parametrize("source", ["from numpy import *", "exec('x = 1')", "%matplotlib inline", "globals()['x'] = 1"])
def test_names_from_anywhere_are_not_followed(source: str) -> None:
    """Then the whole program has to run."""
    with pytest.raises(OpaqueError):
        Dependencies({0: source})
