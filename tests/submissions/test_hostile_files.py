"""Files made to break the reader: each ends in a submission or in one line, soon, and without eating the memory."""

from __future__ import annotations

import base64
import io
import json
import os
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from grader.errors import UserError
from grader.formats.html import read_web_page
from grader.formats.pdf.pdf import read_pdf
from grader.formats.reader import SourceFile
from grader.submissions.read import read_submission
from grader.submissions.saved_outputs import record_saved

SOON = 60.0
"""Processor seconds of this process and those it waited for: a busy machine is no fault of the file."""
"""Seconds: reading must never take longer, on a slow machine under load."""


def pdf_of(*objects: bytes, root: bytes = b"1 0 R") -> bytes:
    """A PDF of these objects, numbered from 1."""
    out = b"%PDF-1.7\n"
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"trailer\n<< /Size %d /Root %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, root, start)


def page_of(content: bytes, box: bytes = b"[0 0 595 842]", extra: bytes = b"") -> bytes:
    packed = zlib.compress(content)
    return pdf_of(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox %s /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> %s >> >>"
        % (box, extra),
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>",
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 6 0 R >> >> /Length 5 >>\n"
        b"stream\n/X Do\nendstream",
    )


TEXT = b"BT /F1 12 Tf 72 700 Td (import numpy as np) Tj ET\n"
PDFS: dict[str, Callable[[], bytes]] = {
    "harmless": lambda: page_of(TEXT),
    "stream bomb": lambda: page_of(TEXT + b" " * 60_000_000),
    "ten thousand states": lambda: page_of(b"q " * 40_000 + TEXT),
    "a form within itself": lambda: page_of(TEXT + b"/X Do", extra=b"/XObject << /X 6 0 R >>"),
    "a page like a continent": lambda: page_of(TEXT, box=b"[0 0 99999999 99999999]"),
    "a page of no size": lambda: page_of(TEXT, box=b"[0 0 0 0]"),
    "a page of no numbers": lambda: page_of(TEXT, box=b"[/a (b) null <<>>]"),
    "pages within themselves": lambda: pdf_of(
        b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 999999999 >>"
    ),
    "a root that is not there": lambda: pdf_of(b"<< >>", root=b"9 0 R"),
    "nested arrays": lambda: pdf_of(b"[" * 50_000 + b"]" * 50_000),
    "nothing": lambda: b"%PDF-1.4\n",
}


def spent() -> float:
    return sum(os.times()[:4])


@pytest.mark.parametrize("name", PDFS)
def test_pdfs(name: str) -> None:
    """A PDF that was built to hang or to fill the memory is read or refused."""
    started = spent()
    with suppress(UserError):
        contents = read_pdf(SourceFile("report.pdf", PDFS[name]()), seconds=20)
        assert contents.notes or contents.cells
    assert spent() - started < SOON


def test_harmless_twin() -> None:
    """The builder of these PDFs makes one that is read."""
    assert read_pdf(SourceFile("report.pdf", PDFS["harmless"]())).cells[0].source == "import numpy as np"


def notebook(*cells: object) -> bytes:
    return json.dumps({"cells": list(cells), "nbformat": 4, "nbformat_minor": 5, "metadata": {}}).encode()


def huge_picture() -> bytes:
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, format="PNG", optimize=True)
    return out.getvalue()


def drawn() -> bytes:
    picture = base64.b64encode(huge_picture()).decode()
    output = {"output_type": "display_data", "data": {"image/png": picture}}
    return notebook({"cell_type": "code", "source": "x", "outputs": [output]})


FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "a million cells": (
        "lab.ipynb",
        lambda: b'{"cells": [' + b'{"cell_type":"code","source":"x"},' * 1_000_000 + b"{}]}",
    ),
    "deeply nested": ("lab.ipynb", lambda: b'{"cells": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"),
    "braces without end": ("lab.ipynb", lambda: b'{"cells": [' + b'{"a":' * 100_000),
    "one long line": ("lab.py", lambda: b"x = " + b"(" * 100_000),
    "broken lines": ("lab.py", lambda: b"def f(:\n" * 20_000),
    "a huge picture": ("lab.ipynb", drawn),
    "pictures without end": ("a.md", lambda: b"![](data:image/png;base64," * 200_000),
    "listings that are broken": ("a.md", lambda: b"```python\ndef f(:\n  x = [\n```\ntext\n" * 3_000),
    "fences": ("a.md", lambda: b"```\n" * 100_000),
    "a log without end": ("a.md", lambda: b"```\n" + b"375/375 [==\n" * 100_000),
}


@pytest.mark.parametrize("name", FILES)
def test_files(tmp_path: Path, name: str) -> None:
    """Whatever stands in a file, it is read or refused in time."""
    file, made = FILES[name]
    (tmp_path / file).write_bytes(made())
    started = spent()
    with suppress(UserError):
        submission = read_submission(tmp_path / file)
        assert len(submission.cells) <= 2_000
        assert record_saved(submission).testimony == "saved"
    assert spent() - started < SOON


@pytest.mark.parametrize("page", [b"<!--" * 200_000, b"<div class='x" * 100_000])
def test_pages_that_take_for_ever(page: bytes) -> None:
    """A page on which Python's parser takes quadratic time is given up."""
    started = spent()
    with suppress(UserError):
        read_web_page(SourceFile("a.html", page), seconds=2)
    assert spent() - started < SOON


def test_huge_file(tmp_path: Path) -> None:
    """A notebook of 500 MB is refused by its size, unread."""
    path = tmp_path / "lab.ipynb"
    path.touch()
    os.truncate(path, 500_000_000)
    with pytest.raises(UserError, match="has 500 MB; at most 120 MB"):
        read_submission(path)
    (tmp_path / "good.py").write_text("x = 1\n")
    assert any("500 MB" in note for note in read_submission(tmp_path).notes)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_pipes_and_devices(tmp_path: Path) -> None:
    """A pipe is never opened: it would wait for ever."""
    os.mkfifo(tmp_path / "lab.ipynb")
    (tmp_path / "good.py").write_text("x = 1\n")
    assert read_submission(tmp_path).files == ("good.py",)
    with pytest.raises(UserError, match="neither a file nor a folder"):
        read_submission(tmp_path / "lab.ipynb")
    with pytest.raises(UserError, match="neither a file nor a folder"):
        read_submission(Path("/dev/zero"))


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(cut=st.integers(0, 900), insert=st.binary(max_size=8), drop=st.integers(0, 40))
def test_mutated_reports(cut: int, insert: bytes, drop: int) -> None:
    """Markdown that is cut and dirtied anywhere is a submission or the user's error."""
    text = "# Question 1\n\n```python\nmodel.fit(x)\n```\n\n"
    text += "```\nEpoch 1/2\n9/9 [===] - 1s - loss: 0.5\n```\n\n![p](a.png)\n"
    data = (text * 4).encode()
    with TemporaryDirectory() as folder, suppress(UserError):
        path = Path(folder) / "a.md"
        path.write_bytes(data[:cut] + insert + data[cut + drop :])
        assert record_saved(read_submission(path)).model_dump_json()
