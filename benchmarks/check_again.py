"""What an unchanged submission costs the second time, as a share of the first, in one run.

    python benchmarks/check_again.py [SUBMISSION] [OPTION OF labgrade check ...]

Uses a cache of its own, so that the first run trains everything. What follows the submission goes to `labgrade check`:
with `--rubric FOLDER` of a lab that trains nothing, both runs together take seconds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path


def check_seconds(submission: str, more: Sequence[str], folder: Path) -> float:
    """Wall seconds of one `labgrade check`, whose cache and reports lie in `folder`."""
    environment = os.environ | {"LABGRADE_CACHE": str(folder / "cache")}
    command = [sys.executable, "-m", "grader.cli", "check", submission, *more, "--out", str(folder / "reports")]
    started = time.perf_counter()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("submission", nargs="?", default="submissions/group12")
    chosen, more = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        first, again = (check_seconds(chosen.submission, more, Path(folder)) for _ in range(2))
    print(f"first run {first:.1f} s, unchanged again {again:.1f} s: {again / first:.1%}")


if __name__ == "__main__":
    main()
