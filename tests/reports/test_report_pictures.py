"""Untrusted pictures: what passes, what is rebuilt, and what becomes a note."""

from __future__ import annotations

import base64
import struct
import time
import zlib
from io import BytesIO

import pytest
from PIL import Image
from report_records import SVG

from grader.records import Figure, SavedImage
from grader.reports.untrusted_pictures import figure_picture, saved_picture
from grader.reports.untrusted_svg import allowed_style, is_allowed_attribute

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="100" height="80">'


def shown(body: str, head: str = HEAD) -> str:
    picture = figure_picture(Figure(svg=f"{head}{body}</svg>"))
    return base64.b64decode(picture.source.partition(",")[2]).decode()


def refused(svg: str) -> str:
    picture = figure_picture(Figure(svg=svg))
    assert picture.source == ""
    return picture.note


def png(width: int = 4, height: int = 3, mode: str = "RGB") -> str:
    target = BytesIO()
    Image.new(mode, (width, height)).save(target, format="PNG")
    return base64.b64encode(target.getvalue()).decode()


def test_a_matplotlib_picture_passes_without_its_script() -> None:
    """The drawing survives with its doctype gone; the script is gone too, and that is noted."""
    picture = figure_picture(Figure(svg=SVG))
    text = base64.b64decode(picture.source.partition(",")[2]).decode()
    assert "M 60 220 L 150 120" in text
    assert "accuracy</text>" in text
    assert "script" not in text
    assert "parts of this picture" in picture.note


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        '<foreignObject><body xmlns="http://www.w3.org/1999/xhtml">x</body></foreignObject>',
        '<a xlink:href="javascript:alert(1)"><text>x</text></a>',
        '<image xlink:href="http://example.org/x.png" width="9" height="9"/>',
        '<image xlink:href="file:///etc/passwd" width="9" height="9"/>',
        '<image href="data:image/svg+xml;base64,PHN2Zy8+" width="9" height="9"/>',
        '<use xlink:href="http://example.org/x.svg#a"/>',
        '<rect onclick="alert(1)" width="9" height="9"/>',
        "<style>@import url(http://example.org/x.css); rect{fill:url(http://example.org)}</style>",
        '<rect style="fill: url(http://example.org/x); background: url(x)" width="9" height="9"/>',
        '<rect fill="url(http://example.org/x#a)" width="9" height="9"/>',
        '<animate attributeName="href" to="javascript:alert(1)"/>',
        '<set attributeName="onload" to="alert(1)"/>',
        '<text style="font-family: url(http://example.org/f)">x</text>',
        '<x:script xmlns:x="http://www.w3.org/2000/svg">alert(1)</x:script>',
        '<html:script xmlns:html="http://www.w3.org/1999/xhtml">alert(1)</html:script>',
    ],
)
def test_nothing_that_acts_or_reaches_out_passes(body: str) -> None:
    """Scripts, handlers, foreign content and every address outside the picture are left out."""
    text = shown(body + '<path d="M 0 0 L 9 9"/>').lower()
    assert "m 0 0 l 9 9" in text
    for word in (
        "script",
        "alert",
        "example.org",
        "passwd",
        "onclick",
        "foreignobject",
        "animate",
        "import",
        "svg+xml",
    ):
        assert word not in text


def test_entities_are_refused() -> None:
    """A picture that declares entities becomes a note, however many laughs it promises."""
    laughs = '<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>' + HEAD + "<text>&b;</text></svg>"
    assert "entities" in refused(laughs)
    outside = '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + HEAD + "<text>&x;</text></svg>"
    assert "cannot be shown" in refused(outside)


def test_shapes_cannot_be_multiplied_without_end() -> None:
    """A `use` of a `use` is dropped, and so is one of a group that holds it."""
    doubled = "".join(f'<g id="a{n + 1}"><use href="#a{n}"/><use href="#a{n}"/></g>' for n in range(40))
    text = shown(f'<defs><path id="a0" d="M 0 0 L 1 1"/>{doubled}</defs><use href="#a40"/><path d="M 2 2 L 3 3"/>')
    assert text.count("<use") <= 2
    assert "M 2 2 L 3 3" in text
    assert "<use" not in shown('<g id="me"><use href="#me"/></g><path d="M 2 2 L 3 3"/>')
    loop = '<pattern id="p"><use href="#q"/></pattern><path id="q" fill="url(#p)" d="M 0 0 L 1 1"/>'
    assert "<use" not in shown(loop)


