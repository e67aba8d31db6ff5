"""The one name for an array of any type and shape. Kept apart from the records, which load without NumPy."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
"""Numbers of whatever type: who needs a certain one checks it, and says so in its own signature."""

DType: TypeAlias = np.dtype[Any]
