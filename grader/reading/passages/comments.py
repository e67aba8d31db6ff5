"""Comments in Python code."""

from __future__ import annotations

import ast
import io
import re
import tokenize

from grader.reading.passages.code import masked, parsed

_LINES_LIMIT = 20_000
_MAY_HIDE_ROWS = re.compile(r"\"\"\"|'''|\\\n|\A\s*%%")
"""Strings of several lines, and cells of another language: without them every row that looks so is a comment."""


def _comments(source: str) -> list[tokenize.TokenInfo] | None:
    """Comment tokens of `source`; `None` where it is too long or no Python."""
    if source.count("\n") > _LINES_LIMIT:
        return None
    try:
        found = list(tokenize.generate_tokens(io.StringIO(masked(source)).readline))
    except (tokenize.TokenError, SyntaxError, RecursionError):
        return None
    return [token for token in found if token.type == tokenize.COMMENT]


def comment_rows(source: str) -> list[int]:
    """Rows, from 0, that hold nothing but a comment; rows within strings don't count."""
    candidates = [row for row, line in enumerate(source.split("\n")) if line.lstrip().startswith("#")]
    comments = _comments(source) if candidates and _MAY_HIDE_ROWS.search(source) else None
    if comments is None:
        return candidates
    rows = {token.start[0] - 1 for token in comments}
    return [row for row in candidates if row in rows]


def trailing_comments(source: str) -> list[tuple[int, str]]:
    """Comments behind statements: offset and text."""
    starts = [0]
    for line in source.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return [
        (starts[token.start[0] - 1] + token.start[1], comment_text(token.string))
        for token in _comments(source) or ()
        if token.line[: token.start[1]].strip()
    ]


def comment_text(line: str) -> str:
    """A comment line without its `#` and rulers."""
    return line.strip().lstrip("#").strip().strip("-=*#~_").strip()


def is_code(text: str) -> bool:
    """Whether a comment's text is code that was commented out."""
    tree = parsed(text.strip()) if text.strip() else None
    if tree is None or not tree.body:
        return False
    return not all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Name | ast.Constant) for node in tree.body)
