"""Markdown reports: text, fenced code with what it printed, and the pictures that they show.

Format: https://spec.commonmark.org, with the fences of Quarto (```{python}) and pandoc.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from grader.errors import UserError
from grader.formats.blocks import Block, document_contents
from grader.formats.reader import Contents, Fetch, Reader, SourceFile, document_image
from grader.formats.text import decode_text

_FENCE = re.compile(r"[ \t]{0,8}(?P<mark>`{3,}|~{3,})\s*(?P<info>[^`\n]{0,200})$")
_PYTHON = re.compile(r"\{?\.?\s*(?:python|py|ipython|python3)\b", re.IGNORECASE)
_PICTURE = re.compile(
    r"!\[[^\]\n]{0,500}+\]\(\s*+<?(?P<target>data:[^)\s!]++|[^\s)>!]{1,4000}+)>?"
    r"(?:\s++[\"'][^\"'\n]{0,300}+[\"'])?\s*+\)"
    r"|<img\b[^>\n]{0,400}?\bsrc\s*=\s*[\"'](?P<source>[^\"'\n]++)[\"'][^>\n]{0,400}+>",
    re.IGNORECASE,
)
"""Possessive, and ended by the next `!`: a line of a thousand beginnings must not be read a thousand times."""
_RULE = re.compile(r"(=+|-+)\s*$")
_PICTURES_LIMIT = 200
"""Pictures of one report."""


def read_markdown(source: SourceFile) -> Contents:
    """The cells of a Markdown file: its code runs as a script's would, when it is Python.

    Raises `UserError` when it is empty.
    """
    file = source.name
    text, notes = decode_text(source.data)
    if not text.strip():
        raise UserError(f"{file} is empty. Ask the group for the file again.")
    blocks = list(_blocks(text.replace("\r", "\n").split("\n"), source.fetch))
    absent = sum(block.kind == "picture" and block.image is None for block in blocks)
    if absent:
        notes.append(
            f"shows {absent} picture{'s' if absent > 1 else ''} that {'were' if absent > 1 else 'was'} not handed in"
        )
    return document_contents(file, blocks, notes)


def _blocks(lines: list[str], fetch: Fetch) -> Iterator[Block]:
    body: list[str] = []
    fence, python = "", False
    pictures = 0
    for line in lines:
        mark = _FENCE.match(line)
        if fence:
            if mark and mark["mark"].startswith(fence) and not mark["info"].strip():
                yield _listing(body, python)
                body, fence = [], ""
            else:
                body.append(line)
            continue
        if mark:
            yield from _prose(body)
            body, fence = [], mark["mark"]
            python = bool(_PYTHON.match(mark["info"]))
            continue
        targets = list(_PICTURE.finditer(line)) if len(line) < 16_000_000 else []
        if targets and pictures < _PICTURES_LIMIT:
            rest = _PICTURE.sub("", line)
            yield from _prose([*body, rest])
            body = []
            for match in targets[: _PICTURES_LIMIT - pictures]:
                pictures += 1
                yield Block("picture", image=document_image(match["target"] or match["source"], fetch))
            continue
        body.append(line)
    if fence:
        yield _listing(body, python)
    else:
        yield from _prose(body)


def _listing(body: list[str], python: bool) -> Block:
    return Block("code" if python else "listing", "\n".join(body))


def _prose(body: list[str]) -> Iterator[Block]:
    """Text, cut at its headings so that what stands under one is a cell of its own."""
    part: list[str] = []
    for line in body:
        if _underlines(line, part):
            part[-1] = f"{'#' if line.startswith('=') else '##'} {part[-1].strip()}"
            if len(part) > 1:
                yield Block("prose", "\n".join(part[:-1]))
                part = part[-1:]
            continue
        if re.match(r" {0,3}#{1,6}\s", line) and any(before.strip() for before in part):
            yield Block("prose", "\n".join(part))
            part = []
        part.append(line)
    if any(line.strip() for line in part):
        yield Block("prose", "\n".join(part))


def _underlines(line: str, part: list[str]) -> bool:
    """Whether `line` makes the one before it a heading, and is neither a rule nor part of a table."""
    if not part or not part[-1].strip() or not _RULE.match(line) or part[-1].startswith("#") or "|" in part[-1]:
        return False
    alone = len(part) < 2 or not part[-2].strip()
    return line.startswith("=") or (len(line.strip()) > 2 and len(part[-1]) < 200 and alone)


READER = Reader(
    name="markdown",
    title="a Markdown file",
    suffixes=(".md", ".markdown", ".qmd"),
    form="document",
    rank=20,
    read=read_markdown,
    pictures_beside=True,
)
