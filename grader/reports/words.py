"""Numbers, states and a student's text put into words that are safe to set in type.

Everything that a report says is said here, in one place, so that every part of it says the same thing alike. What a
student wrote loses control characters and runaway accents and has a cap on its length; an answer is light Markdown
where that is simple and safe, and everything else stays as it was typed: raw HTML, links and pictures appear as text,
formulas in LaTeX stay readable.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markupsafe import Markup, escape

from grader.facts.languages import MONTHS
from grader.records import Effort

# A student's text

_TERMINAL_COLOURS = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_JOINERS = frozenset("\u200c\u200d")
_VARIATION = frozenset("\ufe0e\ufe0f")
_MOST_ACCENTS = 4
_SPACES = re.compile(r"\s+")


def plain(text: str, limit: int | None = None) -> str:
    """`text` with line breaks and tabs kept, and everything else that is not printed taken out.

    Direction overrides and invisible characters go (they let a name look like another); joiners stay, as Persian,
    Hindi and emoji need them. More than four accents on one letter are dropped. At most `limit` characters.
    """
    if limit is not None:
        text = text[: 4 * limit]
    text = _TERMINAL_COLOURS.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    if not (text.isascii() and text.replace("\n", "").isprintable()):
        text = unicodedata.normalize("NFC", "".join(_printed(text)))
    return text if limit is None else shorten(text, limit)


def _printed(text: str) -> list[str]:
    kept: list[str] = []
    accents = 0
    for character in text:
        category = unicodedata.category(character)
        if category[0] == "M" and character not in _VARIATION:
            accents += 1
            if accents <= _MOST_ACCENTS:
                kept.append(character)
            continue
        if character in "\u2028\u2029\x85\x0b\x0c":
            character = "\n"
        elif character in _JOINERS or character in _VARIATION:
            if not kept or kept[-1] in _JOINERS or kept[-1] in _VARIATION:
                continue
        elif category in ("Cc", "Cf", "Cs", "Cn") and character not in "\n\t":
            continue
        else:
            accents = 0
        kept.append(character)
    return kept


def line(text: str, limit: int = 200) -> str:
    """`text` as one line of at most `limit` characters."""
    return shorten(_SPACES.sub(" ", plain(text, 4 * limit)).strip(), limit)


def shorten(text: str, limit: int) -> str:
    """The first `limit` characters of `text`, with an ellipsis when something was cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


# Numbers and states

_OBSERVATIONS = {
    "stale_log": "Log of another version",
    "stale_batch_size": "Log of another batch size",
    "accuracy_not_reached": "Accuracy not reached again",
    "run_before": "Cells run before",
    "execution_order": "Order of execution",
    "name_before_definition": "Name used before it exists",
    "undefined_name": "Name that nothing makes",
    "failed_after_failure": "Failed in consequence",
    "saved_error": "Error in a saved output",
    "other_model_evaluated": "Another model evaluated",
    "other_model_plotted": "Another model plotted",
    "reloaded_data": "Data loaded anew",
    "counts_contradict": "Counts contradict the accuracy",
    "trained_on_test": "Trained on the test set",
    "validation_on_test": "Validation on the test set",
    "chosen_on_test": "Chosen on the test set",
    "loss_mismatch": "Loss and output do not fit",
    "loss_differs": "Loss differs from the text",
    "unfounded_number": "Number without a source",
    "unfounded_time": "Time without a source",
    "typed_result": "Result written into the code",
    "decay_missing": "Weight decay missing",
    "unseeded": "No random seed",
    "absolute_path": "Path of one machine",
}

_EFFORTS: dict[Effort, str] = {
    "quick": "quick: trained on a tenth of the rows given to fit, validated on a fifth; all epochs, all test rows",
    "full": "full: every training on all the rows that you gave it",
}


def points(value: float) -> str:
    """Points without needless decimals: `2`, `1.5`, `0.33`."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if math.isfinite(value) else "?"


def points_noun(value: float) -> str:
    """`1 point`, `1.5 points`."""
    return f"{points(value)} {'point' if points(value) == '1' else 'points'}"


def count(value: int | None) -> str:
    """`55,050`; a dash when unknown."""
    return "–" if value is None else f"{value:,}"


def amount(number: int, singular: str, plural: str | None = None) -> str:
    """`1 epoch`, `10 epochs`."""
    return f"{count(number)} {singular if number == 1 else plural or singular + 's'}"


def score(value: float) -> str:
    """An accuracy or a loss to 4 decimals; large and tiny values in scientific notation."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "infinite" if value > 0 else "minus infinite"
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e4 else f"{value:.3g}"


def setting(value: float) -> str:
    """A learning rate or a regularisation factor, as a person writes it: `0.1`, `0.000001`."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else score(value)
    if 1e-6 <= abs(value) < 1e6:
        return format(Decimal(f"{value:.4g}").normalize(), "f")
    return f"{value:g}"


def seconds(value: float) -> str:
    """`0.4 s`, `74 s`, `12 min 5 s`."""
    if not math.isfinite(value) or value < 0:
        return "–"
    if value < 0.1:
        return f"{value * 1000:.0f} ms"
    if value < 10:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes * 60 + rest} s" if minutes < 2 else f"{minutes} min {rest} s"


def day(value: date) -> str:
    """`21 November 2026`, whatever the machine's locale."""
    month = MONTHS["en"].split()[value.month - 1]
    return f"{value.day} {month} {value.year}"


def phrase(items: Sequence[str], word: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {word} {items[-1]}" if items else ""


def awaits(value: float) -> str:
    """`1 awaits`, `2 await`."""
    return f"{points(value)} {'awaits' if value <= 1 else 'await'}"


def criterion_title(kind: str, title: str = "") -> str:
    """The name of a criterion as a report heads it: its `title`, or its kind where a result has no titles."""
    return line(title, 40) or line(kind, 40).replace("_", " ").capitalize()


def observation_title(kind: str) -> str:
    """The name of an observation as a report heads it."""
    return _OBSERVATIONS.get(kind) or line(kind, 60).replace("_", " ").capitalize()


def effort(value: Effort) -> str:
    """What an effort means, for a reader who has never heard of it."""
    return _EFFORTS[value]


def readable_name(name: str) -> str:
    """`categorical cross-entropy` for `categorical_crossentropy`."""
    return line(name, 60).replace("crossentropy", "cross-entropy").replace("_", " ")


# Answers as HTML

LONGEST_ANSWER = 12_000
"""Characters of an answer that are shown: some four pages."""
_MOST_MARKED, _LONGEST_MARKED = 60, 80
"""Words that are set off in an answer, and the characters of one: they come from the checks, and are searched for."""
_RULES = ["fence", "list", "heading", "hr", "blockquote", "backticks", "emphasis", "newline", "table"]
_LONGEST_FORMULA = 1_000
"""Characters between two `$`: beyond them a lone sign of money would make a formula of a whole answer."""
_MOST_FORMULA_LINES = 60
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
        bottom = min(last, first + _MOST_FORMULA_LINES)
        while end < bottom and "$$" not in state.src[state.bMarks[end] : state.eMarks[end]]:
            end += 1
        if end >= bottom:
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
    """A sentence of labgrade's with names between backticks set as code. Everything in it is escaped.

    Where a backtick has no partner, all of them stay as they are.
    """
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )
