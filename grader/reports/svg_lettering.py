"""A figure's lettering made light: one path for each text, where Matplotlib writes a reference for each letter.

A PDF writer walks every element of an SVG; a text of twenty letters costs it sixty elements, or one. The picture is the
same. The form read here is that of Matplotlib's SVG backend with `svg.fonttype: path`; what has another form is kept.
"""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

_IN_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_NUMBER = r"([-+0-9.eE]{1,40})"
# How Matplotlib places a text, a letter along its line, and a letter's outline.
_PLACED = re.compile(rf"translate\({_NUMBER} {_NUMBER}\) (?:rotate\({_NUMBER}\) )?scale\({_NUMBER} {_NUMBER}\)")
_ALONG = re.compile(r"translate\(([-0-9.]+) ([-0-9.]+)\)")
_URL = re.compile(r"url\(\s?['\"]?#([^)'\"]{1,110})")
_SCALED = re.compile(r"scale\(([-0-9.]+)\)")
_PAIRS = re.compile(r"[MLQCZz0-9.\s-]*")
_PAIR = re.compile(r"(-?\d+(?:\.\d+)?)\s+(-?\d+(?:\.\d+)?)")


def simplify_svg(svg: str) -> str:
    """The Matplotlib picture `svg` with each text as a single path, and without groups that say nothing.

    Raises `xml.etree.ElementTree.ParseError` for what is no XML: what a student sent is rebuilt before it comes here.
    """
    ElementTree.register_namespace("", _IN_SVG[1:-1])
    ElementTree.register_namespace("xlink", _LINK[1:].partition("}")[0])
    root = ElementTree.fromstring(svg)
    drawn = {name: element for element in root.iter() if (name := element.get("id"))}
    letters = ElementTree.Element(f"{_IN_SVG}defs")
    for parent in list(root.iter(f"{_IN_SVG}g")):
        for place, group in enumerate(list(parent)):
            if group.tag == f"{_IN_SVG}g" and (path := _single_path(group, drawn)) is not None:
                parent[place] = path
                # a text whose form is not known here stays as it is, and may use letters that were first drawn here
                for definitions in group.findall(f"{_IN_SVG}defs"):
                    letters.extend(definitions)
    root.insert(0, letters)
    _prune(root)
    return ElementTree.tostring(root, encoding="unicode")


def _single_path(group: ElementTree.Element, drawn: dict[str, ElementTree.Element]) -> ElementTree.Element | None:
    """The letters of `group` as one path; `None` when it is no text."""
    placed = _PLACED.fullmatch(group.get("transform", ""))
    letters = [child for child in group if child.tag != f"{_IN_SVG}defs"]
    if placed is None or not letters or any(letter.tag != f"{_IN_SVG}use" for letter in letters):
        return None
    try:
        x, y, turned, x_scale, y_scale = (float(number or 0) for number in placed.groups())
    except ValueError:
        return None
    cosine, sine = math.cos(math.radians(turned)), math.sin(math.radians(turned))
    outlines = []
    for letter in letters:
        glyph = drawn.get(_target(letter))
        along = _ALONG.fullmatch(letter.get("transform", "translate(0 0)"))
        scaled = _SCALED.fullmatch(glyph.get("transform", "scale(1)")) if glyph is not None else None
        if glyph is None or along is None or scaled is None or not _PAIRS.fullmatch(glyph.get("d", "")):
            return None
        size = float(scaled[1])
        dx, dy = float(along[1]), float(along[2])
        matrix = (cosine * x_scale, -sine * y_scale, sine * x_scale, cosine * y_scale)
        outlines.append(_moved(glyph.get("d", ""), (x, y), matrix, (dx, dy), size))
    attributes = {"d": " ".join(outlines)}
    if style := group.get("style"):
        attributes["style"] = style
    return ElementTree.Element(f"{_IN_SVG}path", attributes)


def _moved(
    outline: str,
    origin: tuple[float, float],
    matrix: tuple[float, float, float, float],
    along: tuple[float, float],
    size: float,
) -> str:
    """An outline of absolute commands with pairs of coordinates: sized, moved along its line, turned, placed.

    `origin` is where the text stands, `matrix` (a, b, c, d) turns and scales it, `along` is the letter's place in it.
    Coordinates are written to a hundredth of a point.
    """
    a, b, c, d = matrix

    def pair(found: re.Match[str]) -> str:
        x, y = float(found[1]) * size + along[0], float(found[2]) * size + along[1]
        return f"{origin[0] + a * x + b * y:.2f} {origin[1] + c * x + d * y:.2f}"

    return _PAIR.sub(pair, outline.replace("\n", " "))


def _prune(root: ElementTree.Element) -> None:
    """Takes out letters that nothing refers to any more, empty groups, and names."""
    used = {_target(element) for element in root.iter()}
    for element in root.iter():
        for value in element.attrib.values():
            if "url(" in value:
                used.update(_URL.findall(value))
    for element in root.iter():
        if element.get("id") not in used:
            element.attrib.pop("id", None)
    _drop_empty(root, frozenset(used))


def _target(element: ElementTree.Element) -> str:
    """The name of what a `use` refers to."""
    return (element.get(_LINK) or element.get("href") or "")[1:]


def _drop_empty(element: ElementTree.Element, kept: frozenset[str]) -> None:
    """Takes out groups that hold nothing, paths that only a text used, and white space between elements."""
    for child in list(element):
        _drop_empty(child, kept)
        hidden = element.tag == f"{_IN_SVG}defs" and child.get("id") not in kept and child.tag == f"{_IN_SVG}path"
        if hidden or (child.tag in (f"{_IN_SVG}g", f"{_IN_SVG}defs") and not len(child)):
            element.remove(child)
        else:
            child.tail = child.tail if child.tail and child.tail.strip() else None
    if element.text and not element.text.strip():
        element.text = None
