"""Word documents (.docx) as cells: text with its headings, listings in a type of one width, tables, pictures."""

from __future__ import annotations

import base64
import binascii
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grader.errors import UserError
from grader.reading.bounded import parsed_apart
from grader.reading.console.progress import epoch_header, progress_line
from grader.reading.documents.blocks import Block
from grader.reading.documents.cells import document_contents
from grader.reading.documents.listings import is_code_line
from grader.reading.formats.contents import Contents
from grader.reading.formats.outputs import image_of

_SECONDS = 60.0
_UNPACKED_LIMIT = 300_000_000
_MEMBERS_LIMIT = 5_000
_WORKER = "grader.reading.formats.office.worker"
_AGAIN = "Ask the group for the file again, or for a PDF of it."
_TWIPS_PER_COLUMN = 120
"""A blank in a usual type of one width, in twentieths of a point."""


def read_word(path: Path, file: str, data: bytes, seconds: float = _SECONDS) -> Contents:
    """The cells of the Word document `file`, read in a process of its own within `seconds`.

    Raises `UserError` for what is no Word document, or damaged, or locked, or unpacks to too much.
    """
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise UserError(f"{file} is locked with a password or of Word 2003 or older. Ask the group for a PDF of it.")
    _check_package(data, file)
    parsed = parsed_apart(_WORKER, data, seconds)
    said = [value for value in parsed.values if "kind" in value]
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


def _blocks(said: list[dict[str, Any]]) -> Iterator[Block]:
    """Paragraphs of one kind that follow each other as one block; headings begin a new one."""
    kinds = _kinds(said)
    group: list[dict[str, Any]] = []
    kind = ""
    for value, now in zip(said, kinds, strict=True):
        if group and (now != kind or now == "picture" or value.get("level")):
            yield _block(kind, group)
            group = []
        group.append(value)
        kind = now
    if group:
        yield _block(kind, group)


def _kinds(said: list[dict[str, Any]]) -> list[str]:
    """`listing` also for code and logs that were pasted in the type of the text: two lines of code, or one of a log."""
    kinds = [str(value["kind"]) for value in said]
    place = 0
    while place < len(said):
        end = place
        while end < len(said) and kinds[end] == "prose" and not said[end].get("level") and _is_pasted(said[end]):
            end += 1
        lines = [line for value in said[place:end] for line in str(value["text"]).split("\n") if line.strip()]
        if len(lines) > 1 or any(map(_is_log, lines)):
            kinds[place:end] = ["listing"] * (end - place)
        place = max(end, place + 1)
    for place in range(1, len(said) - 1):
        # A blank paragraph between two lines of a listing is one of its lines.
        if not str(said[place]["text"] if kinds[place] == "prose" else "x").strip() and kinds[place - 1] == "listing":
            following = next(
                (kind for kind, value in zip(kinds[place:], said[place:], strict=True) if _is_full(value)), ""
            )
            kinds[place] = "listing" if following == "listing" else "prose"
    return kinds


def _is_full(value: dict[str, Any]) -> bool:
    return value["kind"] == "picture" or bool(str(value.get("text", "")).strip())


def _is_pasted(value: dict[str, Any]) -> bool:
    lines = [line for line in str(value["text"]).split("\n") if line.strip()]
    return bool(lines) and all(
        _is_log(line) or (is_code_line(line) and any(sign in line for sign in "()=[]")) or line.lstrip()[:1] in "#)]}"
        for line in lines
    )


def _is_log(line: str) -> bool:
    return progress_line(line) is not None or epoch_header(line) is not None


def _block(kind: str, group: list[dict[str, Any]]) -> Block:
    if kind == "picture":
        return Block("picture", image=_image(str(group[0].get("data", ""))))
    if kind == "listing":
        least = min(int(value.get("indent", 0)) for value in group)
        return Block("listing", "\n".join(_code_line(value, least) for value in group))
    if kind == "row":
        return Block("prose", "\n".join(str(value["text"]) for value in group))
    return Block("prose", "\n\n".join(_markdown(value) for value in group if str(value["text"]).strip()))


def _code_line(value: dict[str, Any], least: int) -> str:
    indent = " " * min(100, max(0, (int(value.get("indent", 0)) - least) // _TWIPS_PER_COLUMN))
    return "\n".join(indent + line for line in str(value["text"]).split("\n"))


def _markdown(value: dict[str, Any]) -> str:
    text = str(value["text"]).strip()
    if value.get("level"):
        return f"{'#' * int(value['level'])} {' '.join(text.split())}"
    if value.get("listed"):
        return f"- {text}"
    if value.get("bold") and "\n" not in text and "*" not in text and len(text) < 220:
        return f"**{text}**"
    return text


def _image(packed: str) -> Any:
    try:
        return image_of(base64.b64decode(packed))
    except (binascii.Error, ValueError):
        return None
