"""An answer's text as HTML: light Markdown where it is simple and safe, everything else as it was typed.

Raw HTML, links and pictures are not rendered: they appear as text. Formulas in LaTeX stay readable as text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markupsafe import Markup, escape

from grader.reports.text import plain

LONGEST_ANSWER = 12_000
"""Characters of an answer that are shown."""

_MOST_MARKED, _LONGEST_MARKED = 60, 80
_RULES = ["fence", "list", "heading", "hr", "blockquote", "backticks", "emphasis", "newline", "table"]
_LONGEST_FORMULA = 1_000
_EMBEDDED = re.compile(r"data:[\w/+.-]{1,60};base64,[A-Za-z0-9+/=]*")


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    reader = MarkdownIt("zero", {"html": False, "linkify": False, "breaks": False, "maxNesting": 12})
    reader.enable(_RULES)
    reader.block.ruler.before("fence", "formula", _formula_block, {"alt": ["paragraph", "blockquote", "list"]})
    reader.inline.ruler.before("emphasis", "formula", _formula)
    for rule in ("heading_open", "heading_close"):
        reader.add_render_rule(rule, _heading)
    reader.add_render_rule("text", _text)
    return reader


def _heading(renderer: object, tokens: list, index: int, options: object, env: object) -> str:  # type: ignore[type-arg]
    return '<p class="lead">' if tokens[index].nesting == 1 else "</p>\n"


def _formula(state: StateInline, silent: bool) -> bool:
    """Takes `$...$` as it stands, so that its underscores and stars are not read as emphasis."""
    start = state.pos
    if state.src[start] != "$":
        return False
    mark = "$$" if state.src.startswith("$$", start) else "$"
    end = state.src.find(mark, start + len(mark), start + _LONGEST_FORMULA)
    if end <= start + len(mark):
        return False
    if not silent:
        state.push("text", "", 0).content = state.src[start : end + len(mark)]
    state.pos = end + len(mark)
    return True


def _formula_block(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """Takes the lines from `$$` to `$$` as they stand."""
    opening = state.src[state.bMarks[first] + state.tShift[first] : state.eMarks[first]]
    if not opening.startswith("$$"):
        return False
    end = first
    if not (len(opening) > 2 and opening.rstrip().endswith("$$")):
        end = first + 1
        while end < min(last, first + 60) and "$$" not in state.src[state.bMarks[end] : state.eMarks[end]]:
            end += 1
        if end >= min(last, first + 60):
            return False
    if silent:
        return True
    token = state.push("fence", "code", 0)
    token.content = state.getLines(first, end + 1, state.blkIndent, True)
    state.line = end + 1
    return True


def prose(text: str, marked: Sequence[str] = ()) -> tuple[Markup, bool]:
    """`text` as safe HTML, and whether it had to be cut. The words of `marked` are set off where they stand in it."""
    cleaned = plain(_EMBEDDED.sub("embedded picture", text[: 40 * LONGEST_ANSWER]))
    cut = len(cleaned) > LONGEST_ANSWER
    if cut:
        cleaned = cleaned[:LONGEST_ANSWER].rstrip() + " …"
    env = {"marked": _pattern(marked)}
    return Markup(_markdown().render(cleaned, env)), cut  # markdown-it escapes all text, _text what it sets off


def _pattern(marked: Sequence[str]) -> re.Pattern[str] | None:
    """Finds any of the words as they are written, the longest first."""
    words = sorted({plain(word) for word in marked[:_MOST_MARKED] if 1 < len(word) <= _LONGEST_MARKED}, key=len)
    if not words:
        return None
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(re.escape(word) for word in reversed(words))})(?![^\W_])")


def _text(renderer: object, tokens: list, index: int, options: object, env: object) -> str:  # type: ignore[type-arg]
    """A run of plain text, escaped piece by piece, with what is to be set off between `mark` tags."""
    content = str(tokens[index].content)
    pattern = env.get("marked") if isinstance(env, dict) else None
    if pattern is None:
        return str(escape(content))
    parts, position = [], 0
    for found in pattern.finditer(content):
        parts += [escape(content[position : found.start()]), Markup("<mark>{}</mark>").format(found.group())]
        position = found.end()
    return str(Markup("").join([*parts, escape(content[position:])]))


def sentence(text: str) -> Markup:
    """A sentence of labgrade's with names between backticks set as code. Everything in it is escaped."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )
