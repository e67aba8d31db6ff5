"""The workers of these tests find the fictional session of the batch's tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
sys.path.append(str(TESTS / "batch"))


@pytest.fixture(autouse=True, scope="session")
def _workers_find_it() -> None:
    folders = [str(TESTS / "batch"), str(TESTS.parent)]
    os.environ["PYTHONPATH"] = os.pathsep.join([*folders, *filter(None, [os.environ.get("PYTHONPATH")])])
