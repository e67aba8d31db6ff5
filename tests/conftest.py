"""What takes longest begins first, so that the processes (`pytest -n 3 --dist loadfile`) end at about the same time.

Three of them keep two processors busy: one waits for the hostile suite's own processes, and others for limits to pass.
"""

from __future__ import annotations

import pytest

_LONGEST = (
    "test_samples.py",
    "test_hostile.py",
    "test_solutions.py",
    "test_fuzz.py",
    "test_as_ordinary_user.py",
    "test_killed_batch.py",
    "test_batch.py",
    "test_recording.py",
    "test_attacks.py",
    "test_warm_server.py",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order of the tests within a file stays."""
    items.sort(key=lambda item: _LONGEST.index(item.path.name) if item.path.name in _LONGEST else len(_LONGEST))
