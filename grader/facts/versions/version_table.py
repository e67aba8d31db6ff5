"""The table of versions: every row, by its key, and what an error of today says of an older version."""

from __future__ import annotations

import re
from functools import cache

from grader.facts.versions import (
    keras_arguments,
    keras_behaviour,
    keras_names,
    plotting,
    python_2,
    scientific,
    tensorflow_1,
)
from grader.facts.versions.difference import Difference

TABLE: dict[str, Difference] = {
    row.key: row
    for rooms in (keras_arguments, keras_names, keras_behaviour, tensorflow_1, scientific, plotting, python_2)
    for row in rooms.rows()
}


def lost(error: str, message: str) -> Difference | None:
    """The row of what an older version had and nothing today means, of which an error speaks; `None` for any other.

    `error` is the exception's class. What fails so fails for another library version's sake, and not the group's.
    """
    said = f"{error}: {message}"
    return next((row for row, pattern in _patterns() if pattern.search(said)), None)


@cache
def _patterns() -> list[tuple[Difference, re.Pattern[str]]]:
    return [(row, re.compile(row.error)) for row in TABLE.values() if row.lost]