@pytest.mark.parametrize(
    ("svg", "why"),
    [
        ("", "too large to keep"),
        ("<svg", "damaged"),
        ("<html></html>", "not an SVG"),
        ('<svg xmlns="http://www.w3.org/2000/svg"/>', "how large"),
        ('<svg xmlns="http://www.w3.org/2000/svg" width="9999999" height="1"/>', "makes no sense"),
        ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 nan 5"/>', "how large"),
        (HEAD + "<g>" * 5_000 + "</g>" * 5_000, "damaged"),
        (HEAD + "<rect/>" * 20_000 + "</svg>", "more than 12,000"),
        (HEAD + '<path id="a" d="M 0 0"/>' + '<use href="#a"/>' * 5_000 + "</svg>", "repeats"),
        (HEAD + " " * 3_000_000 + "</svg>", "larger than 3 MB"),
    ],
)
def test_what_cannot_be_shown_becomes_a_note(svg: str, why: str) -> None:
    """No picture raises: each failure is a sentence for the reader."""
    assert why in refused(svg)


def test_deep_nesting_is_cut() -> None:
    """Groups within groups end at a depth that every reader can draw."""
    assert shown("<g>" * 500 + '<path d="M 0 0 L 1 1"/>' + "</g>" * 500 + '<path d="M 5 5 L 6 6"/>').count("M 0 0") == 0


def test_values_are_checked_by_their_form() -> None:
    """Colours, lengths and transforms pass; expressions, endless dashes and addresses do not."""
    kept = "fill: #ff0000; stroke-width: 1.5; opacity: 0.5"
    assert allowed_style(kept, references=True) == kept
    assert allowed_style("fill: expression(alert(1)); stroke-dasharray: 0.000001 0.000001", references=True) == ""
    assert allowed_style("font: 12px 'DejaVu Sans', sans-serif", references=True) == "font-size: 12px"
    assert is_allowed_attribute("g", "transform", "translate(1 2) scale(0.5 -0.5)", references=True)
    assert not is_allowed_attribute("g", "transform", "translate(url(#a))", references=True)
    assert not is_allowed_attribute("g", "clip-path", "url(#a)", references=False)


@pytest.mark.parametrize(
    "value", ["translate(" * 5_000, "scale(1)" + " , " * 5_000 + "x", "1" * 100_000 + "x", " " * 100_000]
)
def test_no_value_takes_long_to_check(value: str) -> None:
    """Long hostile values are refused at once."""
    start = time.process_time()
    for name in ("transform", "d", "points", "x", "fill", "style", "id", "stroke-dasharray"):
        is_allowed_attribute("path", name, value, references=True)
    allowed_style(f"font: {value}; fill: {value}", references=True)
    assert time.process_time() - start < 1


def test_an_embedded_raster_is_encoded_afresh() -> None:
    """Bytes that trail a PNG do not reach the report."""
    hidden = base64.b64encode(base64.b64decode(png()) + b"<script>alert(1)</script>").decode()
    text = shown(f'<image xlink:href="data:image/png;base64,{hidden}" width="9" height="9"/>')
    data = base64.b64decode(text.partition("base64,")[2].partition('"')[0])
    assert data.startswith(b"\x89PNG")
    assert b"script" not in data


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16"])
def test_saved_pngs_of_every_kind_are_shown(mode: str) -> None:
    """Palette, grey, transparent and two-tone pictures all pass."""
    picture = saved_picture(SavedImage(media_type="image/png", data=png(mode=mode)))
    assert picture.source.startswith("data:image/png;base64,")
    assert picture.note == ""


def test_a_wide_picture_is_scaled_down() -> None:
    """A picture wider than the page at print resolution is made smaller."""
    picture = saved_picture(SavedImage(media_type="image/png", data=png(4_000, 1_000)))
    with Image.open(BytesIO(base64.b64decode(picture.source.partition(",")[2]))) as image:
        assert image.size == (1_400, 350)


def _bomb(width: int, height: int) -> str:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1_000)) + chunk(b"IEND", b"")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode()


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("image/png", "bm90IGEgcGljdHVyZQ=="),
        ("image/png", "not base64 at all"),
        ("image/png", _bomb(50_000, 50_000)),
        ("image/png", ""),
        ("image/jpeg", png()),
        ("image/svg+xml", "<svg"),
    ],
)
def test_damaged_and_oversized_pictures_become_notes(kind: str, data: str) -> None:
    """Bombs, wrong types and garbage are noted, not raised."""
    picture = saved_picture(SavedImage.model_validate({"media_type": kind, "data": data}))
    assert picture.source == ""
    assert "cannot be shown" in picture.note
