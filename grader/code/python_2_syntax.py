"""Python 2 read as Python 3: its statements, operators and numbers rewritten where they stand, line by line.

What is rewritten is what Python 3 refuses to read (https://docs.python.org/3/whatsnew/3.0.html), and four methods of
tables that it has no more. Lines stay where they are, so that what is said of a line is said of the group's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from grader.code.syntax import parse_code
from grader.facts.versions.python_2 import METHODS

_QUOTED = re.compile(
    r"\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|#[^\n]*", re.DOTALL
)
_HEADER = re.compile(r"(?:if|elif|else|for|while|try|except|finally|with|def|class)\b")
_PRINT = re.compile(r"print\b(?![ \t]*(?:=|\.|,|\)|\[|$)|[ \t]+(?:in|is|and|or|if|else)\b)")
_METHOD = re.compile(r"\.(" + "|".join(METHODS) + r")(?=[ \t]*\()")
_OCTAL = re.compile(r"(?<![\w.])0(?=[0-7]+(?![\w.]))")
_LONG = re.compile(r"(?<![\w.])((?:0[xX][0-9a-fA-F]+)|\d+)[lL]\b")
_BACKTICKS = re.compile(r"`([^`\n]+)`")
_DIVISION = re.compile(r"(?<![/<])/(?![/=])")
PYTHON_2_NOTE = "is Python 2, and was read as Python 3 means it ({forms})"
"""What a reader notes of a file or a cell."""
_MOST = 200_000
"""Characters of a cell that are looked at."""


@dataclass(frozen=True)
class Rewritten:
    """A source of Python 2 as Python 3 reads it."""

    source: str
    keys: tuple[str, ...]
    """Rows of the table of versions that were found in it, in order, each once."""


@dataclass(frozen=True)
class _Edit:
    start: int
    end: int
    text: str
    key: str


def as_python_3(source: str) -> Rewritten | None:
    """`source` with its forms of Python 2 in those of Python 3; `None` where it has none, or does not read even so."""
    if len(source) > _MOST:
        return None
    masked = _QUOTED.sub(_blank, source)
    reads = parse_code(source) is not None
    edits = [*_methods(masked), *_printing_to_files(masked)] if reads else [*_statements(masked), *_tokens(masked)]
    if not edits:
        return None
    found = source
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        found = found[: edit.start] + edit.text + found[edit.end :]
    if parse_code(found) is None:
        return None
    keys = [edit.key for edit in sorted(edits, key=lambda edit: edit.start)]
    if not reads and _DIVISION.search(masked) and not re.search(r"__future__ import [^\n]*division", masked):
        keys.append("/")
    return Rewritten(found, tuple(dict.fromkeys(keys)))


def _blank(match: re.Match[str]) -> str:
    """A string or comment of the same length, without anything that could be code; its lines stay lines."""
    text = match[0]
    filler = " " if text.startswith("#") else "_"
    return re.sub(r"[^\n]", filler, text) if filler == " " else "_" * len(text)


def _parts(masked: str) -> Iterator[tuple[int, int]]:
    """(start, end) of each simple statement and each header, without the blanks around it."""
    start = depth = 0
    for at, sign in enumerate(masked + "\n"):
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth = max(depth - 1, 0)
        elif depth or (sign == "\n" and at and masked[at - 1] == "\\"):
            continue
        elif sign in ";\n" or (sign == ":" and _HEADER.match(masked[start:at].lstrip())):
            text = masked[start:at]
            if text.strip():
                first = start + len(text) - len(text.lstrip())
                yield first, first + len(text.strip())
            start = at + 1


def _statements(masked: str) -> Iterator[_Edit]:
    for start, end in _parts(masked):
        text = masked[start:end]
        if _PRINT.match(text) or text == "print":
            yield from _printing(text, start, end)
        elif match := re.match(r"except\b.*?([ \t]*,[ \t]*)\w+$", text, re.DOTALL):
            if _is_outside(text, match.start(1)):
                yield _Edit(start + match.start(1), start + match.end(1), " as ", "except E, e")
        elif match := re.match(r"raise[ \t]+[\w.]+([ \t]*,[ \t]*)", text):
            yield _Edit(start + match.start(1), start + match.end(1), "(", "raise E, text")
            yield _Edit(end, end, ")", "raise E, text")
        elif match := re.match(r"exec([ \t]+)(?![\s(=])", text):
            yield _Edit(start + match.start(1), start + match.end(1), "(", "exec statement")
            if inside := re.search(r"[ \t]+in[ \t]+", text):
                yield _Edit(start + inside.start(), start + inside.end(), ", ", "exec statement")
            yield _Edit(end, end, ")", "exec statement")


def _printing_to_files(masked: str) -> Iterator[_Edit]:
    """`print >>file, a`, which Python 3 reads as something else."""
    for start, end in _parts(masked):
        if re.match(r"print[ \t]*>>", masked[start:end]):
            yield from _printing(masked[start:end], start, end)


def _printing(text: str, start: int, end: int) -> Iterator[_Edit]:
    """`print a, b`, `print a,`, `print >>file, a` and `print` alone."""
    key = "print statement"
    rest = text[len("print") :]
    body = rest.lstrip(" \t")
    at = start + len(text) - len(body)
    if not body:
        yield _Edit(end, end, "()", key)
        return
    if body.startswith("(") and _closing(body) == len(body) - 1:
        return
    last, more = end, ""
    if body.endswith(","):
        last, more = end - 1, ", end=' '"
    if body.startswith(">>"):
        comma = next((place for place, sign in enumerate(body) if sign == "," and _is_outside(body, place)), len(body))
        target = body[2:comma].strip()
        more += f", file={target}"
        first = min(comma + 1, len(body))
        first += len(body[first:]) - len(body[first:].lstrip())
        more = more if body[first:] else more.removeprefix(", ")
        yield _Edit(start + len("print"), at + first, "(", key)
    else:
        yield _Edit(start + len("print"), at, "(", key)
    yield _Edit(last, end, more + ")", key)


def _closing(text: str) -> int:
    """Where the bracket that `text` opens with is closed."""
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        if depth == 0:
            return at
    return -1


def _is_outside(text: str, at: int) -> bool:
    """Whether a place stands in no bracket."""
    before = text[:at]
    return sum(map(before.count, "([{")) == sum(map(before.count, ")]}"))


def _tokens(masked: str) -> Iterator[_Edit]:
    for match in re.finditer("<>", masked):
        yield _Edit(match.start(), match.end(), "!=", "<>")
    for match in _OCTAL.finditer(masked):
        yield _Edit(match.start(), match.end(), "0o", "0777")
    for match in _LONG.finditer(masked):
        yield _Edit(match.end() - 1, match.end(), "", "10L")
    for match in _BACKTICKS.finditer(masked):
        yield _Edit(match.start(), match.start() + 1, "repr(", "`x`")
        yield _Edit(match.end() - 1, match.end(), ")", "`x`")
    yield from _methods(masked)


def _methods(masked: str) -> Iterator[_Edit]:
    """Methods of tables that Python 3 has no more, unless the code defines one of that name."""
    for match in _METHOD.finditer(masked):
        name = match[1]
        if not re.search(rf"\bdef[ \t]+{name}\b", masked):
            yield _Edit(match.start(1), match.end(1), METHODS[name], f".{name}()")
