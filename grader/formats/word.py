"""Word documents (.docx) as cells: text with its headings, listings with what they printed, tables, pictures.

Format: ECMA-376 part 1, section 17. `word_worker` reads the file in a process of its own and takes each paragraph apart
with `paragraph`: its text as it is shown, and the type it is set in. `read_word` makes cells of what the worker said.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from grader.errors import UserError
from grader.formats.blocks import Block, document_contents
from grader.formats.keras_logs import epoch_header, progress_line
from grader.formats.listings import is_code_line
from grader.formats.parser_process import Said, parse_apart
from grader.formats.reader import Contents, Reader, SourceFile, image_of
from grader.records import SavedImage

# A paragraph, as the worker takes it apart

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


class Element(Protocol):
    """An element of the document's XML, as lxml has it."""

    @property
    def tag(self) -> object:
        """Its name in braces and beyond; no text for comments and the like."""

    @property
    def text(self) -> str | None:
        """The text before its first child."""

    @property
    def attrib(self) -> Mapping[str, str]:
        """Its attributes."""

    def get(self, key: str) -> str | None:
        """The attribute `key`."""

    def find(self, path: str) -> Element | None:
        """The first child of that name."""

    def iter(self, tag: str) -> Iterator[Element]:
        """Itself and everything in it of that name."""

    def __iter__(self) -> Iterator[Element]: ...


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


def paragraph(element: Element, styles: dict[str, str]) -> tuple[Paragraph, list[str]]:
    """The paragraph in `element`, and the relationship ids of its pictures.

    `styles` maps ids to names. Deleted text of tracked changes is left out, inserted text is read.
    """
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


def _texts(
    element: Element, pictures: list[str], run: Element | None = None, depth: int = 0
) -> list[tuple[Element | None, str]]:
    """The texts below `element` with the run that each stands in."""
    found: list[tuple[Element | None, str]] = []
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


def _value(properties: Element | None, name: str) -> str:
    child = properties.find(f"{_W}{name}") if properties is not None else None
    return str(child.get(f"{_W}val") or "") if child is not None else ""


def _is_mono(run: Element | None, styles: dict[str, str]) -> bool:
    properties = run.find(f"{_W}rPr") if run is not None else None
    if properties is None:
        return False
    fonts = properties.find(f"{_W}rFonts")
    names = list(fonts.attrib.values()) if fonts is not None else []
    return any(_MONO.search(name) for name in names) or bool(
        _CODE_STYLE.search(styles.get(_value(properties, "rStyle"), ""))
    )


def _is_bold(run: Element | None) -> bool:
    properties = run.find(f"{_W}rPr") if run is not None else None
    bold = properties.find(f"{_W}b") if properties is not None else None
    return bold is not None and bold.get(f"{_W}val") not in ("0", "false")


# The document, as the worker said it

_SECONDS = 60.0
_UNPACKED_LIMIT = 300_000_000
"""Bytes that a document unpacks to: far more than a report has."""
_MEMBERS_LIMIT = 5_000
"""Files in a document's package."""
_WORKER = "grader.formats.word_worker"
_AGAIN = "Ask the group for the file again, or for a PDF of it."
_TWIPS_PER_COLUMN = 120
"""A blank in a usual type of one width, in twentieths of a point."""


@dataclass(frozen=True)
class _Part:
    """A paragraph, a row of a table or a picture, as the worker says them."""

    kind: str
    """`prose`, `listing`, `row` or `picture`."""
    text: str
    level: int
    """1 to 6 for a heading, else 0."""
    bold: bool
    listed: bool
    indent: int
    """In twentieths of a point."""
    data: str
    """Of a picture, base64."""


def _part(value: Said) -> _Part:
    level, indent = value.get("level"), value.get("indent")
    return _Part(
        kind=str(value["kind"]),
        text=str(value.get("text", "")),
        level=level if isinstance(level, int) else 0,
        bold=value.get("bold") is True,
        listed=value.get("listed") is True,
        indent=indent if isinstance(indent, int) else 0,
        data=str(value.get("data", "")),
    )


