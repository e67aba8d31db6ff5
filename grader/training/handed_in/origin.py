"""Which handed-in file a model's weights come from."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from grader.records.submission import DataFile
from grader.training.handed_in.weight_files import ENDINGS, UnreadableWeightsError, weight_arrays
from grader.training.pool import array_digest

Array = NDArray[Any]
_FEWEST = 100
"""Numbers of an array that two models do not share by chance; fresh biases are all zero."""

logger = logging.getLogger(__name__)


class HandedInWeights:
    """The weights in a submission's own files, read when they are first asked for."""

    def __init__(self, files: Sequence[DataFile]) -> None:
        self._files = [file for file in files if file.path.lower().endswith(ENDINGS)]

    @cached_property
    def _known(self) -> dict[str, str]:
        """Digest of an array -> path of its file."""
        known: dict[str, str] = {}
        for file in self._files:
            try:
                arrays = weight_arrays(file.path, file.content)
            except UnreadableWeightsError as why:
                logger.info("%s holds no weights that are read: %s", file.path, why)
                continue
            for array in arrays:
                if array.size >= _FEWEST:
                    known.setdefault(array_digest(array), file.path)
        return known

    def origin(self, weights: Sequence[Array]) -> str | None:
        """The file that all large arrays of `weights` stand in; `None` when there is no such file."""
        large = [array for array in weights if array.size >= _FEWEST]
        if not self._files or not large:
            return None
        paths = {self._known.get(array_digest(array)) for array in large}
        return paths.pop() if len(paths) == 1 else None
