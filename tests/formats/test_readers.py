"""Readers are found by what they declare."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import grader.formats
from grader.formats.reader import reader_by_beginning, reader_of, readers

PLAIN = """
from grader.formats.reader import Reader
from grader.formats.reader import readers

READER = Reader(name="plain", title="a text", suffixes=(".plain", ".ipynb.plain"), form="document", rank=90, read=len)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose modules count as modules of grader/formats."""
    monkeypatch.setattr(grader.formats, "__path__", [*grader.formats.__path__, str(tmp_path)])
    readers.cache_clear()
    yield tmp_path
    for name in ("plain", "heavy_worker"):
        sys.modules.pop(f"grader.formats.{name}", None)
    readers.cache_clear()


def test_a_reader_is_added_by_its_own_file(folder: Path) -> None:
    """A file in the folder that declares READER is all that a new format takes."""
    (folder / "plain.py").write_text(PLAIN)
    found = reader_of("Notes.PLAIN")
    assert found is not None
    assert found.name == "plain"


def test_only_modules_that_declare_a_reader_are_loaded(folder: Path) -> None:
    """Workers, which load parsers and run in processes of their own, are not imported to look for readers."""
    (folder / "heavy_worker.py").write_text("raise RuntimeError('imported')\n")
    (folder / "plain.py").write_text(PLAIN)
    assert readers()[-1].name == "plain"


def test_the_longest_ending_decides(folder: Path) -> None:
    """`x.ipynb.plain` is a text, not a notebook, and `x.ipynb.txt` a notebook."""
    (folder / "plain.py").write_text(PLAIN)
    assert [reader.name for name in ("x.ipynb.plain", "x.ipynb.txt") if (reader := reader_of(name))] == [
        "plain",
        "notebook",
    ]


@pytest.mark.parametrize(
    ("data", "name"), [(b'\n {"cells": []}', "notebook"), (b"%PDF-1.7\n", "pdf"), (b"PK\3\4", None), (b"", None)]
)
def test_files_are_known_by_their_beginning(data: bytes, name: str | None) -> None:
    """A file under a name that says nothing is known by how it begins, where its type has a beginning of its own."""
    found = reader_by_beginning(data)
    assert (found.name if found else None) == name


def test_finding_readers_loads_no_parser() -> None:
    """Which files are read is known without loading what reads them."""
    script = "import sys; from grader.formats.reader import readers; readers(); print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"nbformat", "pdfplumber", "docx", "numpy", "pandas", "tensorflow"} & set(loaded)
