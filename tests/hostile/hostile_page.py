"""A report held against what a report may hold: read as a browser would read it, not searched for words."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

from PIL import Image

_TAGS = frozenset(
    """
    html head meta title style body main header footer section nav article aside div span p h1 h2 h3 h4 table
    thead tbody tfoot tr th td caption colgroup col figure figcaption img ul ol li dl dt dd pre code b i em
    strong a br hr small sup sub del s blockquote svg g path rect circle ellipse line polyline polygon text
    tspan defs use clippath pattern image details summary abbr time mark kbd var u wbr math
    """.split()
)
_PLACES = re.compile(r"#[\w.-]*|data:(image/(png|svg\+xml|jpeg)|font/woff2);base64,[A-Za-z0-9+/=]+")
_LINKS = ("href", "src", "xlink:href", "data", "action", "srcset", "background", "poster", "formaction", "cite", "ping")
_CSS = re.compile(
    r"@import|expression\s*\(|url\s*\(\s*['\"]?(?!data:font/|data:image/|#|labgrade-font:)", re.IGNORECASE
)
_ACTIVE = re.compile(
    rb"<script|<foreignobject|javascript:|<!entity|<iframe|href\s*=\s*['\"](?!#|data:image/png)", re.IGNORECASE
)
_MOST_PIXELS = 40_000_000


class _Reader(HTMLParser):
    """Collects what a report may not hold."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._style = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Check one element."""
        if tag not in _TAGS:
            self.found.append(f"the report holds <{tag}>")
        self._style += tag == "style"
        for name, value in attributes:
            value = value or ""
            own_policy = name == "http-equiv" and value == "Content-Security-Policy"
            if name.startswith("on") or (name in ("srcdoc", "http-equiv", "formaction") and not own_policy):
                self.found.append(f"the report holds <{tag} {name}>")
            if name in _LINKS and not _PLACES.fullmatch(value.strip()):
                self.found.append(f"the report points to {value[:80]!r}")
            if name == "style" and _CSS.search(value):
                self.found.append(f"the report has the style {value[:80]!r}")
            if value.startswith("data:image/"):
                self.found += _of_picture(value)

    def handle_endtag(self, tag: str) -> None:
        """Leave one element."""
        self._style -= tag == "style"

    def handle_data(self, data: str) -> None:
        """Check a style sheet."""
        if self._style > 0 and _CSS.search(data):
            self.found.append("the style sheet fetches something")


def _of_picture(value: str) -> Iterator[str]:
    kind, _, data = value.partition(";base64,")
    content = base64.b64decode(data)
    if kind == "data:image/svg+xml":
        if found := _ACTIVE.search(content):
            yield f"a picture holds {found[0]!r}"
        for element in ElementTree.fromstring(content).iter():
            yield from (f"a picture has {name}" for name in element.attrib if name.lower().startswith("on"))
    else:
        with Image.open(io.BytesIO(content)) as image:
            if image.width * image.height > _MOST_PIXELS or getattr(image, "n_frames", 1) > 1:
                yield f"a picture of {image.width} x {image.height} pixels is shown"
            if f"image/{(image.format or '').lower()}" != kind.removeprefix("data:"):
                yield f"a picture is {image.format}, not {kind}"


def complaints(page: str) -> list[str]:
    """Everything in the report `page` that could run, fetch, or fill a reader's memory."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    if any(sign in page for sign in "\u202a\u202b\u202d\u202e\u2066\u2067\u200b\ufeff"):
        reader.found.append("the report holds a character that turns or hides text")
    return reader.found


class FetchLog:
    """Puts itself before the report's own fetcher, and keeps what WeasyPrint asked for."""

    def __init__(self, printing: Any) -> None:
        self.asked: list[str] = []
        was = printing._fetcher

        def fetcher(*arguments: Any) -> Any:
            made = was(*arguments)
            fetch = made.fetch

            def logged(url: str, *more: Any, **others: Any) -> Any:
                self.asked.append(url)
                return fetch(url, *more, **others)

            made.fetch = logged
            return made

        printing._fetcher = fetcher

    def complaints(self) -> list[str]:
        """What was asked for and is not labgrade's own."""
        asked, self.asked = self.asked, []
        return [
            f"WeasyPrint asked for {url[:80]!r}" for url in asked if not url.startswith(("labgrade-font:", "data:"))
        ]
