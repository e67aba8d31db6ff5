"""Listings of a document: which lines are code, which are what it printed, and code made Python again.

A page turns quotes into typographic ones, wraps lines and marks where it did: `mend_code` undoes it.
"""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections.abc import Iterator
from typing import Literal

from grader.code.syntax import mask_magics, parse_code
from grader.formats.keras_logs import epoch_header, is_callback_line, progress_line
from grader.formats.keras_summaries import score_in_line

# Code and output told apart

Kind = Literal["code", "output", "prose"]
_Label = Literal["code", "output", "either", "blank"]

_LINES_LIMIT = 20_000
"""Lines of one listing."""
_OPEN_LIMIT = 80
"""Lines after which a bracket that was never closed no longer holds what follows."""
_PROMPT = re.compile(r"\s*(?:>>> ?|\.{3,8}: ?|\.\.\.(?: |$)|In ?\[\d{0,5}\]: ?)")
_CODE = re.compile(
    r"\s*(?:import\s+\w|from\s+[\w.]+\s+import\b|def\s+\w+\s*\(|class\s+\w+\s*[(:]|@\w|(?:for|while|if|elif|with)\b.*:\s*(?:#.*)?$"
    r"|(?:else|try|finally|except\b.*)\s*:|return\b|%\w|!\w|print\s*\(|del\s+\w|assert\s|lambda\b"
    r"|[A-Za-z_][\w.]*(?:\[[^\]=]{0,80}\])?\s*[-+*/]?=(?!=)\s*\S|[A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)+\s*=(?!=)"
    r"|\(\s*[A-Za-z_]\w*\s*,.{0,200}\)\s*=(?!=)"
    r"|[A-Za-z_]\w*(?:\.\w+)+\s*\(|[A-Za-z_]\w*\(.*\)\s*(?:#.*)?$)"
)
_COMMENT = re.compile(r"\s*#")
_OUTPUT = re.compile(
    r"\s*(?:\d{1,9}/\d{1,9}\s*\[[=>.]*|Model:\s|Layer \(type|_{10,}|={10,}|-{10,}|[┏┃┡│├└━─]"
    r"|(?:Total|Trainable|Non-trainable|Optimizer) params"
    r"|Train on \d+|Requirement already|Looking in indexes|Collecting \w|Downloading|Installing collected|Successfully"
    r"|Traceback \(most|Error:|<[\w.]+ (?:object )?at 0x|array\(|Found \d+|Found existing"
    r"|[\w ]{2,40}:\s*[-+]?\d+(?:\.\d+)?\s*$"
    r"|WARNING|INFO:|\d{4}-\d\d-\d\d \d\d:|\w*Error\b.{0,10}:|\[name:|name: \"/device|physical_device|dtype[:=])"
)
_WARNING = re.compile(r"^\S{0,300}\.py:\d{1,6}: \w{0,40}Warning: ")
_QUOTED = re.compile(r"  (?! )")
"""Python quotes the line that warned, two blanks in."""
_WARNING_LINES = 6
"""A warning and the lines after it among which Python may quote the one that warned."""
_NUMBERS = re.compile(r"[-+\d.,eE\s\[\]()]+$")
"""Nothing but numbers and brackets."""
_ROW = re.compile(r"\s*[\w./ -]{1,60}\s+\((?:\w+)\)?\s+\[?\((?:None|\d).{0,60}\)?\]?\s+\d")


def parts(text: str) -> list[tuple[Kind, str]]:
    """The consecutive parts of a listing: code, printed text, and `prose` where nothing speaks for either."""
    lines = text.split("\n")[:_LINES_LIMIT]
    labels = _labels(lines)
    if not any(label in ("code", "output") for label in labels):
        return [("prose", text)] if text.strip() else []
    runs = [(kind, body) for kind, body in _runs(lines, labels) if body.strip()]
    return [(_settled(kind, body), body) for kind, body in runs]


