"""Which attributes and style properties of an untrusted SVG are kept, each by the form of its value.

All patterns are single character classes with a bounded length or anchored alternatives: none of them backtracks.
"""

from __future__ import annotations

import re

_NUMBER = r"[-+]?[0-9]{0,9}(?:\.[0-9]{0,16})?(?:[eE][-+]?[0-9]{1,3})?"
_LENGTH = re.compile(_NUMBER + r"\s?(?:px|pt|mm|cm|in|em|%)?")
_NUMBERS = re.compile(r"[-+0-9eE.,\s%pxt]{0,400}")
_PATH = re.compile(r"[MmZzLlHhVvCcSsQqTtAa0-9eE+\-.,\s]{0,400000}")
_POINTS = re.compile(r"[0-9eE+\-.,\s]{0,400000}")
_TRANSFORM = re.compile(
    r"(?:\s{0,4}(?:matrix|translate|scale|rotate|skewX|skewY)\([-+0-9eE., ]{0,200}\)[\s,]{0,4}){1,8}"
)
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,25}|rgba?\([0-9., %]{3,60}\)")
_WORD = re.compile(r"[a-zA-Z-]{1,30}")
_WEIGHT = re.compile(r"[a-zA-Z]{1,10}|[1-9]00")
_FONT_SIZE = re.compile(r"(?:^|\s)([0-9]{1,4}(?:\.[0-9]{0,6})?(?:px|pt))(?=[\s/]|$)")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,100}")
_LOCAL = re.compile(r"#[A-Za-z_][A-Za-z0-9_.:-]{0,100}")
_LOCAL_URL = re.compile(r"url\(\s?['\"]?#[A-Za-z_][A-Za-z0-9_.:-]{0,100}['\"]?\s?\)")

_PROPERTIES: dict[str, re.Pattern[str]] = {
    **dict.fromkeys(("fill", "stroke", "color"), _COLOUR),
    **dict.fromkeys(("opacity", "fill-opacity", "stroke-opacity", "stroke-width", "stroke-miterlimit"), _LENGTH),
    **dict.fromkeys(("stroke-dashoffset", "font-size", "letter-spacing"), _LENGTH),
    **dict.fromkeys(("stroke-linejoin", "stroke-linecap", "fill-rule", "clip-rule", "text-anchor"), _WORD),
    **dict.fromkeys(("dominant-baseline", "font-style", "font-stretch", "font-variant", "image-rendering"), _WORD),
    "font-weight": _WEIGHT,
    "stroke-dasharray": _NUMBERS,
}
_GEOMETRY = frozenset(["x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "dx", "dy", "width", "height"])
_UNITS = frozenset(["clipPathUnits", "patternUnits", "patternContentUnits", "preserveAspectRatio"])


def local_reference(value: str) -> bool:
    """Whether `value` points at an element of the same picture."""
    return bool(_LOCAL.fullmatch(value))


def kept_attribute(tag: str, name: str, value: str, *, references: bool) -> bool:
    """Whether an attribute is let through. `references` says whether it may point at a clip path or a pattern."""
    value = value.strip()
    if name == "d":
        return tag == "path" and bool(_PATH.fullmatch(value))
    if name == "points":
        return bool(_POINTS.fullmatch(value))
    if name == "id":
        return bool(_IDENTIFIER.fullmatch(value))
    if name in ("transform", "patternTransform"):
        return bool(_TRANSFORM.fullmatch(value))
    if name in _GEOMETRY:
        pattern = _NUMBERS if tag in ("text", "tspan") else _LENGTH
        return bool(pattern.fullmatch(value))
    if name in _UNITS:
        return bool(re.fullmatch(r"[a-zA-Z ]{1,40}", value))
    return kept_property(name, value, references=references)


def kept_property(name: str, value: str, *, references: bool) -> bool:
    """Whether a presentation attribute or a property of `style` is let through."""
    if name == "clip-path":
        return references and bool(_LOCAL_URL.fullmatch(value))
    if name == "fill" and value.startswith("url("):
        return references and bool(_LOCAL_URL.fullmatch(value))
    if name == "stroke-dasharray":
        return _dashes(value)
    pattern = _PROPERTIES.get(name)
    return bool(pattern and pattern.fullmatch(value))


def kept_style(style: str, *, references: bool) -> str:
    """The `style` attribute with its allowed properties alone."""
    kept = []
    for declaration in style[:2_000].split(";")[:40]:
        name, colon, value = declaration.partition(":")
        name, value = name.strip().lower(), value.strip()
        if name == "font":  # the family is the report's own, as a reader's machine may have any
            size = _FONT_SIZE.search(value[:60])
            name, value = "font-size", size[1] if size else ""
        if colon and kept_property(name, value, references=references):
            kept.append(f"{name}: {value}")
    return "; ".join(kept)


def _dashes(value: str) -> bool:
    """Dashes that a viewer can draw: a dash of a millionth of a point on a long line would keep it busy for hours."""
    if value == "none":
        return True
    try:
        lengths = [float(part) for part in value.replace(",", " ").split()]
    except ValueError:
        return False
    return 0 < len(lengths) <= 20 and all(0 <= length < 1e4 for length in lengths) and sum(lengths) >= 0.2
