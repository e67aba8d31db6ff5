"""The whole of the attacks and of the server's life once more, for an ordinary user, where the tests run as root."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile

import pytest
from sandbox_helpers import HERE

pytestmark = [
    pytest.mark.skipif(os.getuid() != 0, reason="the other tests already run as an ordinary user"),
    pytest.mark.timeout(1800),
]

SAME_FOR_EVERY_USER = (
    "not processor_time and not sleep and not bit_by_bit and not flood and not huge and not many_files"
)


@pytest.mark.parametrize(
    "module",
    [
        *(pytest.param(name, marks=pytest.mark.long) for name in ("test_attacks.py", "test_warm_server.py")),
        "test_probing.py",
    ],
)
def test_an_ordinary_user_is_as_safe(module):
    """Without root's rights the same attacks fail and the same promises hold."""
    chosen = ["-p", "no:cacheprovider", "-x", "-m", "", "-k", SAME_FOR_EVERY_USER, str(HERE / module)]
    # What measures coverage here writes where that user may not.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST_"))}
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, str(HERE / "ordinary_user.py"), home, sys.executable, "-m", "pytest", *chosen]
        ran = subprocess.run(command, cwd=HERE.parents[1], env=environment, capture_output=True, text=True)
    if "cannot become an ordinary user" in ran.stderr:
        pytest.skip(ran.stderr.strip())
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    assert re.search(r"\d+ passed", ran.stdout)