def strip_prompts(text: str) -> str:
    """`text` without the prompts of an interactive session, when it is one: printed lines are then left as they are."""
    lines = text.split("\n")
    marked = [line for line in lines if _PROMPT.match(line)]
    if not marked or 3 * len(marked) < len([line for line in lines if line.strip()]):
        return text
    return "\n".join(_PROMPT.sub("", line, count=1) for line in lines)


def is_code_line(line: str) -> bool:
    """Whether `line` has the shape of a Python statement."""
    return bool(_CODE.match(line)) and not _is_output(line)


def _is_output(line: str) -> bool:
    if len(line) > 2_000:
        return True
    if _OUTPUT.match(line) or _ROW.match(line) or is_callback_line(line) or epoch_header(line):
        return True
    return bool(progress_line(line)) or (any(c.isdigit() for c in line) and bool(_NUMBERS.match(line[:400])))


def _labels(lines: list[str]) -> list[_Label]:
    labels: list[_Label] = []
    opened, depth, quote = 0, 0, ""
    warned = 0
    for line in lines:
        warned = _WARNING_LINES if _WARNING.search(line[:2_000]) else max(0, warned - 1)
        inside = depth > 0 or bool(quote)
        if inside and opened < _OPEN_LIMIT and not (depth and not quote and _is_log(line)):
            labels.append("code")
            opened += 1
            depth, quote = _depth(line, depth, quote)
            continue
        depth, quote, opened = 0, "", 0
        if not line.strip():
            labels.append("blank")
        elif _is_output(line) or warned == _WARNING_LINES or (warned and _QUOTED.match(line)):
            labels.append("output")
        elif _CODE.match(line):
            labels.append("code")
            depth, quote = _depth(line, 0, "")
        elif _COMMENT.match(line):
            labels.append("code")
        elif score_in_line(line, evaluated=False):
            labels.append("output")
        else:
            labels.append("either")
    return labels


def _is_log(line: str) -> bool:
    if progress_line(line) or epoch_header(line):
        return True
    # An argument `loss=0.5` is no score; one that stands at the left edge and says what it is, is.
    return "=" not in line and not line[:1].isspace() and bool(score_in_line(line, evaluated=False))


def _depth(line: str, depth: int, quote: str) -> tuple[int, str]:
    """Open brackets and open triple quotes after `line`."""
    position = 0
    while position < len(line):
        if quote:
            end = line.find(quote, position)
            if end < 0:
                return depth, quote if len(quote) == 3 else ""
            position, quote = end + len(quote), ""
            continue
        sign = line[position]
        if sign == "#":
            break
        if sign in "\"'":
            quote = sign * 3 if line.startswith(sign * 3, position) else sign
            position += len(quote)
            continue
        depth += (sign in "([{") - (sign in ")]}")
        position += 1
    return max(depth, 0), quote if len(quote) == 3 else ""


def _runs(lines: list[str], labels: list[_Label]) -> Iterator[tuple[Literal["code", "output"], str]]:
    """Lines of one label together; undecided ones belong to what stands before them."""
    first = next(label for label in labels if label in ("code", "output"))
    kind: Literal["code", "output"] = "code" if first == "code" else "output"
    body: list[str] = []
    for number, (line, label) in enumerate(zip(lines, labels, strict=True)):
        if label == "either" and kind == "code" and number and labels[number - 1] == "blank" and _is_last_word(line):
            label = "code"
        if label in ("code", "output") and label != kind:
            yield kind, "\n".join(body)
            body, kind = [], "code" if label == "code" else "output"
        body.append(line)
    yield kind, "\n".join(body)


def _is_last_word(line: str) -> bool:
    return line.strip().isidentifier()


def _settled(kind: Literal["code", "output"], body: str) -> Kind:
    """Code that is nothing but values was printed."""
    tree = parse_code(body) if kind == "code" else None
    if tree is None or not tree.body or _COMMENT.match(mask_magics(body).lstrip("\n")):
        return kind
    return "output" if all(_is_value(node) for node in tree.body) else kind


