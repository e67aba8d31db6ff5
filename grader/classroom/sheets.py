"""A class's lists: CSV as spreadsheets write it and may safely read it, the cells in it, and names of submissions.

A cell may be a number, a time, a label or a text; what is written is never a formula. A name comes from such a list or
from a learning platform, and becomes that of a folder.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from grader.errors import UserError
from grader.facts.languages import MONTHS, month_number

SIZE_LIMIT = 50_000_000
"""Bytes of a CSV file that is read."""
_FIELD_LIMIT = 1_000_000
"""Characters of one cell that is read."""
_DELIMITER_LINE = re.compile(r'"?sep=([,;\t|])"?[,;\t \r]*', re.IGNORECASE)
"""What Excel takes from the first line of a CSV, which is no row then."""
_FORMULA = re.compile(r"[\s\ufeff]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?")
_DATELIKE = re.compile(r"\d[\d./: -]*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_FORMS = (
    "%b %d, %Y %I%M %p",
    "%b %d, %Y %I.%M %p",
    "%b %d, %Y %I:%M %p",
    "%b %d, %Y %H%M",
    "%d %b, %Y %H%M",
    "%d %b %Y %H%M",
    "%d %b %Y %H.%M",
    "%d %b %Y, %H:%M",
    "%d %b %Y, %I:%M %p",
    "%d %b %Y %H:%M",
    "%Y %m %d %H%M",
    "%d/%m/%Y %H:%M",
    "%d.%m.%Y %H:%M",
)
"""Times as learning platforms, spreadsheets and people write them."""
_WORD = re.compile(r"[^\W\d_]+")
_WEEKDAY = re.compile(r"[^\W\d_]+,? (?=\d)")
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
_OWN = {"gradebook.csv", "class.pdf", "class.html", "review.csv", "export"}
"""What labgrade itself writes beside the reports."""
_LONGEST = 80
"""Characters of a folder's name, which may take twice as many bytes: file systems bear 255 of them."""


@dataclass(frozen=True)
class Row:
    """A row with the number of the line on which it begins, from 1."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """A CSV file: its rows as they are, header included, and how it was written."""

    path: Path
    rows: tuple[Row, ...]
    delimiter: str
    newline: str = "\r\n"

    @property
    def header(self) -> tuple[str, ...]:
        """The first row, without blanks around the names."""
        return tuple(name.strip() for name in self.rows[0].cells) if self.rows else ()

    def column(self, *names: str) -> int | None:
        """Position of the first column that bears one of `names`, whatever its case; `None` when none does."""
        known = [column_key(name) for name in self.header]
        return next((known.index(column_key(name)) for name in names if column_key(name) in known), None)

    def error(self, line: int, message: str) -> UserError:
        """`review.csv:12: message`."""
        return UserError(f"{self.path.name}:{line}: {message}")


def column_key(name: str) -> str:
    """A column's name without case, blanks and signs: `SIS User ID` and `sis_user_id` are one."""
    return re.sub(r"[\W_]+", "", name.casefold())


def read_sheet(path: Path) -> Sheet:
    """The CSV file at `path`: UTF-8 with or without BOM, UTF-16, or Windows' code page; commas, semicolons or tabs.

    Raises `UserError` when it cannot be read or is empty.
    """
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise UserError(
                f"{path} is too large for a list of a class: at most {SIZE_LIMIT // 1_000_000} MB are read."
            )
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from None
    text = _decoded(data)
    delimiter = _delimiter(text)
    csv.field_size_limit(_FIELD_LIMIT)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[Row] = []
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(Row(line, tuple(cells)))
            line = reader.line_num + 1
    except csv.Error as error:
        raise UserError(f"{path.name}:{line}: not readable as CSV ({error}). Save it as CSV again.") from None
    if rows and _DELIMITER_LINE.fullmatch(_first_line(text)):
        del rows[0]
    if not rows:
        raise UserError(f"{path} is empty.")
    return Sheet(path, tuple(rows), delimiter, "\r\n" if "\r\n" in text else "\n")


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _first_line(text: str) -> str:
    return text.lstrip("\r\n").split("\n", 1)[0]


def _delimiter(text: str) -> str:
    """What parts the header: the sign that occurs most often in the first line, outside quotes."""
    told = _DELIMITER_LINE.fullmatch(_first_line(text))
    if told:
        return told[1]
    first = re.sub(r'"[^"]*"', "", _first_line(text))
    return max(",;\t", key=lambda sign: (first.count(sign), sign == ","))


