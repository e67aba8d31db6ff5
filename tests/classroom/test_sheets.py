"""CSV out of and into spreadsheets."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.classroom.sheets import plain_cell, read_number, read_sheet, safe_cell, sheet_text


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        " =1",
        "＝1+1",
        '=HYPERLINK("http://x")',
        "\n=1",
    ],
)
def test_formulas_are_neutralised_and_come_back(text: str) -> None:
    """What a spreadsheet would run is text, and reads back as what it was."""
    safe = safe_cell(text)
    assert safe.startswith("'")
    assert plain_cell(safe) == text


@pytest.mark.parametrize("text", ["-1.5", "+3", "-", "'tis", "a=b", "1,5", "group-7", ""])
def test_harmless_cells_stay(text: str) -> None:
    """Numbers and words are left as they are."""
    assert safe_cell(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,5", 1.5), (" 2 ", 2.0), ("1.25", 1.25), ("−1", -1.0), ("'-1", -1.0), ("1e400", None), ("x", None), ("", None)],
)
def test_numbers_of_any_spreadsheet_are_read(text: str, value: float | None) -> None:
    """A decimal comma is a decimal point."""
    assert read_number(text) == value


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_sheets_survive_a_spreadsheet(tmp_path: Path, delimiter: str, encoding: str) -> None:
    """Delimiter and encoding are found; a cell may hold several lines, and rows know on which line they begin."""
    text = sheet_text([["a", "b"], ["Åsa, x; y", "1\n2"], ["z", 1.5]], delimiter)
    (tmp_path / "s.csv").write_bytes(text.encode(encoding))
    sheet = read_sheet(tmp_path / "s.csv")
    assert [row.cells for row in sheet.rows] == [("a", "b"), ("Åsa, x; y", "1\n2"), ("z", "1.5")]
    assert [row.line for row in sheet.rows] == [1, 2, 4]


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "sep=;;;", "\ufeffsep=;"])
def test_a_line_that_names_the_delimiter_is_no_header(tmp_path: Path, first: str) -> None:
    """Excel's first line says how the rows are parted; rows keep the numbers of their lines."""
    (tmp_path / "s.csv").write_text(f"{first}\r\nname;id\r\nAda, B;0012\r\n", encoding="utf-8")
    sheet = read_sheet(tmp_path / "s.csv")
    assert sheet.header == ("name", "id")
    assert [(row.line, row.cells) for row in sheet.rows[1:]] == [(3, ("Ada, B", "0012"))]


def test_headers_that_look_like_it_stay(tmp_path: Path) -> None:
    """A column of one's own may begin with the same word."""
    for header in ("sep;name", "sep=yes;name", "separator;name", "name;sep=;x"):
        (tmp_path / "s.csv").write_text(f"{header}\n1;2\n", encoding="utf-8")
        assert read_sheet(tmp_path / "s.csv").header[0] == header.split(";")[0]
