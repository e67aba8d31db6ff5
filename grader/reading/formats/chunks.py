"""A plain script cut into cells, so that a statement that fails does not take the rest with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from grader.reading.passages.code import masked, parsed

_PLOTTING = re.compile(r"\b(?:plt|pyplot|ax\w{0,9}|axs|fig\w{0,9}|sns|axes)\s?(?:\[[^\]\n]{1,30}\])?\.\w")
_SHOWN = re.compile(r"\b(?:show|savefig|close)\s*\(")
_LONG_STEP = re.compile(r"\.(?:fit|fit_generator|evaluate|save|summary)\s*\(|\bshow\s*\(")
_NEW_MODEL = re.compile(r"=\s*(?:[\w.]{0,60}\.)?(?:Sequential|Model)\s*\(")
_CONTINUES = re.compile(r"(?:else|elif|except|finally)\b|[)\]}]|\s|#|$|'''|\"\"\"")
_LOOKAHEAD = 40
_PARSES_LIMIT = 4_000


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
    tree = parsed(source)
    if tree is not None:
        spans = [_span(node.lineno, node.end_lineno, getattr(node, "decorator_list", [])) for node in tree.body]
    else:
        spans = list(_recovered_spans(masked(source).split("\n")))
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
        yield Chunk(0, starts[0], parses=parsed("\n".join(lines[: starts[0]])) is not None)
    while position < len(starts):
        first = starts[position]
        reach = next_position = position + 1
        found = False
        while reach < len(bounds) and reach - position <= _LOOKAHEAD and parses < _PARSES_LIMIT:
            parses += 1
            if parsed("\n".join(lines[first : bounds[reach]])) is not None:
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
