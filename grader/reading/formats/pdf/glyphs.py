"""Characters of a page put together to segments of text: blanks and indentation come from positions, not from signs."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

_MONO_NAME = re.compile(
    r"mono|courier|consol|menlo|monaco|typewriter|inconsolata|andale|cascadia|jetbrains|lettergothic|cmtt|lmtt|sftt|ectt"
    r"|(?:source|fira|operator)[ -]?code|nimbusmon|lucidaconsole|\bhack\b|sfmono|ocra",
    re.IGNORECASE,
)
_BOLD_NAME = re.compile(r"bold|black|heavy|semib|demi|cmbx|sfbx|ecbx", re.IGNORECASE)
_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_LOST = re.compile(r"\(cid:\d{1,6}\)")
_NARROW, _WIDE = set("iljt.,:;'|!"), set("mwMW@%NO")
_PROMPT = re.compile(r"\s*(?:(?:In|Out)\s?)?\[\s*\d{0,5}\s*\]\s*:?\s*$")


@dataclass
class Fonts:
    """Which fonts give all characters one width: by name, else by measure."""

    _widths: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))

    def learn(self, chars: list[dict[str, Any]]) -> None:
        """Measure the characters of one page."""
        for char in chars:
            size = char["size"] or 1.0
            self._widths[char["fontname"]].setdefault(char["text"], (char["x1"] - char["x0"]) / size)

    def is_mono(self, font: str) -> bool:
        """Whether every character of `font` is as wide as the next."""
        if _MONO_NAME.search(font):
            return True
        widths = self._widths.get(font, {})
        known = {text: width for text, width in widths.items() if text.strip() and len(text) == 1}
        if len(known) < 6 or not (known.keys() & _NARROW and known.keys() & _WIDE):
            return False
        return max(known.values()) - min(known.values()) < 0.01


@dataclass(frozen=True)
class Segment:
    """Characters that stand together in one row."""

    row: int
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    mono: bool
    bold: bool
    colours: int
    text: str

    def packed(self) -> list[Any]:
        """As JSON, in the order of its fields."""
        edges = [round(value, 2) for value in (self.x0, self.x1, self.top, self.bottom, self.size)]
        return [self.row, *edges, self.mono, self.bold, self.colours, self.text]


def segments(chars: list[dict[str, Any]], fonts: Fonts) -> list[Segment]:
    """The segments of a page, from top to bottom and left to right. Turned characters are left out."""
    upright = [char for char in chars if char.get("upright") and char["text"]]
    found: list[Segment] = []
    for row, members in enumerate(_rows(upright)):
        made = (_segment(row, piece, fonts) for piece in _pieces(members, fonts))
        found += [segment for segment in made if segment is not None]
    return found


def _rows(chars: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Characters by line: a character whose middle lies within half a letter of a line's middle belongs to it."""
    rows: list[list[dict[str, Any]]] = []
    middle, height = 0.0, 0.0
    visible = [char for char in chars if not char["text"].isspace()]
    for char in sorted(visible, key=lambda char: ((char["top"] + char["bottom"]) / 2, char["x0"])):
        own = (char["top"] + char["bottom"]) / 2
        if rows and own - middle <= 0.5 * max(height, char["size"] * 0.9):
            rows[-1].append(char)
            if char["size"] >= height:
                middle, height = max(middle, own) if char["size"] == height else own, char["size"]
        else:
            rows.append([char])
            middle, height = own, char["size"]
    for row in rows:
        row.sort(key=lambda char: (char["x0"], char["x1"]))
    return rows


def _pieces(row: list[dict[str, Any]], fonts: Fonts) -> list[list[dict[str, Any]]]:
    """A row cut where a column or a prompt's gutter lies."""
    pieces: list[list[dict[str, Any]]] = []
    for char in row:
        last = pieces[-1][-1] if pieces else None
        if last is not None and char["text"] == last["text"] and abs(char["x0"] - last["x0"]) < 0.15 * char["size"]:
            continue  # bold by printing twice
        if last is None:
            pieces.append([char])
            continue
        gap = char["x0"] - last["x1"]
        both_mono = fonts.is_mono(char["fontname"]) and fonts.is_mono(last["fontname"])
        wide = gap > (0.9 if both_mono else max(1.8, 14 / (char["size"] or 1))) * char["size"]
        after_prompt = gap > 0.2 * char["size"] and len(pieces[-1]) < 12 and _PROMPT.match(_plain(pieces[-1]))
        if (wide and not both_mono) or after_prompt:
            pieces.append([char])
        else:
            pieces[-1].append(char)
    return pieces


def _plain(piece: list[dict[str, Any]]) -> str:
    return "".join(char["text"] for char in piece)


def _segment(row: int, piece: list[dict[str, Any]], fonts: Fonts) -> Segment | None:
    weights: dict[float, int] = defaultdict(int)
    mono = bold = 0
    for char in piece:
        weights[round(char["size"], 1)] += 1
        mono += fonts.is_mono(char["fontname"])
        bold += bool(_BOLD_NAME.search(char["fontname"]))
    is_mono = 2 * mono > len(piece)
    text = _LOST.sub("\ufffd", _spaced(piece, is_mono)).rstrip()
    if not text.strip():
        return None
    return Segment(
        row=row,
        x0=piece[0]["x0"],
        x1=max(char["x1"] for char in piece),
        top=min(char["top"] for char in piece),
        bottom=max(char["bottom"] for char in piece),
        size=max(weights, key=lambda size: (weights[size], size)),
        mono=is_mono,
        bold=5 * bold >= 4 * len(piece),
        colours=len({str(char.get("non_stroking_color")) for char in piece}),
        text=text,
    )


def _spaced(piece: list[dict[str, Any]], mono: bool) -> str:
    """The text of `piece` with blanks where there is room for them."""
    text = ""
    last: dict[str, Any] | None = None
    for char in piece:
        if last is not None:
            gap = char["x0"] - last["x1"]
            if mono:
                width = max(char["x1"] - char["x0"], 0.3 * char["size"], 0.1)
                text += " " * min(200, round(gap / width)) if gap > 0.4 * width else ""
            elif gap > 0.13 * char["size"]:
                text += " "
        text += _LIGATURES.get(char["text"], char["text"])
        last = char
    return text
