"""One paragraph of a Word document: its text as it is shown, and the type it is set in.

Format: ECMA-376 part 1, section 17. Deleted text of tracked changes is left out, inserted text is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_V = "{urn:schemas-microsoft-com:vml}"
_MONO = re.compile(
    r"mono|courier|consol|menlo|monaco|typewriter|inconsolata|(?:source|fira) ?code|lucida console", re.I
)
_CODE_STYLE = re.compile(r"code|listing|source|verbatim|preformatted|macro|console|terminal", re.I)
_HEADING = re.compile(r"(?:heading|title|rubrik|überschrift|titre|título|kop)\s*(\d?)", re.I)
_SKIPPED = {f"{_W}del", f"{_W}moveFrom", f"{_MC}Fallback", f"{_W}instrText", f"{_W}pPr", f"{_W}rPr", f"{_W}txbxContent"}


@dataclass
class Paragraph:
    """What one paragraph shows."""

    text: str = ""
    level: int = 0
    """1 to 6 for a heading."""
    mono: bool = False
    bold: bool = False
    listed: bool = False
    indent: int = 0
    """Of the whole paragraph, in twentieths of a point."""


def paragraph(element: Any, styles: dict[str, str]) -> tuple[Paragraph, list[str]]:
    """The paragraph in `element`, and the relationship ids of its pictures. `styles` maps ids to names."""
    found = Paragraph()
    pictures: list[str] = []
    properties = element.find(f"{_W}pPr")
    style = _value(properties, "pStyle")
    name = styles.get(style, style)
    heading = _HEADING.match(name)
    found.level = min(int(heading[1] or 1), 6) if heading else 0
    found.listed = name.lower().startswith(("list bullet", "list number", "list paragraph"))
    if properties is not None:
        outline = _value(properties, "outlineLvl")
        if not found.level and outline.isdecimal() and int(outline) < 6:
            found.level = int(outline) + 1
        found.listed = found.listed or properties.find(f"{_W}numPr") is not None
        indent = properties.find(f"{_W}ind")
        edge = (indent.get(f"{_W}left") or indent.get(f"{_W}start") or "0") if indent is not None else "0"
        found.indent = int(edge) if edge.lstrip("-").isdecimal() else 0
    mono = bold = whole = 0
    parts: list[str] = []
    for run, text in _texts(element, pictures):
        parts.append(text)
        weight = len(text.strip())
        whole += weight
        mono += weight * _is_mono(run, styles)
        bold += weight * _is_bold(run)
    found.text = "".join(parts)
    found.mono = bool(_CODE_STYLE.search(name)) or (whole > 0 and 2 * mono > whole)
    found.bold = whole > 0 and bold == whole
    return found, pictures


def _texts(element: Any, pictures: list[str], run: Any = None, depth: int = 0) -> list[tuple[Any, str]]:
    """The texts below `element` with the run that each stands in."""
    found: list[tuple[Any, str]] = []
    if depth > 60:
        return found
    for child in element:
        tag = child.tag
        if tag in _SKIPPED or not isinstance(tag, str):
            continue
        if tag in (f"{_W}t", f"{_M}t"):
            found.append((run, child.text or ""))
        elif tag == f"{_W}tab":
            found.append((run, "    "))
        elif tag in (f"{_W}br", f"{_W}cr"):
            found.append((run, "\n"))
        elif tag == f"{_W}noBreakHyphen":
            found.append((run, "-"))
        elif tag == f"{_A}blip":
            pictures.append(child.get(f"{_R}embed") or child.get(f"{_R}link") or "")
        elif tag == f"{_V}imagedata":
            pictures.append(child.get(f"{_R}id") or "")
        else:
            found += _texts(child, pictures, child if tag == f"{_W}r" else run, depth + 1)
    return found


def _value(properties: Any, name: str) -> str:
    child = properties.find(f"{_W}{name}") if properties is not None else None
    return str(child.get(f"{_W}val") or "") if child is not None else ""


def _is_mono(run: Any, styles: dict[str, str]) -> bool:
    properties = run.find(f"{_W}rPr") if run is not None else None
    if properties is None:
        return False
    fonts = properties.find(f"{_W}rFonts")
    names = list(fonts.attrib.values()) if fonts is not None else []
    return any(_MONO.search(name) for name in names) or bool(
        _CODE_STYLE.search(styles.get(_value(properties, "rStyle"), ""))
    )


def _is_bold(run: Any) -> bool:
    properties = run.find(f"{_W}rPr") if run is not None else None
    bold = properties.find(f"{_W}b") if properties is not None else None
    return bold is not None and bold.get(f"{_W}val") not in ("0", "false")
