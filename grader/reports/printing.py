"""From a template to HTML and PDF, with the report's own fonts: the one place where WeasyPrint and Jinja are used.

A document is one HTML text that needs no other file. As PDF it is tagged (PDF/UA-1); nothing is fetched from outside.
Each file is whole or not there at all. A PDF that cannot be made leaves no older one behind, and a note says why.

The fonts are cut down to the characters that reports use, so that nothing depends on the machine: Source Sans Pro from
the package `font-source-sans-pro`, DejaVu Sans Mono from Matplotlib's own files (it also carries the status shapes).
Cutting takes a fifth of a second per face, so the cut files are cached.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import logging
import os
import platform
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import font_source_sans_pro
import jinja2
import matplotlib
import platformdirs
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from grader.assets import templates_folder
from grader.errors import LabgradeError
from grader.reports.files import DocumentFiles, remove_stale, write_whole

_LOG = logging.getLogger(__name__)

# Fonts

Face = Literal["regular", "semibold", "italic", "mono"]
Flavour = Literal["woff2", "ttf"]

_SOURCE_SANS = {"regular": "SourceSansPro-Regular", "semibold": "SourceSansPro-Semibold", "italic": "SourceSansPro-It"}
_BASE = (
    *((0x20, 0x7F), (0xA0, 0x100), (0x2010, 0x2027), (0x2030, 0x203B), (0x20AC, 0x20AD), (0x2190, 0x2194)),
    *((0x2212, 0x2213), (0x2248, 0x2249), (0x2260, 0x2266), (0x25A0, 0x2600), (0xFFFD, 0xFFFE)),
)
"""What every report's fonts carry: Latin, dashes and quotes, the status shapes, a few signs."""
_MORE = (
    (0x100, 0x250),  # Latin of other languages
    (0x250, 0x370),  # phonetics, accents
    (0x370, 0x400),  # Greek
    (0x400, 0x530),  # Cyrillic
    (0x1E00, 0x2000),  # Vietnamese, old Greek
    (0x2000, 0x2190),  # rare punctuation, superscripts, currencies, letter-like signs
    (0x2190, 0x2300),  # arrows, mathematics
    (0x2300, 0x2400),
    (0x2500, 0x25A0),  # boxes
    (0x2600, 0x2800),  # signs
)
"""Added whole when a report uses any character of it, so that few different fonts are ever cut."""


Coverage = tuple[int, ...]
"""Which of the additional ranges a font carries, by their first characters."""


def coverage(text: str) -> Coverage:
    """The additional ranges that `text` needs."""
    rare = {ord(character) for character in set(text)}
    rare = {code for code in rare if not any(low <= code < high for low, high in _BASE)}
    return tuple(low for low, high in _MORE if any(low <= code < high for code in rare))


def font_file(face: Face) -> Path:
    """The uncut TrueType file of `face`."""
    if face == "mono":
        return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSansMono.ttf"
    return Path(font_source_sans_pro.font_directory) / f"{_SOURCE_SANS[face]}.ttf"


def has_glyphs(text: str, covered: Coverage) -> bool:
    """Whether the cut fonts hold every character of `text`, so that no font of the machine is needed."""
    return all(ord(character) in _characters(covered) for character in set(text) if character not in "\n\t")


@lru_cache(maxsize=8)
def _characters(covered: Coverage) -> frozenset[int]:
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    faces: tuple[Face, ...] = ("regular", "mono")
    fonts = (TTFont(BytesIO(font_bytes(face, "ttf", covered)), lazy=True) for face in faces)
    return frozenset().union(*(font.getBestCmap() for font in fonts))


@lru_cache(maxsize=16)
def font_bytes(face: Face, flavour: Flavour, covered: Coverage = ()) -> bytes:
    """The cut font, from the cache where it is there; `covered` are ranges beyond the basic one."""
    source = font_file(face)
    # The first number is raised whenever the same characters would be cut otherwise.
    recipe = f"3 {source.name} {source.stat().st_size} {flavour} {_BASE} {_MORE} {covered}"
    cached = _cache_folder() / f"{source.stem}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}.{flavour}"
    try:
        return cached.read_bytes()
    except OSError:
        data = _compressed(font_bytes(face, "ttf", covered)) if flavour == "woff2" else _cut(source, covered)
        _remember(cached, data)
        return data


def font_data_uri(face: Face, covered: Coverage = ()) -> str:
    """The cut font for an HTML file that stands alone."""
    return "data:font/woff2;base64," + base64.b64encode(font_bytes(face, "woff2", covered)).decode("ascii")


def _cache_folder() -> Path:
    return platformdirs.user_cache_path("labgrade") / "fonts"


def _cut(source: Path, covered: Coverage) -> bytes:
    from fontTools import subset  # type: ignore[import-untyped]
    from fontTools.ttLib import TTFont

    options = subset.Options()
    options.layout_features = ["kern", "liga", "ccmp", "tnum", *(["mark", "mkmk", "locl"] if covered else [])]
    options.hinting = False
    options.notdef_outline = True
    options.drop_tables = [*options.drop_tables, "FFTM"]
    font = TTFont(source, lazy=True, recalcTimestamp=False)
    subsetter = subset.Subsetter(options)
    ranges = [*_BASE, *(pair for pair in _MORE if pair[0] in covered)]
    subsetter.populate(unicodes=[code for low, high in ranges for code in range(low, high)])
    subsetter.subset(font)
    data = BytesIO()
    font.save(data)
    return data.getvalue()


def _compressed(sfnt: bytes) -> bytes:
    from fontTools.ttLib import TTFont

    font = TTFont(BytesIO(sfnt), recalcTimestamp=False)
    font.flavor = "woff2"
    data = BytesIO()
    font.save(data)
    return data.getvalue()


def _remember(path: Path, data: bytes) -> None:
    """Writes the cache entry whole or not at all; a cache that cannot be written only costs time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(data)
        Path(file.name).replace(path)
    except OSError:
        return


# Documents

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
    """`template`, a name in the folder of templates, filled with `views` and the style sheet: HTML without fonts."""
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
        data: bytes = document.write_pdf(pdf_variant="pdf/ua-1", pdf_tags=True, full_fonts=has_glyphs(html, covered))
    return data


def write_document(html: str, folder: Path, stem: str, made: date) -> DocumentFiles:
    """Write `html`, as `page` gives it, into `folder` as `stem`.html and `stem`.pdf.

    Raises `UserError` when `folder` cannot be written.
    """
    files = DocumentFiles(folder / f"{stem}.html", folder / f"{stem}.pdf")
    write_whole(files.html, standalone_html(html).encode())
    note = write_pdf(folder / f"{stem}.pdf", lambda: tagged_pdf(html, made), stem)
    return replace(files, pdf=None, note=note) if note else files


def write_pdf(pdf: Path, content: Callable[[], bytes], subject: str) -> str:
    """Write what `content` gives to `pdf`; where it cannot be made, remove an older one and say why in a sentence."""
    try:
        data = content()
    except PdfLibrariesError as error:
        remove_stale(pdf)
        return str(error)
    except Exception as error:  # whatever a layout engine trips over must not cost anybody the document
        _LOG.exception("the PDF of %s could not be made", subject)
        remove_stale(pdf)
        return f"The PDF could not be made ({type(error).__name__}); {pdf.stem}.html holds all of it."
    write_whole(pdf, data)
    return ""


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
