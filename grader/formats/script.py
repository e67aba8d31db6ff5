"""Python scripts as cells: percent cells, Jupytext's light format, notebooks exported as scripts, and plain scripts.

Formats: https://jupytext.readthedocs.io/en/latest/formats-scripts.html; nbconvert writes `# In[3]:` before each code
cell; Colab writes its text cells as string literals at top level. A plain script is cut into cells, so that a statement
that fails does not take the rest with it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from grader.code.python_2_syntax import PYTHON_2_NOTE, as_python_3
from grader.code.syntax import mask_magics, parse_code
from grader.errors import UserError
from grader.formats.conflicts import beyond, conflict_sides
from grader.formats.reader import CELLS_LIMIT, SOURCE_LIMIT, Contents, Reader, SourceFile
from grader.formats.text import decode_text
from grader.records import Cell

# Plain scripts cut up

_PLOTTING = re.compile(r"\b(?:plt|pyplot|ax\w{0,9}|axs|fig\w{0,9}|sns|axes)\s?(?:\[[^\]\n]{1,30}\])?\.\w")
_SHOWN = re.compile(r"\b(?:show|savefig|close)\s*\(")
_LONG_STEP = re.compile(r"\.(?:fit|fit_generator|evaluate|save|summary)\s*\(|\bshow\s*\(")
_NEW_MODEL = re.compile(r"=\s*(?:[\w.]{0,60}\.)?(?:Sequential|Model)\s*\(")
_CONTINUES = re.compile(r"(?:else|elif|except|finally)\b|[)\]}]|\s|#|$|'''|\"\"\"")
_LOOKAHEAD = 40
"""Unindented lines over which one statement of a broken script is looked for."""
_PARSES_LIMIT = 4_000
"""Runs of lines of one broken script that are tried as Python."""


@dataclass(frozen=True)
class Chunk:
    """Lines `start` to `end` (from 0, end excluded) of a script."""

    start: int
    end: int
    parses: bool = True


def chunks(source: str) -> list[Chunk]:
    """Consecutive chunks that cover every line of `source` that holds anything.

    Cut at blank lines and comments between top-level statements, after trainings and evaluations and before new
    models; statements that draw one figure stay together. Lines that are no Python stand in a chunk of their own.
    """
    lines = source.split("\n")
    tree = parse_code(source)
    if tree is not None:
        spans = [_span(node.lineno, node.end_lineno, getattr(node, "decorator_list", [])) for node in tree.body]
    else:
        spans = list(_recovered_spans(mask_magics(source).split("\n")))
    statements = _with_leading_comments(spans, lines)
    return list(_grouped(statements, lines))


def _span(first: int, last: int | None, decorators: list[object]) -> Chunk:
    start = min([first, *(getattr(decorator, "lineno", first) for decorator in decorators)])
    return Chunk(start - 1, last or first)


def _recovered_spans(lines: list[str]) -> Iterator[Chunk]:
    """Smallest runs of lines that are Python; what fits into none of them is broken and stands alone."""
    starts = [number for number, line in enumerate(lines) if not _CONTINUES.match(line)]
    bounds = [*starts, len(lines)]
    parses = 0
    position = 0
    if starts and starts[0] > 0 and any(line.strip() and not line.startswith("#") for line in lines[: starts[0]]):
        yield Chunk(0, starts[0], parses=parse_code("\n".join(lines[: starts[0]])) is not None)
    while position < len(starts):
        first = starts[position]
        reach = next_position = position + 1
        found = False
        while reach < len(bounds) and reach - position <= _LOOKAHEAD and parses < _PARSES_LIMIT:
            parses += 1
            if parse_code("\n".join(lines[first : bounds[reach]])) is not None:
                found, next_position = True, reach
                break
            reach += 1
        yield Chunk(first, bounds[next_position], parses=found)
        position = next_position


def _with_leading_comments(spans: list[Chunk], lines: list[str]) -> list[Chunk]:
    """Statements that share a line become one; comments before a statement belong to it."""
    statements: list[Chunk] = []
    for span in spans:
        end = span.end
        while end > span.start + 1 and not lines[end - 1].strip():
            end -= 1
        if statements and span.start < statements[-1].end:
            last = statements.pop()
            statements.append(Chunk(last.start, max(last.end, end), last.parses and span.parses))
            continue
        start = statements[-1].end if statements else 0
        while start < span.start and not lines[start].strip():
            start += 1
        statements.append(Chunk(start, end, span.parses))
    tail = statements[-1].end if statements else 0
    if any(line.strip() for line in lines[tail:]):
        statements.append(Chunk(tail, len(lines)))
    return statements


def _grouped(statements: list[Chunk], lines: list[str]) -> Iterator[Chunk]:
    group: list[Chunk] = []
    drawing = False
    for statement in statements:
        text = "\n".join(lines[statement.start : statement.end])
        draws = bool(_PLOTTING.search(text))
        if group and not (drawing and draws) and _is_cut(group[-1], statement, lines, text):
            yield Chunk(group[0].start, group[-1].end, group[0].parses)
            group, drawing = [], False
        group.append(statement)
        drawing = (drawing or draws) and not _SHOWN.search(text)
    if group:
        yield Chunk(group[0].start, group[-1].end, group[0].parses)


def _is_cut(before: Chunk, after: Chunk, lines: list[str], text: str) -> bool:
    if not before.parses or not after.parses:
        return True
    previous = "\n".join(lines[before.start : before.end])
    return (
        after.start > before.end
        or lines[after.start].lstrip().startswith("#")
        or bool(_LONG_STEP.search(previous))
        or bool(_NEW_MODEL.search(text))
    )


# Scripts of every format

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
    runs: bool = True
    """False for what stands on the other side of a conflict alone."""


def read_script(source: SourceFile) -> Contents:
    """The cells of a script, numbered from 1, and what was noticed while reading it.

    Raises `UserError` when it is empty.
    """
    file = source.name
    text, notes = decode_text(source.data)
    text = text.replace("\r", "\n")
    if not text.strip():
        raise UserError(f"{file} is empty. Ask the group for the file again.")
    sides = conflict_sides(text)
    others: list[tuple[int, _Part]] = []
    if sides is not None:
        # The first of equals is the group's own state.
        text = max(sides, key=lambda side: (parse_code(side) is not None, len(side)))
        other = sides[0] if text == sides[1] else sides[1]
        others = beyond(_filled_parts(text), _filled_parts(other), lambda part: part.source)
        notes.append("holds conflicts of git; the fuller side of them was run, and the other one is shown")
    rewritten = as_python_3(text)
    if rewritten is not None:
        text = rewritten.source
        notes.append(PYTHON_2_NOTE.format(forms=", ".join(rewritten.keys)))
    parts = _filled_parts(text)
    for place, part in reversed(others):
        parts.insert(place, replace(part, runs=False))
    if parse_code(text) is None:
        python_2 = _PYTHON_2.search(text)
        notes.append("looks like Python 2, which does not run" if python_2 else "has syntax errors")
    if len(parts) > CELLS_LIMIT:
        notes.append(f"holds {len(parts)} cells, of which the first {CELLS_LIMIT} were read")
    cells = tuple(
        Cell(
            index=index,
            kind=part.kind,
            source=part.source[:SOURCE_LIMIT],
            unrun="" if part.runs or part.kind == "prose" else "damaged",
            execution_count=part.count,
            file=file,
            number=index + 1,
        )
        for index, part in enumerate(parts[:CELLS_LIMIT])
    )
    return Contents(cells=cells, notes=tuple(f"{file} {note}." for note in notes))


def _filled_parts(text: str) -> list[_Part]:
    return [part for part in _parts(text) if part.source.strip()]


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
            text, code = _words_and_code(body)
            yield _Part("prose", _uncommented(text))
            yield _Part("code", _trimmed(code))
        else:
            yield _Part("code", _trimmed(body))
        prose, body = bool(_PROSE_TITLE.search(title[1])), []
        words = re.sub(r"\[\w+\]|\w+=\S*|[-#%]{3,}", "", title[1]).strip()
        if words and not prose:
            body.append(f"# {words}")


def _words_and_code(body: list[str]) -> tuple[list[str], list[str]]:
    """The lines of a text cell, and those of code that was written below its comments or its docstring.

    A text cell whose lines are no comments, and which does nothing as Python, is text as a whole.
    """
    tree = parse_code("\n".join(body))
    if tree is None:
        return body, []
    first = next((statement for statement in tree.body if not _is_text(statement)), None)
    if first is None or not any(_does_something(statement) for statement in tree.body):
        return body, []
    start = min([first.lineno, *(one.lineno for one in getattr(first, "decorator_list", ()))]) - 1
    # A comment right above the code belongs to it, if words stand before it.
    while start > 1 and body[start - 1].startswith("#") and any(not line.startswith("#") for line in body[:start]):
        start -= 1
    return body[:start], body[start:]


def _is_text(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _does_something(statement: ast.stmt) -> bool:
    """Whether a statement is code that someone wrote as such: `Result: good` and `yes` parse as Python, too."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Call)
    return not (isinstance(statement, ast.AnnAssign) and statement.value is None)


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
    tree = parse_code(source)
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
        return None
    value = tree.body[0].value
    if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
        return None
    inner = parse_code(value.value)
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


READER = Reader(name="script", title="a script", suffixes=(".py",), form="script", rank=10, read=read_script)
