"""Comparison that leaves open what a task leaves open."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.testing import assert_allclose


def assert_agrees(actual: Any, *accepted: Any, rtol: float = 1e-5, atol: float = 1e-6) -> None:
    """Raise AssertionError unless `actual` equals one of `accepted`, axes of length 1 left out.

    The first of `accepted` is the one that a report shows as right; another one is shown where only its shape agrees.
    """
    given = np.squeeze(np.asarray(actual))
    wanted = [np.asarray(one) for one in accepted]
    for one in wanted:
        if given.shape == np.squeeze(one).shape and _close(given, np.squeeze(one), rtol, atol):
            return
    fitting = [one for one in wanted if np.squeeze(one).shape == given.shape] or wanted
    assert_allclose(
        np.asarray(actual).reshape(fitting[0].shape) if _fits(given, fitting[0]) else actual,
        fitting[0],
        rtol=rtol,
        atol=atol,
    )


def _fits(given: Any, wanted: Any) -> bool:
    return bool(given.shape == np.squeeze(wanted).shape)


def _close(given: Any, wanted: Any, rtol: float, atol: float) -> bool:
    return bool(np.allclose(given, wanted, rtol=rtol, atol=atol, equal_nan=True))
