"""Jupyter notebooks of any format version, with their saved outputs, repaired where they are damaged.

Format: https://nbformat.readthedocs.io/en/latest/format_description.html. Everything in a notebook was written by the
group: sizes are capped. Where its JSON is cut off or damaged, the cells that are whole are saved from it.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from grader.code.python_2_syntax import PYTHON_2_NOTE, as_python_3
from grader.code.syntax import parse_code
from grader.errors import UserError
from grader.formats.conflicts import beyond, conflict_sides
from grader.formats.reader import (
    CELLS_LIMIT,
    OUTPUTS_LIMIT,
    SOURCE_LIMIT,
    TEXT_LIMIT,
    Contents,
    Reader,
    SourceFile,
    saved_image,
)
from grader.formats.text import clean, decode_text, screen_text, shorten
from grader.formats.text_cells import with_missing_pictures, without_footers
from grader.records import Cell, SavedImage, SavedOutput

# Saved outputs

_ATTACHMENTS_LIMIT = 20
"""Pictures of one text cell."""
NotebookObject = dict[str, object]
"""An object of a notebook's JSON, as the group's file has it: nothing about its values is certain."""
_PLAYED_LIMIT = 20 * TEXT_LIMIT
"""What a progress bar wrote over itself does not count, but is not played out without end either."""


def notebook_text(value: object) -> str:
    """Notebook text, stored as a string or as a list of lines; anything else counts as empty."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return clean("".join(part for part in value if isinstance(part, str)))
    return ""


def saved_outputs(raw: object) -> tuple[tuple[SavedOutput, ...], list[str]]:
    """The outputs under one cell, and one sentence for each that could not be kept."""
    notes: list[str] = []
    if not isinstance(raw, list):
        return (), notes
    entries = [entry for entry in raw if isinstance(entry, dict)]
    if len(entries) < len(raw):
        notes.append("holds outputs that are not objects")
    kept = []
    for entry in _merged_streams(entries):
        output = _saved_output(entry, notes)
        if output is not None:
            kept.append(output)
    if len(kept) > OUTPUTS_LIMIT:
        notes.append(f"holds {len(kept)} outputs, of which {OUTPUTS_LIMIT} were kept")
    return tuple(kept[:OUTPUTS_LIMIT]), notes


def _merged_streams(entries: list[NotebookObject]) -> Iterator[NotebookObject]:
    """A log that warnings interrupt is stored as many streams: each run of streams becomes one per stream name."""
    run: dict[str, list[str]] = {}

    def flushed() -> Iterator[NotebookObject]:
        for name, parts in run.items():
            yield {"output_type": "stream", "name": name, "text": "".join(parts)}
        run.clear()

    for entry in entries:
        if entry.get("output_type") == "stream":
            name = entry.get("name", entry.get("stream"))
            run.setdefault(name if isinstance(name, str) else "stdout", []).append(notebook_text(entry.get("text")))
        else:
            yield from flushed()
            yield entry
    yield from flushed()


def _saved_output(entry: NotebookObject, notes: list[str]) -> SavedOutput | None:
    kind = entry.get("output_type")
    if kind == "stream":
        return SavedOutput(kind="stream", text=_text(entry.get("text")))
    if kind in ("error", "pyerr"):
        return SavedOutput(kind="error", text=_error_text(entry))
    if kind not in ("execute_result", "pyout", "display_data", "update_display_data"):
        notes.append(f"holds an output of unknown type {str(kind)[:40]!r}")
    data = entry.get("data")
    # Before notebook format 4 the data lay beside the type, under short names.
    data = data if isinstance(data, dict) else _short_names(entry)
    image = next(_images(data, notes), None)
    text = _text(data.get("text/plain") or data.get("text/markdown") or data.get("text/latex") or entry.get("text"))
    if image is None and not text:
        return None
    display: Literal["result", "display"] = "result" if kind in ("execute_result", "pyout") else "display"
    return SavedOutput(kind=display, text=text, image=image)


def _short_names(entry: NotebookObject) -> NotebookObject:
    names = {"png": "image/png", "jpeg": "image/jpeg", "svg": "image/svg+xml", "text": "text/plain"}
    return {names[name]: value for name, value in entry.items() if name in names}


