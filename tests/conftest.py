"""What takes longest begins first, so that two processes (`pytest -n 2 --dist loadfile`) end at about the same time."""

from __future__ import annotations

import pytest

_LONGEST = (
    "test_samples.py",
    "test_hostile.py",
    "test_killed_batch.py",
    "test_solutions.py",
    "test_as_ordinary_user.py",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order of the tests within a file stays."""
    items.sort(key=lambda item: _LONGEST.index(item.path.name) if item.path.name in _LONGEST else len(_LONGEST))
