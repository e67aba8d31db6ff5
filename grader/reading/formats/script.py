"""Python scripts: percent cells, Jupytext's light format, notebooks exported as scripts, and plain scripts.

Formats: https://jupytext.readthedocs.io/en/latest/formats-scripts.html; nbconvert writes `# In[3]:` before each
code cell; Colab writes its text cells as string literals at top level.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grader.errors import UserError
from grader.reading.formats.chunks import chunks
from grader.reading.formats.contents import CELLS_LIMIT, SOURCE_LIMIT, Contents
from grader.reading.formats.decoding import decoded
from grader.reading.passages.code import parsed
from grader.records.submission import Cell

_PERCENT = re.compile(r"#\s?%%(?!%)(.*)$")
_PROSE_TITLE = re.compile(r"\[(?:markdown|md|raw)\]|^\s*(?:markdown|md)\b", re.IGNORECASE)
_EXPORTED = re.compile(r"#\s*In\s?\[\s*(\d{0,6})\s*\]:?\s*$")
_LIGHT_START, _LIGHT_END = re.compile(r"#\s?\+(?:\s|$)"), re.compile(r"#\s?-\s*$")
_FIRST_LINES = re.compile(r"#!|#.*coding[:=]|\s*$")
_PYTHON_2 = re.compile(
    r"^[ \t]*+print[ \t]++[\"'\w]|\b(?:xrange|raw_input)[ \t]*+\("
    r"|^[ \t]*+except[ \t]++\w++[ \t]*+,[ \t]*+\w++[ \t]*+:",
    re.MULTILINE,
)


@dataclass(frozen=True)
class _Part:
    kind: Literal["code", "prose"]
    source: str
    count: int | None = None


def read_script(path: Path, file: str | None = None, data: bytes | None = None) -> Contents:
    """The cells of the script at `path`, numbered from 1, and what was noticed while reading it.

    `file` is its name in messages and cells (default: the path's own), `data` its bytes when they are at hand.
    """
    file = file or path.name
    text, notes = decoded(path.read_bytes() if data is None else data)
    text = text.replace("\r", "\n")
    if not text.strip():
        raise UserError(f"{file} is empty. Ask the group for the file again.")
    parts = [part for part in _parts(text) if part.source.strip()]
    if parsed(text) is None:
        python_2 = _PYTHON_2.search(text)
        notes.append("looks like Python 2, which does not run" if python_2 else "has syntax errors")
    if len(parts) > CELLS_LIMIT:
        notes.append(f"holds {len(parts)} cells, of which the first {CELLS_LIMIT} were read")
    cells = tuple(
        Cell(
            index=index,
            kind=part.kind,
            source=part.source[:SOURCE_LIMIT],
            execution_count=part.count,
            file=file,
            number=index + 1,
        )
        for index, part in enumerate(parts[:CELLS_LIMIT])
    )
    return Contents(cells=cells, notes=tuple(f"{file} {note}." for note in notes))


def _parts(text: str) -> Iterator[_Part]:
    lines = _without_header(text.split("\n"))
    if any(_PERCENT.match(line) for line in lines):
        return _percent_parts(lines)
    if any(_EXPORTED.match(line) for line in lines):
        return _exported_parts(lines)
    if "format_name: light" in text[:2_000] or any(_LIGHT_START.match(line) for line in lines):
        return _light_parts(lines)
    return _plain_parts(text)


def _without_header(lines: list[str]) -> list[str]:
    """`lines` without the interpreter line, the encoding and Jupytext's block between `# ---` lines."""
    start = 0
    while start < len(lines) and _FIRST_LINES.match(lines[start]):
        start += 1
    if start < len(lines) and lines[start].strip() == "# ---":
        for end in range(start + 1, min(start + 60, len(lines))):
            if lines[end].strip() == "# ---":
                return lines[end + 1 :]
    return lines[start:]


def _percent_parts(lines: list[str]) -> Iterator[_Part]:
    prose, body = False, list[str]()
    for line in [*lines, "# %%"]:
        title = _PERCENT.match(line)
        if title is None:
            body.append(line)
            continue
        if prose:
            yield _Part("prose", _uncommented(body))
        else:
            yield _Part("code", _trimmed(body))
        prose, body = bool(_PROSE_TITLE.search(title[1])), []
        words = re.sub(r"\[\w+\]|\w+=\S*|[-#%]{3,}", "", title[1]).strip()
        if words and not prose:
            body.append(f"# {words}")


def _exported_parts(lines: list[str]) -> Iterator[_Part]:
    """nbconvert: code follows its `In[n]:` line, two blank lines end it; the comments after it are a text cell."""
    segment: list[str] = []
    count: int | None = None
    coded = False
    for line in [*lines, "# In[ ]:"]:
        mark = _EXPORTED.match(line)
        if mark is None:
            segment.append(line)
            continue
        code, prose = _code_and_prose(segment) if coded else ([], segment)
        yield _Part("code", _trimmed(code), count)
        for paragraph in re.split(r"\n(?:[ \t]*\n)+", _trimmed(prose)):
            body = paragraph.split("\n")
            yield _Part("prose", _uncommented(body)) if _is_comment(body) else _Part("code", _trimmed(body))
        segment, coded = [], True
        count = int(mark[1]) if mark[1] else None


def _code_and_prose(segment: list[str]) -> tuple[list[str], list[str]]:
    first = next((number for number, line in enumerate(segment) if line.strip()), len(segment))
    for number in range(first, len(segment) - 1):
        ends = not segment[number].strip() and not segment[number + 1].strip()
        if ends and _is_comment([line for line in segment[number:] if line.strip()]):
            return segment[:number], segment[number:]
    return segment, []


def _light_parts(lines: list[str]) -> Iterator[_Part]:
    """Jupytext light: paragraphs; those of comments alone are text; `# +` and `# -` hold longer code together."""
    body: list[str] = []
    held = False
    for line in [*lines, ""]:
        opens, closes = bool(_LIGHT_START.match(line)), held and bool(_LIGHT_END.match(line))
        if opens or closes or (not held and not line.strip()):
            yield from _light_paragraph(body, held)
            body, held = [], opens
        else:
            body.append(line)
    yield from _light_paragraph(body, held)


def _light_paragraph(body: list[str], held: bool) -> Iterator[_Part]:
    if not held and _is_comment(body):
        yield _Part("prose", _uncommented(body))
    else:
        yield _Part("code", _trimmed(body))


def _plain_parts(text: str) -> Iterator[_Part]:
    lines = text.split("\n")
    for chunk in chunks(text):
        source = _trimmed(lines[chunk.start : chunk.end])
        prose = _string_statement(source)
        yield _Part("prose", prose) if prose is not None else _Part("code", source)


def _string_statement(source: str) -> str | None:
    """The text of a chunk that is one string literal and no commented-out code."""
    if not source.lstrip().startswith(('"', "'", "r", "#")):
        return None
    tree = parsed(source)
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
        return None
    value = tree.body[0].value
    if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
        return None
    inner = parsed(value.value)
    holds_code = inner is not None and any(not isinstance(node, ast.Expr | ast.AnnAssign) for node in inner.body)
    comments = [line.lstrip("# ") for line in source.split("\n")[: tree.body[0].lineno - 1]]
    return None if holds_code else "\n".join([*comments, value.value]).strip()


def _is_comment(lines: list[str]) -> bool:
    return bool(lines) and all(line.startswith("#") for line in lines)


def _uncommented(lines: list[str]) -> str:
    if any(line.strip() and not line.startswith("#") for line in lines):
        quoted = _string_statement(_trimmed(lines))
        return quoted if quoted is not None else _trimmed(lines)
    return _trimmed([re.sub(r"^# ?", "", line) for line in lines])


def _trimmed(lines: list[str]) -> str:
    return "\n".join(lines).strip("\n").rstrip()
