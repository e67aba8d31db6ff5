"""Cells out of a notebook whose JSON is cut off or damaged."""

from __future__ import annotations

import json
import re
from typing import Any

_DECODER = json.JSONDecoder(strict=False)
_WORK_LIMIT = 60_000_000
_ATTEMPTS_LIMIT = 20_000
_KIND = re.compile(r'"cell_type"\s*+:\s*+"(\w{1,20})"')
_SOURCE = re.compile(r'"(?:source|input)"\s*+:\s*+\[?\s*+')
_COMMA = re.compile(r"\s*+,\s*+")
_STRING_PIECE = re.compile(r'"((?:[^"\\]|\\.)*+)"?', re.DOTALL)


def salvaged_cells(text: str) -> list[dict[str, Any]]:
    """Every whole cell that can still be decoded from `text`, and what is left of the source of the last one.

    Work is bounded: text built so that each brace has to be tried to the end gives what was found by then.
    """
    cells: list[dict[str, Any]] = []
    position, work, attempts = 0, 0, 0
    rest = 0
    while (position := text.find("{", position)) >= 0 and work < _WORK_LIMIT and attempts < _ATTEMPTS_LIMIT:
        try:
            value, end = _DECODER.raw_decode(text, position)
        except json.JSONDecodeError as error:
            attempts += 1
            work += max(1, error.pos - position)
            position += 1
            continue
        except (RecursionError, ValueError):
            break
        if isinstance(value, dict) and isinstance(value.get("cell_type"), str):
            cells.append(value)
            rest = end
        position = end
    last = _cut_cell(text[rest:])
    return [*cells, last] if last else cells


def _cut_cell(text: str) -> dict[str, Any] | None:
    """The cell in the middle of which the file ends."""
    source = _SOURCE.search(text)
    if source is None:
        return None
    lines: list[str] = []
    position = source.end()
    while len(lines) < 10_000 and (piece := _STRING_PIECE.match(text, position)):
        lines.append(_unescaped(piece[1]))
        comma = _COMMA.match(text, piece.end())
        if comma is None:
            break
        position = comma.end()
    if not "".join(lines).strip():
        return None
    kind = _KIND.search(text[: source.start()]) or _KIND.search(text)
    # Keys are stored in alphabetical order, so a cut code cell has named its type before its source.
    return {"cell_type": kind[1] if kind else "markdown", "source": lines, "metadata": {}, "outputs": []}


def _unescaped(body: str) -> str:
    for cut in range(min(7, len(body) + 1)):
        try:
            value = _DECODER.decode(f'"{body[: len(body) - cut]}"')
        except ValueError:
            continue
        return value if isinstance(value, str) else ""
    return ""
