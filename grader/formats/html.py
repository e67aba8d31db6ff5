"""Web pages as cells: notebooks exported as HTML by nbconvert, Jupyter or Colab, and other pages with text and code.

nbconvert marks code with `jp-InputArea` or `input_area`, what it printed with `jp-OutputArea-output` or `output_area`,
and text with `jp-MarkdownOutput` or `text_cell_render`. `read_web_page` has this module run as a program, in a process
of its own, where `Page` walks the page and `main` says its pieces as lines of JSON.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from html.parser import HTMLParser

from grader.errors import UserError
from grader.formats.blocks import Block, BlockKind, document_contents
from grader.formats.parser_process import Said, limit_worker, parse_apart, say
from grader.formats.reader import Contents, Fetch, Reader, SourceFile, document_image
from grader.formats.text import decode_text

_HIDDEN = {"script", "style", "head", "template", "noscript", "svg", "math", "button", "select", "textarea"}
_VOID = {"br", "hr", "img", "input", "meta", "link", "col", "area", "base", "embed", "source", "track", "wbr", "param"}
_PARAGRAPHS = {
    "p",
    "div",
    "section",
    "article",
    "li",
    "tr",
    "table",
    "ul",
    "ol",
    "blockquote",
    "dd",
    "dt",
    "figure",
    "main",
}
_INPUT = re.compile(r"\b(?:jp-InputArea-editor|input_area|CodeMirror|jp-CodeCell-input)\b")
_OUTPUT = re.compile(r"\b(?:jp-OutputArea-output|output_area|output_subarea|output_text)\b")
_PROMPT = re.compile(r"\b(?:jp-InputPrompt|jp-OutputPrompt|prompt|anchor-link)\b")
_COUNT = re.compile(r"In\s*\[\s*(\d{1,5})\s*\]|^\s*\[\s*(\d{1,5})\s*\]")
_DEPTH_LIMIT = 400
"""Elements within each other; deeper ones count as the one around them."""
_BLOCKS_LIMIT = 6_000
"""Pieces of a page, after which no more text is taken."""
_SECONDS = 30.0
_WORKER = "grader.formats.html"
_KINDS: dict[str, BlockKind] = {"prose": "prose", "listing": "listing", "code": "code", "output": "output"}


def read_web_page(source: SourceFile, seconds: float = _SECONDS) -> Contents:
    """The cells of an HTML page: those of the notebook it was made from, or its text and listings.

    Read in a process of its own within `seconds`. Raises `UserError` when nothing stands in it.
    """
    file = source.name
    parsed = parse_apart(_WORKER, source.data, seconds)
    blocks = [_block(value, source.fetch) for value in parsed.values if "kind" in value]
    if not blocks:
        late = "took too long to read and was given up" if parsed.ended == "timed out" else "holds no text to be read"
        raise UserError(f"{file} {late}. Ask the group for the notebook it was made from.")
    last = parsed.values[-1] if parsed.ended == "finished" else {}
    said = last.get("notes")
    notes = [str(note) for note in said] if isinstance(said, list) else []
    if parsed.ended != "finished":
        notes.append("could be read in part only")
    return document_contents(file, blocks, notes, whole=last.get("notebook") is True)


def _block(value: Said, fetch: Fetch) -> Block:
    text = str(value.get("text", ""))
    if value["kind"] == "picture":
        return Block("picture", image=document_image(text, fetch))
    count = value.get("count")
    return Block(_KINDS.get(str(value["kind"]), "prose"), text, count=count if isinstance(count, int) else None)


READER = Reader(
    name="web",
    title="a web page",
    suffixes=(".html", ".htm"),
    form="document",
    rank=40,
    read=read_web_page,
    pictures_beside=True,
)


@dataclass(frozen=True)
class Piece:
    """One piece of a page."""

    kind: str
    """`prose`, `listing`, `code`, `output` or `picture`."""
    text: str
    """Of a picture: its address."""
    count: int | None = None


class Page(HTMLParser):
    """Walks a page and collects its pieces in order, with what each is."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[Piece] = []
        self.notebook = False
        """It was made from a notebook."""
        self._open: list[tuple[str, str]] = []
        """Open elements, each with its role: `input`, `output`, `prompt`, `hidden` or empty."""
        self._text: list[str] = []
        self._heading = 0
        self._count: int | None = None

    def _role(self) -> str:
        return self._open[-1][1] if self._open else ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "img":
            self._picture(values.get("src", ""))
        if tag == "br":
            self._text.append("\n")
        if tag in _VOID:
            return
        role = self._role()
        kind = values.get("class", "")
        inherited = role
        if tag in _HIDDEN or role == "hidden":
            role = "hidden"
        elif _PROMPT.search(kind):
            role = "prompt"
        elif _INPUT.search(kind):
            role, self.notebook = "input", True
        elif _OUTPUT.search(kind):
            role = "output"
        if role != inherited or tag in _PARAGRAPHS or tag == "pre" or re.fullmatch(r"h[1-6]", tag):
            self._flush()
        if re.fullmatch(r"h[1-6]", tag):
            self._heading = int(tag[1])
        if tag == "li" and role == "":
            self._text.append("- ")
        if tag in ("td", "th") and self._text and role != "input":
            self._text.append(" | ")
        if len(self._open) < _DEPTH_LIMIT:
            self._open.append((tag, role))

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID or not any(name == tag for name, _ in self._open[-60:]):
            return
        if tag in _PARAGRAPHS or tag == "pre" or re.fullmatch(r"h[1-6]", tag) or self._role() == "prompt":
            self._flush()
        while self._open:
            name, _ = self._open.pop()
            if name == tag:
                break
        if re.fullmatch(r"h[1-6]", tag):
            self._heading = 0

    def handle_data(self, data: str) -> None:
        if self._role() == "hidden":
            return
        verbatim = any(name == "pre" for name, _ in self._open[-12:])
        self._text.append(data if verbatim else re.sub(r"\s+", " ", data))

    def _flush(self) -> None:
        """The text so far as a block, by where it stands."""
        text = "".join(self._text).replace("\u00a0", " ")
        self._text = []
        if not text.strip() or len(self.pieces) >= _BLOCKS_LIMIT:
            return
        role = self._role()
        if role == "prompt":
            count = _COUNT.search(text)
            self._count = int(count[1] or count[2]) if count else self._count
            return
        verbatim = any(name == "pre" for name, _ in self._open[-12:])
        kinds: dict[str, str] = {"input": "code", "output": "output"}
        kind = kinds.get(role, "listing" if verbatim else "prose")
        if kind == "prose":
            text = text.strip()
            text = f"{'#' * self._heading} {text}" if self._heading else text
        self._append(Piece(kind, text, count=self._count if kind == "code" else None))

    def _append(self, piece: Piece) -> None:
        last = self.pieces[-1] if self.pieces else None
        if last is not None and last.kind == piece.kind == "prose" and not piece.text.startswith("#"):
            piece = Piece("prose", f"{last.text}\n\n{piece.text}")
            self.pieces.pop()
        self.pieces.append(piece)

    def _picture(self, source: str) -> None:
        if self._role() == "hidden" or not source:
            return
        self._flush()
        self.pieces.append(Piece("picture", source))

    def close(self) -> None:
        super().close()
        self._flush()


def main(arguments: list[str]) -> None:
    """Say each piece, then what kind of page it was, then `{"end": true}`."""
    text, notes = decode_text(limit_worker(arguments))
    page = Page()
    page.feed(text)
    page.close()
    for piece in page.pieces:
        say(kind=piece.kind, text=piece.text, count=piece.count)
    say(notebook=page.notebook, notes=notes)
    say(end=True)


if __name__ == "__main__":
    main(sys.argv[1:])