def _text(value: object) -> str:
    return shorten(screen_text(shorten(notebook_text(value), _PLAYED_LIMIT)), TEXT_LIMIT)


def _error_text(entry: NotebookObject) -> str:
    lines = entry.get("traceback")
    trace = "\n".join(line for line in lines if isinstance(line, str)) if isinstance(lines, list) else ""
    last = f"{entry.get('ename') or 'Error'}: {entry.get('evalue') or ''}".strip()
    text = screen_text(clean(trace)).rstrip()
    return shorten(text if text.endswith(last) else f"{text}\n{clean(last)}".strip(), TEXT_LIMIT)


def _images(data: NotebookObject, notes: list[str]) -> Iterator[SavedImage]:
    for media_type in ("image/png", "image/jpeg", "image/svg+xml"):
        if media_type in data:
            image = saved_image(media_type, notebook_text(data[media_type]))
            if image is None:
                notes.append(f"holds a picture that is damaged or too large ({media_type})")
            else:
                yield image


# Damaged notebooks

_DECODER = json.JSONDecoder(strict=False)
_WORK_LIMIT = 60_000_000
"""Characters decoded in vain, all attempts together."""
_ATTEMPTS_LIMIT = 20_000
"""Braces at which no whole object begins."""
_KIND = re.compile(r'"cell_type"\s*+:\s*+"(\w{1,20})"')
_SOURCE = re.compile(r'"(?:source|input)"\s*+:\s*+\[?\s*+')
_COMMA = re.compile(r"\s*+,\s*+")
_STRING_PIECE = re.compile(r'"((?:[^"\\]|\\.)*+)"?', re.DOTALL)


def salvage_cells(text: str) -> list[object]:
    """Every whole cell that can still be decoded from `text`, and what is left of the source of the last one.

    Work is bounded: text built so that each brace has to be tried to the end gives what was found by then.
    """
    cells: list[object] = []
    position, work, attempts = 0, 0, 0
    rest = 0
    while (position := text.find("{", position)) >= 0 and work < _WORK_LIMIT and attempts < _ATTEMPTS_LIMIT:
        try:
            value, end = _DECODER.raw_decode(text, position)
        except json.JSONDecodeError as error:
            attempts += 1
            work += max(1, error.pos - position)
            position += 1
            continue
        except (RecursionError, ValueError):
            break
        if isinstance(value, dict) and isinstance(value.get("cell_type"), str):
            cells.append(value)
            rest = end
        position = end
    last = _cut_cell(text[rest:])
    return [*cells, last] if last else cells


def _cut_cell(text: str) -> NotebookObject | None:
    """The cell in the middle of which the file ends."""
    source = _SOURCE.search(text)
    if source is None:
        return None
    lines: list[str] = []
    position = source.end()
    while len(lines) < 10_000 and (piece := _STRING_PIECE.match(text, position)):
        lines.append(_unescaped(piece[1]))
        comma = _COMMA.match(text, piece.end())
        if comma is None:
            break
        position = comma.end()
    if not "".join(lines).strip():
        return None
    kind = _KIND.search(text[: source.start()]) or _KIND.search(text)
    # Keys are stored in alphabetical order, so a cut code cell has named its type before its source.
    return {"cell_type": kind[1] if kind else "markdown", "source": lines, "metadata": {}, "outputs": []}


def _unescaped(body: str) -> str:
    for cut in range(min(7, len(body) + 1)):
        try:
            value = _DECODER.decode(f'"{body[: len(body) - cut]}"')
        except ValueError:
            continue
        return value if isinstance(value, str) else ""
    return ""


# Notebooks

_WEB_PAGE = re.compile(
    r"\s*+(?:<\?xml[^>]{0,200}>\s*+)?(?:<!--.{0,2000}?-->\s*+)*+<(?:!doctype\s+html|html|head)\b", re.I | re.S
)
"""How a page begins, whatever the file's name says; a notebook begins with a brace."""


