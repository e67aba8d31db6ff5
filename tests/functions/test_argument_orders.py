"""Arguments whose names say little are given in the order that the cases bear out."""

from __future__ import annotations

import pytest
from function_trials import Tried

POOL = """
import numpy as np
def pooling(z, {size}, {stride}):
    rows, columns = range(0, z.shape[0] - {size} + 1, {stride}), range(0, z.shape[1] - {size} + 1, {stride})
    return np.array([[z[i:i + {size}, j:j + {size}].max((0, 1)) for j in columns] for i in rows])
"""


@pytest.mark.parametrize(("size", "stride"), [("s", "st"), ("a", "b"), ("st", "s")])
def test_a_size_and_a_stride_under_short_names(tried: Tried, size: str, stride: str) -> None:
    """What a probe of size 2 and stride 2 does not tell apart, the cases with other strides do."""
    outcome = tried(POOL.format(size=size, stride=stride))["22"]
    assert [case.title for case in outcome.cases if case.status != "passed"] == []
