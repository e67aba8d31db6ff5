"""What an unchanged submission costs the second time, as a share of the first, in one run.

    python benchmarks/check_again.py [submission]

Uses a cache of its own, so that the first run trains everything.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def seconds(submission: str, folder: Path) -> float:
    """Wall seconds of one `labgrade check`."""
    environment = os.environ | {"LABGRADE_CACHE": str(folder / "cache")}
    started = time.perf_counter()
    command = [sys.executable, "-m", "grader.cli", "check", submission, "--out", str(folder / "reports")]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def main(submission: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        first, again = (seconds(submission, Path(folder)) for _ in range(2))
    print(f"first run {first:.1f} s, unchanged again {again:.1f} s: {again / first:.1%}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "submissions/group12")