def read_notebook(source: SourceFile) -> Contents:
    """The cells of a notebook, numbered from 1 within it, and what was repaired.

    Raises `UserError` when no cell can be read, naming the place of the damage.
    """
    file = source.name
    text, notes = decode_text(source.data)
    raw_cells, language, mended = _merged_cells(text, file)
    notes += mended
    foreign = _is_foreign(language, raw_cells)
    if len(raw_cells) > CELLS_LIMIT:
        notes.append(f"holds {len(raw_cells)} cells, of which the first {CELLS_LIMIT} were read")
    if foreign:
        notes.append(f"is written in {language[:30]}, not Python, and is not run")
    cells = []
    for number, raw in enumerate(raw_cells[:CELLS_LIMIT], start=1):
        other = isinstance(raw, _OtherSide)
        raw = raw.cell if isinstance(raw, _OtherSide) else raw
        if not isinstance(raw, dict):
            notes.append(f"has something that is no cell in place {number}")
            continue
        cell, repairs = _cell(raw, file, number)
        if cell.kind == "code" and (foreign or other):
            cell = cell.model_copy(update={"unrun": "language" if foreign else "damaged"})
        cells.append(cell)
        notes += [f"cell {number} {repair}" for repair in repairs]
    return Contents(cells=tuple(cells), notes=tuple(clean(f"{file} {note}.") for note in notes))


_CONFLICTS = "holds conflicts of git; the fuller side of them was run, and the other one is shown"


@dataclass(frozen=True)
class _OtherSide:
    """A cell that stands on the other side of a conflict alone: shown, and its code not run."""

    cell: object


def _merged_cells(text: str, file: str) -> tuple[list[object], str, list[str]]:
    """The cells of a notebook; of one with conflicts of git those of the fuller side, and what the other has beside."""
    sides = conflict_sides(text)
    if sides is None:
        cells, language, notes = _raw_cells(text, file)
        kept, found = _without_conflicts(cells)
        return kept, language, [*notes, _CONFLICTS] if found else notes
    read: list[tuple[list[object], str, list[str]]] = []
    for side in sides:
        try:
            read.append(_raw_cells(side, file))
        except UserError:
            continue
    if not read:
        return _raw_cells(text, file)
    # The first of equals is the group's own state.
    chosen = max(read, key=lambda one: sum(map(len, map(_content, one[0]))))
    cells = list(chosen[0])
    others = [(place, cell) for one in read if one is not chosen for place, cell in beyond(chosen[0], one[0], _content)]
    for place, cell in reversed(others):
        cells.insert(place, _OtherSide(cell))
    return cells, chosen[1], [*chosen[2], _CONFLICTS]


def _without_conflicts(cells: list[object]) -> tuple[list[object], bool]:
    """`cells`, where code that holds a conflict itself is its fuller side that is Python; and whether there is such."""
    kept: list[object] = []
    for raw in cells:
        source = notebook_text(raw.get("source", raw.get("input"))) if isinstance(raw, dict) and _is_code(raw) else ""
        sides = conflict_sides(source) if source else None
        if not isinstance(raw, dict) or sides is None:
            kept.append(raw)
            continue
        best = max(sides, key=lambda side: (parse_code(side) is not None, len(side)))
        other = sides[0] if best == sides[1] else sides[1]
        kept += [{**raw, "source": best}, _OtherSide({**raw, "source": other, "outputs": []})]
    return kept, len(kept) > len(cells)


def _content(raw: object) -> str:
    """What a cell says, whatever its outputs and counts are."""
    if not isinstance(raw, dict):
        return ""
    return f"{raw.get('cell_type')}\n{notebook_text(raw.get('source', raw.get('input')))}"


def _is_foreign(language: str, cells: list[object]) -> bool:
    """Whether a notebook is in a language that does not run here: by its kernel, unless all of its code is Python."""
    if not language or language.lower().startswith(("python", "ipython")):
        return False
    code = [notebook_text(c.get("source", c.get("input"))) for c in cells if isinstance(c, dict) and _is_code(c)]
    trees = [parse_code(source) for source in code if source.strip()]
    imports = any(isinstance(node, ast.Import | ast.ImportFrom) for tree in trees if tree for node in tree.body)
    return not (imports and all(tree is not None for tree in trees))


def _is_code(raw: NotebookObject) -> bool:
    return raw.get("cell_type") == "code"


