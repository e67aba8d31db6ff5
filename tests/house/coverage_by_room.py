"""A table of line and branch coverage, a row a room: `python tests/house/coverage_by_room.py COVERAGE.json`.

Read from the report of `coverage json`. What runs in the sandbox is not in it: its environment is closed, and coverage
of a student's process would be the student's word.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any

COUNTED = ("covered_lines", "num_statements", "covered_branches", "num_branches")


def rooms(report: dict[str, Any]) -> dict[str, Counter[str]]:
    """Room -> its counts, with "all" at the end; a module directly in the package stands under its own name.

    Copies of the package elsewhere, named by a path from the root, are passed over.
    """
    found: dict[str, Counter[str]] = {}
    for name, file in sorted(report["files"].items()):
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if parts[0] != "grader":
            continue
        room = parts[1].removesuffix(".py")
        for place in (room, "all"):
            found.setdefault(place, Counter()).update({key: file["summary"][key] for key in COUNTED})
    return {room: found[room] for room in [*(room for room in found if room != "all"), "all"] if room in found}


def share(part: int, whole: int) -> str:
    """In per cent, or nothing where there is nothing to cover."""
    return f"{part / whole:7.1%}" if whole else "       "


def table(report: dict[str, Any]) -> str:
    """The rows, with the number of statements and branches beside the shares that were run."""
    rows = [f"{'room':14}{'statements':>11}{'run':>8}{'branches':>10}{'taken':>8}"]
    for room, counts in rooms(report).items():
        if not counts["num_statements"]:
            continue
        lines = share(counts["covered_lines"], counts["num_statements"])
        branches = share(counts["covered_branches"], counts["num_branches"])
        rows.append(f"{room:14}{counts['num_statements']:11}{lines:>8}{counts['num_branches']:10}{branches:>8}")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
