"""An untrusted SVG, rebuilt through an allow-list: what is not named here does not reach the report.

Elements and attributes follow SVG 1.1 (https://www.w3.org/TR/SVG11/), each attribute kept by the form of its value. All
patterns are single character classes with a bounded length or anchored alternatives: none of them backtracks.
References stay inside the picture and one step deep, so that nothing can be expanded without end.
"""

from __future__ import annotations

import base64
import math
import re
from dataclasses import dataclass
from typing import NamedTuple
from xml.etree import ElementTree

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from grader.reports.rasters import PictureError, base64_bytes, raster
from grader.reports.svg_lettering import simplify_svg
from grader.reports.words import plain

# Attributes and style properties

_NUMBER = r"[-+]?[0-9]{0,9}(?:\.[0-9]{0,16})?(?:[eE][-+]?[0-9]{1,3})?"
_LENGTH_VALUE = re.compile(_NUMBER + r"\s?(?:px|pt|mm|cm|in|em|%)?")
_NUMBER_LIST = re.compile(r"[-+0-9eE.,\s%pxt]{0,400}")
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
    **dict.fromkeys(("opacity", "fill-opacity", "stroke-opacity", "stroke-width", "stroke-miterlimit"), _LENGTH_VALUE),
    **dict.fromkeys(("stroke-dashoffset", "font-size", "letter-spacing"), _LENGTH_VALUE),
    **dict.fromkeys(("stroke-linejoin", "stroke-linecap", "fill-rule", "clip-rule", "text-anchor"), _WORD),
    **dict.fromkeys(("dominant-baseline", "font-style", "font-stretch", "font-variant", "image-rendering"), _WORD),
    "font-weight": _WEIGHT,
    "stroke-dasharray": _NUMBER_LIST,
}
_GEOMETRY = frozenset(["x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "dx", "dy", "width", "height"])
_UNITS = frozenset(["clipPathUnits", "patternUnits", "patternContentUnits", "preserveAspectRatio"])


def local_reference(value: str) -> bool:
    """Whether `value` points at an element of the same picture."""
    return bool(_LOCAL.fullmatch(value))


def is_allowed_attribute(tag: str, name: str, value: str, *, references: bool) -> bool:
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
        pattern = _NUMBER_LIST if tag in ("text", "tspan") else _LENGTH_VALUE
        return bool(pattern.fullmatch(value))
    if name in _UNITS:
        return bool(re.fullmatch(r"[a-zA-Z ]{1,40}", value))
    return is_allowed_property(name, value, references=references)


def is_allowed_property(name: str, value: str, *, references: bool) -> bool:
    """Whether a presentation attribute or a property of `style` is let through."""
    if name == "clip-path":
        return references and bool(_LOCAL_URL.fullmatch(value))
    if name == "fill" and value.startswith("url("):
        return references and bool(_LOCAL_URL.fullmatch(value))
    if name == "stroke-dasharray":
        return _dashes(value)
    pattern = _PROPERTIES.get(name)
    return bool(pattern and pattern.fullmatch(value))


def allowed_style(style: str, *, references: bool) -> str:
    """The `style` attribute with its allowed properties alone."""
    kept = []
    for declaration in style[:2_000].split(";")[:40]:
        name, colon, value = declaration.partition(":")
        name, value = name.strip().lower(), value.strip()
        if name == "font":  # the family is the report's own, as a reader's machine may have any
            size = _FONT_SIZE.search(value[:60])
            name, value = "font-size", size[1] if size else ""
        if colon and is_allowed_property(name, value, references=references):
            kept.append(f"{name}: {value}")
    return "; ".join(kept)


def _dashes(value: str) -> bool:
    """Dashes that a viewer can draw: a dash of a millionth of a point on a long line would keep it busy for hours.

    At most 20 lengths, each under 10,000, together at least 0.2.
    """
    if value == "none":
        return True
    try:
        lengths = [float(part) for part in value.replace(",", " ").split()]
    except ValueError:
        return False
    return 0 < len(lengths) <= 20 and all(0 <= length < 1e4 for length in lengths) and sum(lengths) >= 0.2


# The copy

MOST_CHARACTERS = 3_000_000
MOST_ELEMENTS = 12_000
MOST_USES = 4_000
"""`use` elements: the PDF writer draws some 2,000 a second."""
MOST_USED = 3_000_000
"""Characters of path data that all `use` elements together draw: as many as a picture may have by itself."""
DEEPEST = 40
"""Elements inside each other."""
WIDEST_MM = 170.0
"""Width of a report's text."""

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "{http://www.w3.org/1999/xlink}href"
_TAGS = frozenset(
    [
        *("svg", "g", "defs", "path", "use", "clipPath", "pattern", "rect", "circle", "ellipse", "line", "polyline"),
        *("polygon", "text", "tspan", "image"),
    ]
)
_SILENT = frozenset(("metadata", "title", "desc", "style", "RDF"))
"""Left out without a remark, as they draw nothing."""
_MILLIMETRES = {"": 25.4 / 96, "px": 25.4 / 96, "pt": 25.4 / 72, "in": 25.4, "mm": 1.0, "cm": 10.0}
_PAGE_LENGTH = re.compile(r"\s*([0-9]{1,7}(?:\.[0-9]{0,12})?)\s*(px|pt|in|mm|cm)?\s*")
_SEPARATORS = re.compile(r"[\s,]+")


@dataclass
class _Budget:
    """What the copy may still hold, and what was left out of it."""

    elements: int = MOST_ELEMENTS
    pixels: int = 4_000_000
    """Of all images inside the picture together."""
    dropped: int = 0


class Vector(NamedTuple):
    """A safe copy of a picture."""

    svg: str
    width: float
    """Millimetres, at most the page's."""
    dropped: int
    """Visible elements that were left out."""


def vector(text: str) -> Vector:
    """A safe copy of the SVG `text`. Raises `PictureError` when there is nothing that could be shown."""
    if len(text) > MOST_CHARACTERS:
        raise PictureError("it is larger than 3 MB")
    root = _parsed(text)
    if _local(root) != "svg":
        raise PictureError("it is not an SVG picture")
    budget = _Budget()
    width, height, box = _size(root)
    copy = _rebuilt(root, budget, 0, frozenset())
    if copy is None:
        raise PictureError("nothing of it is left")
    _check_uses(copy)
    scale = min(1.0, WIDEST_MM / width)
    copy.attrib = {
        "xmlns": _SVG,
        "viewBox": " ".join(f"{number:g}" for number in box),
        "width": f"{width * scale:.3f}mm",
        "height": f"{height * scale:.3f}mm",
        # Matplotlib says these two in a style element, which is not let through.
        "stroke-linejoin": "round",
        "stroke-linecap": "butt",
        "font-family": "Labgrade Sans, DejaVu Sans, sans-serif",
    }
    return Vector(simplify_svg(ElementTree.tostring(copy, encoding="unicode")), width * scale, budget.dropped)


def _parsed(text: str) -> ElementTree.Element:
    try:
        root: ElementTree.Element = fromstring(text.lstrip("\ufeff \t\r\n"), forbid_entities=True, forbid_external=True)
    except DefusedXmlException as error:
        raise PictureError("it declares entities") from error
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise PictureError("its data are damaged") from error
    return root


def _local(element: ElementTree.Element) -> str:
    """The tag without the SVG namespace; empty for any other namespace."""
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    if tag.startswith("{"):
        space, _, name = tag[1:].partition("}")
        return name if space == _SVG else ""
    return tag


def _rebuilt(
    element: ElementTree.Element, budget: _Budget, depth: int, inside: frozenset[str]
) -> ElementTree.Element | None:
    """A copy of `element` and what is allowed in it; `inside` names the elements around it."""
    tag = _local(element)
    if tag not in _TAGS or depth > DEEPEST or (tag == "svg" and depth):
        budget.dropped += tag not in _SILENT
        return None
    if tag == "use" and inside & {"clipPath", "pattern"}:
        return None
    budget.elements -= 1
    if budget.elements < 0:
        raise PictureError(f"it has more than {MOST_ELEMENTS:,} elements")
    copy = ElementTree.Element(tag, _attributes(element, tag, inside))
    if tag in ("use", "image"):
        return _pointing(element, copy, tag, budget)
    if tag in ("text", "tspan"):
        copy.text = plain(element.text or "", 400)
    for child in element:
        kept = _rebuilt(child, budget, depth + 1, inside | {tag})
        if kept is not None:
            if tag in ("text", "tspan"):
                kept.tail = plain(child.tail or "", 400)
            copy.append(kept)
    return copy


def _attributes(element: ElementTree.Element, tag: str, inside: frozenset[str]) -> dict[str, str]:
    # A clip path or pattern that points at another could go round in a circle.
    nested = bool((inside | {tag}) & {"clipPath", "pattern", "defs"})
    kept: dict[str, str] = {}
    for name, value in element.attrib.items():
        if name == "style":
            style = allowed_style(value, references=not nested)
            if style:
                kept["style"] = style
        elif is_allowed_attribute(tag, name, value, references=not nested):
            kept[name] = value.strip()
    return kept


def _pointing(
    element: ElementTree.Element, copy: ElementTree.Element, tag: str, budget: _Budget
) -> ElementTree.Element | None:
    """A `use` of something in this picture, or an `image` whose pixels it carries itself; else nothing."""
    target = (element.get(_XLINK) or element.get("href") or "").strip()
    if tag == "use":
        if not local_reference(target):
            return None
        copy.set("href", target)
        return copy
    head, _, data = target.partition(",")
    if re.sub(r"\s", "", head[:60]) != "data:image/png;base64":
        budget.dropped += 1
        return None
    try:
        png = raster(base64_bytes(data), "PNG", most_pixels=budget.pixels)
    except PictureError:
        budget.dropped += 1
        return None
    # Width and height stand in the first chunk of a PNG (https://www.w3.org/TR/png/#11IHDR).
    budget.pixels -= int.from_bytes(png[16:20], "big") * int.from_bytes(png[20:24], "big")
    copy.set("href", "data:image/png;base64," + base64.b64encode(png).decode("ascii"))
    return copy


def _check_uses(root: ElementTree.Element) -> None:
    """Drops every `use` of something that itself uses, and refuses a picture that draws too much this way."""
    drawn = {name: element for element in root.iter() if (name := element.get("id"))}
    simple = {
        name: sum(len(part.get("d", "")) + len(part.get("points", "")) + 20 for part in element.iter())
        for name, element in drawn.items()
        if not any(part.tag in ("use", "image", "svg") for part in element.iter())
    }
    total = uses = 0
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag == "use"]:
            cost = simple.get(child.get("href", "")[1:])
            if cost is None:
                parent.remove(child)
                continue
            total += cost
            uses += 1
    if total > MOST_USED or uses > MOST_USES:
        raise PictureError(f"it repeats its shapes {uses:,} times, more than a report can hold")


def _size(root: ElementTree.Element) -> tuple[float, float, tuple[float, float, float, float]]:
    """Width and height in millimetres, and the view box, all checked."""
    width, height = (_millimetres(root.get(name, "")) for name in ("width", "height"))
    box = _view_box(root.get("viewBox", ""))
    if box is None:
        if width is None or height is None:
            raise PictureError("it does not say how large it is")
        box = (0.0, 0.0, width * 96 / 25.4, height * 96 / 25.4)
    if width is None or height is None:
        width, height = box[2] * 25.4 / 96, box[3] * 25.4 / 96
    if not (0.5 <= width <= 5_000 and 0.5 <= height <= 5_000 and 0.02 <= box[2] / box[3] <= 50):
        raise PictureError("its size makes no sense")
    return width, width * box[3] / box[2], box


def _millimetres(text: str) -> float | None:
    found = _PAGE_LENGTH.fullmatch(text[:40])
    return float(found[1]) * _MILLIMETRES[found[2] or ""] if found else None


def _view_box(text: str) -> tuple[float, float, float, float] | None:
    try:
        numbers = [float(part) for part in _SEPARATORS.split(text[:200].strip())]
    except ValueError:
        return None
    if len(numbers) != 4 or not all(math.isfinite(n) and abs(n) < 1e6 for n in numbers) or min(numbers[2:]) <= 0:
        return None
    return numbers[0], numbers[1], numbers[2], numbers[3]
