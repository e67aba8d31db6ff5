"""Tables of `model.summary()`, in the styles of TensorFlow 1, Keras 2.4 to 2.15 and Keras 3.

The source is `keras.utils.summary_utils.print_summary`: columns of text between rules of `_` and `=`, since Keras 3
a table of box-drawing characters in which long names run over several lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_NAME = re.compile(r"\s*Model:\s*[\"“]?([^\"”]{1,120})")
_TITLE = re.compile(r"[\s│┃|]*Layer \(type")
_TOTAL = re.compile(r"\s*Total params:\s*([\d,.\s]{0,20}\d)")
_ROW = re.compile(
    r"\s*(?P<name>[^\s(│]{1,80})\s+\((?P<type>\w{1,60})\)?\s*(?P<shape>\[?\([^)]{0,80}\)\]?|multiple|\?)\s+(?P<count>\d[\d,]{0,15})(?=\s|$)"
)
_BOX_TYPE = re.compile(r"\((\w{1,60})\)?\s*$")
_COUNT = re.compile(r"\d[\d,]{0,15}")
_LINES_LIMIT = 2_000


@dataclass
class Summary:
    """One table."""

    name: str = ""
    layers: list[tuple[str, str, int]] = field(default_factory=list)
    parameters: int | None = None


def summaries(lines: list[str]) -> list[tuple[int, Summary]]:
    """The tables in `lines`, each with the number of its first line."""
    found: list[tuple[int, Summary]] = []
    current: Summary | None = None
    name, name_line, opened = "", -10, 0
    box: list[str] = []
    for number, line in enumerate(lines):
        line = line[:400]
        if title := _NAME.match(line):
            name, name_line = title[1].strip(), number
        elif _TITLE.match(line):
            close = number - name_line <= 4
            current = Summary(name=name if close else "")
            opened = name_line if close else number
            found.append((opened, current))
            box = []
        elif current is not None:
            if total := _TOTAL.match(line):
                current.parameters = int(re.sub(r"\D", "", total[1]))
                current = None
            elif number - opened > _LINES_LIMIT:
                current = None
            elif "│" in line:
                box = _with_box_line(current, box, line)
            elif row := _ROW.match(line):
                current.layers.append((row["type"], row["shape"], int(row["count"].replace(",", ""))))
    return [(place, summary) for place, summary in found if summary.layers or summary.parameters is not None]


def _with_box_line(summary: Summary, box: list[str], line: str) -> list[str]:
    """The row being read with `line` added; a row is complete when its layer's class and count are known."""
    columns = [column.strip() for column in line.split("│")[1:-1]]
    if len(columns) < 3:
        return box
    begins = bool(_COUNT.match(columns[2]))
    if begins or not box:
        box = columns[:3]
    else:
        box = [f"{before}{' ' if before and after else ''}{after}" for before, after in zip(box, columns, strict=False)]
        if summary.layers and summary.layers[-1][0] == "":
            summary.layers.pop()
    count = _COUNT.match(box[2])
    kind = _BOX_TYPE.search(box[0])
    if count and (begins or kind):
        row = (kind[1] if kind else "", box[1], int(count[0].replace(",", "")))
        if begins or not summary.layers or summary.layers[-1] != row:
            summary.layers.append(row)
    return box
