"""Jupyter notebooks of any format version, repaired where they are damaged.

Format: https://nbformat.readthedocs.io/en/latest/format_description.html
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import nbformat

from grader.errors import UserError
from grader.reading.formats.contents import CELLS_LIMIT, SOURCE_LIMIT, Contents
from grader.reading.formats.decoding import clean, decoded
from grader.reading.formats.outputs import joined, saved_image, saved_outputs
from grader.reading.formats.salvage import salvaged_cells
from grader.reading.formats.terminal import shortened
from grader.records.submission import Cell, SavedOutput


def read_notebook(path: Path, file: str | None = None, data: bytes | None = None) -> Contents:
    """The cells of the notebook at `path`, numbered from 1 within it, and what was repaired.

    `file` is its name in messages and cells (default: the path's own), `data` its bytes when they are at hand.
    Raises `UserError` when no cell can be read, naming the place of the damage.
    """
    file = file or path.name
    text, notes = decoded(path.read_bytes() if data is None else data)
    raw_cells, language, mended = _raw_cells(text, file)
    notes += mended
    if len(raw_cells) > CELLS_LIMIT:
        notes.append(f"holds {len(raw_cells)} cells, of which the first {CELLS_LIMIT} were read")
    if language and language.lower() not in ("python", "python2", "python3", "ipython"):
        notes.append(f"is written in {language[:30]}, not Python")
    cells = []
    for number, raw in enumerate(raw_cells[:CELLS_LIMIT], start=1):
        if not isinstance(raw, dict):
            notes.append(f"has something that is no cell in place {number}")
            continue
        cell, repairs = _cell(raw, file, number)
        cells.append(cell)
        notes += [f"cell {number} {repair}" for repair in repairs]
    return Contents(cells=tuple(cells), notes=tuple(clean(f"{file} {note}.") for note in notes))


def _raw_cells(text: str, file: str) -> tuple[list[Any], str, list[str]]:
    if not text.strip():
        raise UserError(f"{file} is empty. Ask the group for the file again.")
    try:
        document = json.loads(text, strict=False)
    except json.JSONDecodeError as error:
        cells = salvaged_cells(text)
        if not cells:
            raise UserError(_broken(file, error)) from None
        place = f"line {error.lineno}, column {error.colno}"
        return cells, "", [f"is broken JSON at {place}; {len(cells)} cells could be saved from it"]
    except (RecursionError, ValueError):
        raise UserError(f"{file} is nested too deeply to be a notebook. Ask the group for the file again.") from None
    return _document_cells(document, file)


def _broken(file: str, error: json.JSONDecodeError) -> str:
    place = f"line {error.lineno}, column {error.colno}"
    return f"{file} is not a notebook: broken JSON at {place}. Ask the group to save and hand it in again."


def _document_cells(document: Any, file: str) -> tuple[list[Any], str, list[str]]:
    if not isinstance(document, dict) or not ("cells" in document or "worksheets" in document):
        raise UserError(f"{file} is JSON but not a notebook: it has no cells. Hand in an .ipynb or a .py file.")
    notes: list[str] = []
    language = _language(document)
    if "cells" not in document:
        document = _upgraded(document, notes)
    cells = document.get("cells")
    if not isinstance(cells, list):
        raise UserError(f"{file} is damaged: its cells are no list. Ask the group for the file again.")
    if not cells:
        notes.append("has no cells")
    return cells, language, notes


def _language(document: dict[str, Any]) -> str:
    metadata = document.get("metadata")
    if isinstance(metadata, dict):
        for part, key in (("language_info", "name"), ("kernelspec", "language")):
            value = metadata.get(part)
            if isinstance(value, dict) and isinstance(value.get(key), str):
                return str(value[key])
    return ""


def _upgraded(document: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    """A notebook of format 3 or older as format 4; read leniently where nbformat refuses it."""
    notes.append(f"is of notebook format {str(document.get('nbformat', '3'))[:10]} and was upgraded")
    try:
        upgraded = nbformat.convert(nbformat.from_dict(document), 4)
        return dict(upgraded)
    except Exception:  # nbformat raises whatever the damage led to
        sheets = document.get("worksheets")
        sheets = sheets if isinstance(sheets, list) else []
        lists = [sheet["cells"] for sheet in sheets if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list)]
        return {"cells": [cell for cells in lists for cell in cells]}


def _cell(raw: dict[str, Any], file: str, number: int) -> tuple[Cell, list[str]]:
    repairs: list[str] = []
    kind = raw.get("cell_type")
    source = joined(raw["source"] if "source" in raw else raw.get("input"))
    if len(source) > SOURCE_LIMIT:
        repairs.append("is too long and was shortened")
        source = shortened(source, SOURCE_LIMIT - 100)
    if kind not in ("code", "markdown", "raw", "heading", "html"):
        repairs.append(f"has the unknown type {str(kind)[:30]!r} and was read as text")
    if kind == "heading":
        level = raw.get("level")
        source = f"{'#' * (level if isinstance(level, int) and 1 <= level <= 6 else 1)} {source}"
    outputs: tuple[SavedOutput, ...] = ()
    if kind == "code":
        outputs, problems = saved_outputs(raw.get("outputs", []))
        repairs += problems
    else:
        outputs = _attachments(raw.get("attachments"))
    count = raw.get("execution_count", raw.get("prompt_number"))
    read_as: Literal["code", "prose"] = "code" if kind == "code" else "prose"
    whole = isinstance(count, int) and not isinstance(count, bool) and abs(count) < 2**31
    cell = Cell(
        index=number - 1,
        kind=read_as,
        source=source,
        outputs=outputs,
        execution_count=count if whole else None,
        file=file,
        number=number,
    )
    return cell, repairs


def _attachments(raw: Any) -> tuple[SavedOutput, ...]:
    """Pictures pasted into a text cell, which students use for formulas and drawings."""
    bundles = raw.values() if isinstance(raw, dict) else ()
    images = [
        saved_image(media_type, value)
        for bundle in bundles
        if isinstance(bundle, dict)
        for media_type, value in bundle.items()
        if isinstance(media_type, str)
    ]
    return tuple(SavedOutput(kind="display", image=image) for image in images[:20] if image is not None)
