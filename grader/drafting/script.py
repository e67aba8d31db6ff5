"""A teacher's solution as a script with percent cells, whatever it was written in."""

from __future__ import annotations

import ast

from grader.records.submission import Submission


def percent_script(solution: Submission) -> str:
    """The cells of `solution` under `# %%` lines. Magics, which are no Python, are commented out."""
    parts = []
    for cell in solution.cells:
        if cell.kind == "prose":
            lines = [f"# {line}".rstrip() for line in cell.source.split("\n")]
            parts.append("\n".join(["# %% [markdown]", *lines]))
        elif cell.source.strip():
            parts.append(f"# %%\n{_plain(cell.source)}")
    return "\n\n".join(parts) + "\n"


def _plain(source: str) -> str:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        lines = source.split("\n")
        magic = [line.lstrip().startswith(("%", "!")) for line in lines]
        whole = bool(lines) and lines[0].lstrip().startswith("%%")
        pairs = zip(lines, magic, strict=True)
        return "\n".join(f"# {line}" if whole or is_magic else line for line, is_magic in pairs)
    return source
