"""From a template to HTML and PDF: the one place where WeasyPrint and Jinja are used.

A document is one HTML text that needs no other file. As PDF it is tagged (PDF/UA-1); nothing is fetched from outside.
"""

from __future__ import annotations

import base64
import contextlib
import io
import logging
import os
import platform
import warnings
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from grader.assets import templates_folder
from grader.errors import LabgradeError
from grader.reports.fonts import Coverage, Face, carries, coverage, font_bytes, font_data_uri

_FACES: tuple[tuple[Face, str, str, str], ...] = (
    ("regular", "Labgrade Sans", "400", "normal"),
    ("semibold", "Labgrade Sans", "600", "normal"),
    ("italic", "Labgrade Sans", "400", "italic"),
    ("mono", "Labgrade Mono", "400", "normal"),
)
_FONT_SCHEME = "labgrade-font:"
_INSTALLS = {
    "debian": "apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0",
    "fedora": "dnf install pango",
    "macos": "brew install pango",
}


class PdfLibrariesError(LabgradeError):
    """WeasyPrint's system libraries are missing. The message is one line with the install command."""


def page(template: str, **views: object) -> str:
    """`template` filled with `views` and the style sheet: HTML, still without fonts."""
    style = (templates_folder() / "report.css").read_text(encoding="utf-8")
    return _environment().get_template(template).render(**views, style=Markup(style))


def standalone_html(html: str) -> str:
    """`html`, as `page` gives it, with its fonts inside."""
    covered = coverage(html)
    return _with_fonts(html, {face: font_data_uri(face, covered) for face, *_ in _FACES})


def tagged_pdf(html: str, day: date) -> bytes:
    """`html`, as `page` gives it, as tagged PDF/UA-1, dated `day`. Raises `PdfLibrariesError` without Pango."""
    weasyprint = _weasyprint()
    covered = coverage(html)
    html = _with_fonts(html, {face: _FONT_SCHEME + face for face, *_ in _FACES})
    with _fixed_clock(day):
        document = weasyprint.HTML(string=html, base_url=None, url_fetcher=_fetcher(covered), media_type="print")
        # The fonts are cut already: cutting them again for the PDF would take longer than laying it out.
        data: bytes = document.write_pdf(pdf_variant="pdf/ua-1", pdf_tags=True, full_fonts=carries(html, covered))
    return data


def warm_up() -> None:
    """Loads what a report needs, so that a caller can do it while it waits for a training. Never raises."""
    with contextlib.suppress(Exception):
        for face, *_ in _FACES:
            font_bytes(face, "woff2")
            font_bytes(face, "ttf")
        _weasyprint()


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    return ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader(templates_folder()),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _with_fonts(html: str, fonts: dict[Face, str]) -> str:
    """`html` with the report's fonts declared at the head of its first style sheet, which is labgrade's own."""
    faces = "".join(
        f"@font-face{{font-family:'{family}';font-weight:{weight};font-style:{style};src:url({fonts[face]})}}\n"
        for face, family, weight, style in _FACES
    )
    return html.replace("<style>\n", "<style>\n" + faces, 1)


def _weasyprint() -> Any:
    """WeasyPrint, loaded here alone: it needs Pango, which HTML reports and `labgrade --help` must not."""
    chatter = io.StringIO()  # WeasyPrint prints a banner of its own when a library is missing
    try:
        with contextlib.redirect_stdout(chatter), contextlib.redirect_stderr(chatter), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import weasyprint
    except (OSError, ImportError) as error:
        raise PdfLibrariesError(f"No PDF: the Pango libraries are missing. {_install_words()}") from error
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    return weasyprint


def _install_words() -> str:
    """The install command for this machine; all of them where it is not known."""
    system = "macos" if platform.system() == "Darwin" else ""
    with contextlib.suppress(OSError):
        release = platform.freedesktop_os_release()
        known = f"{release.get('ID', '')} {release.get('ID_LIKE', '')}".split()
        system = next(
            (name for name in ("debian", "fedora") if name in known), "debian" if "ubuntu" in known else system
        )
    if system:
        return f"Run `{_INSTALLS[system]}` and grade again; report.html holds everything."
    named = ", ".join(f"`{command}`" for command in _INSTALLS.values())
    return f"Install them ({named}) and grade again; report.html holds everything."


def _fetcher(covered: Coverage) -> Any:
    """A URL fetcher that knows data URIs and the report's own fonts, and nothing else: no file, no network."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class ClosedFetcher(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
            if url.startswith(_FONT_SCHEME):
                face = next(face for face, *_ in _FACES if face == url.removeprefix(_FONT_SCHEME))
                return URLFetcherResponse(url, font_bytes(face, "ttf", covered), {"Content-Type": "font/ttf"})
            head, _, data = url.partition(",")
            if not (head.startswith("data:") and head.endswith(";base64")):
                raise ValueError("a report fetches nothing from outside itself")
            kind = head.removeprefix("data:").removesuffix(";base64")
            return URLFetcherResponse(url, base64.b64decode(data), {"Content-Type": kind})

    return ClosedFetcher(allowed_protocols=["data"])


@contextlib.contextmanager
def _fixed_clock(day: date) -> Iterator[None]:
    """Lets every date inside the PDF be the day of grading, so that the same report has the same bytes."""
    seconds = str((day.toordinal() - date(1970, 1, 1).toordinal()) * 86_400)
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = seconds
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before
