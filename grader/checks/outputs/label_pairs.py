"""Predicted and true labels shown side by side: how many agree, held against the measured accuracy."""

from __future__ import annotations

from collections.abc import Sequence

from grader.checks.wording import accuracy_text

Pair = tuple[str, str]
"""Two class labels that one title or one line shows."""

_FEWEST = 5
_SPREADS = 4.0
"""Standard deviations of a binomial count that no sample of test images strays by chance."""


def disagreement(pairs: Sequence[Pair], accuracy: float | None) -> str:
    """One sentence where far fewer pairs agree than a model of this test accuracy makes likely; empty otherwise.

    The images may have been chosen for being wrong, or the labels may be those of other images: it accuses nobody.
    """
    count = len(pairs)
    if accuracy is None or count < _FEWEST:
        return ""
    agreeing = sum(one.casefold() == other.casefold() for one, other in pairs)
    spread = (count * accuracy * (1.0 - accuracy)) ** 0.5
    if agreeing + 1.0 >= count * accuracy - _SPREADS * spread:
        return ""
    return (
        f"Both labels agree for {agreeing} of {count} images, though the model's test accuracy is "
        f"{accuracy_text(accuracy)}. The images may be chosen among the wrong ones, or the labels may belong to others."
    )