def sheet_text(rows: Iterable[Sequence[object]], delimiter: str = ",", bom: bool = False, newline: str = "\r\n") -> str:
    """`rows` as CSV. Every text that a spreadsheet would run as a formula begins with an apostrophe."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=newline)
    for row in rows:
        writer.writerow([safe_cell(value) for value in row])
    return ("\ufeff" if bom else "") + buffer.getvalue()


def safe_cell(value: object) -> str:
    """`value` as the text of a cell that no spreadsheet takes for a formula (CWE-1236).

    A number stays one. Anything else that begins with `=`, `+`, `-`, `@`, a tab or a line break gets an apostrophe in
    front, as OWASP's page on CSV injection advises: https://owasp.org/www-community/attacks/CSV_Injection
    """
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_text(value)
    text = _CONTROL.sub("", str(value))
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text.strip()) and text.strip() != "-":
        return "'" + text
    return text


def label_cell(text: str) -> str:
    """A label such as `2.1.1` in a form that no spreadsheet takes for a number or a date (2 January 2001): `Q2.1.1`."""
    return f"Q{text}" if _DATELIKE.fullmatch(text) else text


def label_text(cell: str) -> str:
    """The label that `label_cell` wrote."""
    return cell[1:] if cell[:1] in ("Q", "q") and _DATELIKE.fullmatch(cell[1:]) else cell


def plain_cell(text: str) -> str:
    """The text of a cell without the apostrophe that `safe_cell` put before it."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text


def number_text(value: float) -> str:
    """A number as short as it can be said: `2`, `1.75`."""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def read_number(text: str) -> float | None:
    """The number in a cell, with a decimal point or comma; `None` when it is not one."""
    bare = plain_cell(text.strip()).replace("\u00a0", "").replace("\u2212", "-").strip()
    if not _NUMBER.fullmatch(bare):
        return None
    value = float(bare.replace(",", "."))
    return value if abs(value) < 1e12 else None


def read_time(text: str) -> datetime | None:
    """A time as an LMS, a spreadsheet or ISO 8601 writes it; without a zone unless it names one. `None`: not one."""
    text = " ".join(text.replace("\u202f", " ").split())[:80]
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    text = _in_english(text)
    for form in _FORMS:
        for said in (text, _WEEKDAY.sub("", text, count=1)):
            try:
                return datetime.strptime(said, form)
            except ValueError:
                continue
    return None


def _in_english(text: str) -> str:
    """`2 mars 2026` with its month as `strptime` knows it, and the signs of short forms (`févr.`, `2. März`) gone."""
    text = re.sub(r"(?<=[^\W\d_])\.", "", text)
    text = re.sub(r"\b(\d{1,2})\. ?(?=[^\W\d_])", r"\1 ", text)
    text = re.sub(r"\bde\b ?|\bkl\b ?|\bà\b ?", "", text, flags=re.IGNORECASE)
    return _WORD.sub(lambda found: _month(found[0]), text)


def _month(word: str) -> str:
    folded = word.casefold()
    if len(folded) < 3:
        return word
    number = month_number(folded)
    return word if number is None else MONTHS["en"].split()[number - 1][:3]


def safe_name(text: str) -> str:
    """`text` as the name of one folder on any system: no separators, no control signs, no leading dot, not too long."""
    kept = "".join(
        " " if sign.isspace() else "-" if sign in '/\\:*?"<>|' else sign
        for sign in unicodedata.normalize("NFC", text)
        if sign.isspace() or unicodedata.category(sign)[0] != "C"
    )
    name = " ".join(kept.split()).strip(". ")[:_LONGEST]
    while len(name.encode()) > 2 * _LONGEST:
        name = name[:-1]
    name = name.strip(". ")
    if not name or name.startswith("~$"):
        return f"submission {name}".strip()
    reserved = name.casefold().split(".")[0] in _RESERVED or name.casefold() in _OWN
    return f"{name}-" if reserved else name


def unique_names(texts: Iterable[str]) -> list[str]:
    """A safe name for each text, no two alike even where case does not count."""
    names: list[str] = []
    taken: set[str] = set()
    for text in texts:
        name = base = safe_name(text)
        number = 2
        while name.casefold() in taken:
            name, number = f"{base} ({number})", number + 1
        taken.add(name.casefold())
        names.append(name)
    return names
