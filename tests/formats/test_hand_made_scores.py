"""Scores as groups print them by their own means."""

from __future__ import annotations

import pytest

from grader.formats.keras_summaries import score_in_line


@pytest.mark.parametrize(
    "line",
    [
        "with dropout:    test loss 0.1009  test accuracy 0.9693",
        "sans dropout [0.1009, 0.9693]",
        "Q5 (0.1009, 0.96930)",
        "Conv: loss = 0.1009, accuracy = 96.93 %",
    ],
)
def test_a_label_before_the_values(line: str) -> None:
    """Which model it is may stand before its loss and accuracy, however they are written."""
    assert score_in_line(line, True) == {"loss": 0.1009, "accuracy": 0.9693}


@pytest.mark.parametrize("line", ["shape [28, 28]", "factors [0.5, 0.25]", "Best of 15: [0.1009, 0.9693, 0.95]"])
def test_other_brackets_are_no_scores(line: str) -> None:
    """Shapes, settings and longer lists are no loss with its accuracy."""
    assert score_in_line(line, True) == {}