def _raw_cells(text: str, file: str) -> tuple[list[object], str, list[str]]:
    if not text.strip():
        raise UserError(f"{file} is empty. Ask the group for the file again.")
    try:
        document = json.loads(text, strict=False)
    except json.JSONDecodeError as error:
        if _WEB_PAGE.match(text):
            raise UserError(_page(file)) from None
        cells = salvage_cells(text)
        if not cells:
            raise UserError(_broken(file, error)) from None
        place = f"line {error.lineno}, column {error.colno}"
        return cells, "", [f"is broken JSON at {place}; {len(cells)} cells could be saved from it"]
    except (RecursionError, ValueError):
        raise UserError(f"{file} is nested too deeply to be a notebook. Ask the group for the file again.") from None
    return _document_cells(document, file)


def _page(file: str) -> str:
    """What to say of a page about a notebook: a browser saved what it showed and not the file."""
    advice = "Ask the group to download the notebook itself (on GitHub: Raw or Download; in Colab: File > Download)."
    return f"{file} is a web page saved under a notebook's name. {advice}"


def _broken(file: str, error: json.JSONDecodeError) -> str:
    place = f"line {error.lineno}, column {error.colno}"
    return f"{file} is not a notebook: broken JSON at {place}. Ask the group to save and hand it in again."


def _document_cells(document: object, file: str) -> tuple[list[object], str, list[str]]:
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


def _language(document: NotebookObject) -> str:
    metadata = document.get("metadata")
    if isinstance(metadata, dict):
        for part, key in (("language_info", "name"), ("kernelspec", "language")):
            value = metadata.get(part)
            if isinstance(value, dict) and isinstance(value.get(key), str):
                return str(value[key])
    return ""


def _upgraded(document: NotebookObject, notes: list[str]) -> NotebookObject:
    """A notebook of format 3 or older as format 4; read leniently where nbformat refuses it."""
    import nbformat  # takes a third of a second to load, and hardly a notebook needs it

    notes.append(f"is of notebook format {str(document.get('nbformat', '3'))[:10]} and was upgraded")
    try:
        upgraded = nbformat.convert(nbformat.from_dict(document), 4)
        return dict(upgraded)
    except Exception:  # nbformat raises whatever the damage led to
        sheets = document.get("worksheets")
        sheets = sheets if isinstance(sheets, list) else []
        lists = [sheet["cells"] for sheet in sheets if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list)]
        return {"cells": [cell for cells in lists for cell in cells]}


def _cell(raw: NotebookObject, file: str, number: int) -> tuple[Cell, list[str]]:
    repairs: list[str] = []
    kind = raw.get("cell_type")
    source = notebook_text(raw["source"] if "source" in raw else raw.get("input"))
    if len(source) > SOURCE_LIMIT:
        repairs.append("is too long and was shortened")
        source = shorten(source, SOURCE_LIMIT - 100)
    if kind not in ("code", "markdown", "raw", "heading", "html"):
        repairs.append(f"has the unknown type {str(kind)[:30]!r} and was read as text")
    if kind == "heading":
        level = raw.get("level")
        source = f"{'#' * (level if isinstance(level, int) and 1 <= level <= 6 else 1)} {source}"
    outputs: tuple[SavedOutput, ...] = ()
    if kind == "code":
        if (rewritten := as_python_3(source)) is not None:
            source = rewritten.source
            repairs.append(PYTHON_2_NOTE.format(forms=", ".join(rewritten.keys)))
        outputs, problems = saved_outputs(raw.get("outputs", []))
        repairs += problems
    else:
        attached = _attachments(raw.get("attachments"))
        outputs = tuple(SavedOutput(kind="display", image=image) for image in attached.values())
        if kind in ("markdown", "html"):
            source = with_missing_pictures(without_footers(source), attached)
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


def _attachments(raw: object) -> dict[str, SavedImage]:
    """Pictures pasted into a text cell, which students use for formulas and drawings, by their names."""
    found: dict[str, SavedImage] = {}
    for name, bundle in raw.items() if isinstance(raw, dict) else ():
        for media_type, value in bundle.items() if isinstance(bundle, dict) else ():
            image = saved_image(media_type, notebook_text(value)) if isinstance(media_type, str) else None
            if image is not None and len(found) < _ATTACHMENTS_LIMIT:
                found.setdefault(str(name), image)
    return found


READER = Reader(
    name="notebook",
    title="a notebook",
    suffixes=(".ipynb", ".ipynb.txt", ".ipynb.json"),  # browsers add the last ones when they download a notebook
    form="notebook",
    rank=0,
    read=read_notebook,
    begins=b"{",
)