def read_word(source: SourceFile, seconds: float = _SECONDS) -> Contents:
    """The cells of a Word document, read in a process of its own within `seconds`.

    Raises `UserError` for what is no Word document, or damaged, or locked, or unpacks to too much.
    """
    file, data = source.name, source.data
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise UserError(f"{file} is locked with a password or of Word 2003 or older. Ask the group for a PDF of it.")
    _check_package(data, file)
    parsed = parse_apart(_WORKER, data, seconds)
    said = [_part(value) for value in parsed.values if "kind" in value]
    if not any(map(_is_full, said)):
        late = "took too long to read and was given up" if parsed.ended == "timed out" else "is damaged or empty"
        raise UserError(f"{file} {late}. {_AGAIN}")
    notes = [] if parsed.ended == "finished" else ["could be read in part only"]
    blocks = list(_blocks(said))
    unshown = sum(block.kind == "picture" and block.image is None for block in blocks)
    if unshown:
        notes.append(f"holds {unshown} picture{'s' if unshown > 1 else ''} in a form that labgrade does not show")
    return document_contents(file, blocks, notes)


def _check_package(data: bytes, file: str) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            members = package.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise UserError(f"{file} is damaged or no Word document. {_AGAIN}") from None
    unpacked = sum(member.file_size for member in members)
    if unpacked > _UNPACKED_LIMIT or len(members) > _MEMBERS_LIMIT:
        raise UserError(f"{file} unpacks to {unpacked // 1_000_000:,} MB, far more than a report has. {_AGAIN}")


def _blocks(said: list[_Part]) -> Iterator[Block]:
    """Paragraphs of one kind that follow each other as one block; headings begin a new one."""
    kinds = _kinds(said)
    group: list[_Part] = []
    kind = ""
    for value, now in zip(said, kinds, strict=True):
        if group and (now != kind or now == "picture" or value.level):
            yield _block(kind, group)
            group = []
        group.append(value)
        kind = now
    if group:
        yield _block(kind, group)


def _kinds(said: list[_Part]) -> list[str]:
    """`listing` also for code and logs that were pasted in the type of the text: two lines of code, or one of a log."""
    kinds = [value.kind for value in said]
    place = 0
    while place < len(said):
        end = place
        while end < len(said) and kinds[end] == "prose" and not said[end].level and _is_pasted(said[end]):
            end += 1
        lines = [line for value in said[place:end] for line in value.text.split("\n") if line.strip()]
        if len(lines) > 1 or any(map(_is_log, lines)):
            kinds[place:end] = ["listing"] * (end - place)
        place = max(end, place + 1)
    for place in range(1, len(said) - 1):
        # A blank paragraph between two lines of a listing is one of its lines.
        if not (said[place].text if kinds[place] == "prose" else "x").strip() and kinds[place - 1] == "listing":
            following = next(
                (kind for kind, value in zip(kinds[place:], said[place:], strict=True) if _is_full(value)), ""
            )
            kinds[place] = "listing" if following == "listing" else "prose"
    return kinds


def _is_full(value: _Part) -> bool:
    return value.kind == "picture" or bool(value.text.strip())


def _is_pasted(value: _Part) -> bool:
    lines = [line for line in value.text.split("\n") if line.strip()]
    return bool(lines) and all(
        _is_log(line) or (is_code_line(line) and any(sign in line for sign in "()=[]")) or line.lstrip()[:1] in "#)]}"
        for line in lines
    )


def _is_log(line: str) -> bool:
    return progress_line(line) is not None or epoch_header(line) is not None


def _block(kind: str, group: list[_Part]) -> Block:
    if kind == "picture":
        return Block("picture", image=_image(group[0].data))
    if kind == "listing":
        least = min(value.indent for value in group)
        return Block("listing", "\n".join(_code_line(value, least) for value in group))
    if kind == "row":
        return Block("prose", "\n".join(value.text for value in group))
    return Block("prose", "\n\n".join(_markdown(value) for value in group if value.text.strip()))


def _code_line(value: _Part, least: int) -> str:
    indent = " " * min(100, max(0, (value.indent - least) // _TWIPS_PER_COLUMN))
    return "\n".join(indent + line for line in value.text.split("\n"))


def _markdown(value: _Part) -> str:
    text = value.text.strip()
    if value.level:
        return f"{'#' * value.level} {' '.join(text.split())}"
    if value.listed:
        return f"- {text}"
    if value.bold and "\n" not in text and "*" not in text and len(text) < 220:
        return f"**{text}**"
    return text


def _image(packed: str) -> SavedImage | None:
    try:
        return image_of(base64.b64decode(packed))
    except (binascii.Error, ValueError):
        return None


READER = Reader(name="word", title="a Word document", suffixes=(".docx",), form="document", rank=30, read=read_word)