def _is_value(node: ast.stmt) -> bool:
    if isinstance(node, ast.AnnAssign):
        return node.value is None
    if not isinstance(node, ast.Expr):
        return False
    try:
        ast.literal_eval(node.value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        call = node.value
        return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "array"
    return True


# Code made Python again

_WRAP_MARK = re.compile(r"^\s*(?:↪\s?→?|[,֒‹˓\ufffd]?\s?→)\s?")
"""A hooked arrow; LaTeX draws it as a hook and an arrow: out of a PDF come a comma or nothing, and an arrow."""
_TYPOGRAPHY = str.maketrans(
    {
        "‘": "'",
        "’": "'",
        "‚": "'",
        "′": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "″": '"',
        "−": "-",
        "–": "-",
        "\u00ad": "",
        "\u00a0": " ",
        "\u200b": "",
        "\ufeff": "",
        "…": "...",
        "∗": "*",
        "×": "*",
    }
)
_JOINS_LIMIT = 25
"""Lines joined in one listing before it is given up."""
_MENDED_LINES_LIMIT = 1_200
"""Lines of a listing in which joins are tried: each try parses all of them."""


def join_cut_lines(source: str) -> str:
    """`source` with lines joined again that the page cut and marked with a hooked arrow.

    LaTeX's `fancyvrb`, which nbconvert uses, shows a blank at which it breaks as `␣`; where it never does, the blank
    itself was swallowed.
    """
    kept: list[str] = []
    for line in source.split("\n"):
        if kept and (mark := _WRAP_MARK.match(line)):
            rest = line[mark.end() :].lstrip()
            before = kept[-1].rstrip()
            glue = "" if before.endswith(("␣", ".", "/", "_")) else " "
            kept[-1] = (f"{before[:-1]} " if before.endswith("␣") else before + glue) + rest
        else:
            kept.append(line)
    return "\n".join(kept)


def mend_code(source: str) -> tuple[str, bool]:
    """`source` as Python as far as it can be made so, and whether it is. What is Python already stays as it is."""
    source = join_cut_lines(source)
    if parse_code(source) is not None:
        return source, True
    source = textwrap.dedent(source.expandtabs(4)).strip("\n")
    if parse_code(source) is not None:
        return source, True
    plain = source.translate(_TYPOGRAPHY)
    if parse_code(plain) is not None:
        return plain, True
    joined = _joined(plain)
    return (joined, True) if joined is not None else (source, False)


def _joined(source: str) -> str | None:
    """`source` with those lines joined that only make sense together; `None` when it never becomes Python."""
    lines = source.split("\n")
    if len(lines) > _MENDED_LINES_LIMIT:
        return None
    place = _error_line(lines)
    for _ in range(_JOINS_LIMIT):
        if place is None:
            return "\n".join(lines)
        best: tuple[int, list[str]] | None = None
        for candidate in _candidates(lines, place):
            found = _error_line(candidate)
            if found is None:
                return "\n".join(candidate)
            # One line less: an error in the same words further down is one line nearer to the top.
            if found > place - 1 and (best is None or found > best[0]) and found >= place:
                best = (found, candidate)
        if best is None:
            return None
        place, lines = best
    return None


def _error_line(lines: list[str]) -> int | None:
    """Number of the line, from 0, at which the parser stops; `None` when it does not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(mask_magics("\n".join(lines)))
    except SyntaxError as error:
        return max(0, (error.lineno or 1) - 1)
    except (ValueError, RecursionError, MemoryError):
        return 0
    return None


def _candidates(lines: list[str], place: int) -> list[list[str]]:
    """`lines` with two neighbours joined: at `place`, before it, or, for a rest that stands as a statement, above it.

    A word is cut only where the page wraps: its rest begins no further to the right.
    """
    found = []
    for first in (place - 1, place, place - 2):
        if 0 <= first < len(lines) - 1 and lines[first].strip():
            head, tail = lines[first].rstrip(), lines[first + 1].strip()
            wrapped = _indent(lines[first + 1]) <= _indent(lines[first])
            glues = (" ", "") if wrapped else (" ",)
            found += [[*lines[:first], head + glue + tail, *lines[first + 2 :]] for glue in glues]
    return found


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
