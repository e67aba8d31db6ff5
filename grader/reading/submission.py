"""From a path to a `Submission`."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
from pathlib import Path

from grader.errors import UserError
from grader.reading.formats.contents import FILE_LIMIT, Contents
from grader.reading.formats.folder import candidates, is_notebook, is_script
from grader.reading.formats.notebook import read_notebook
from grader.reading.formats.script import read_script
from grader.records.submission import Cell, Submission

_FILES_LIMIT = 40
_TOTAL_LIMIT = 300_000_000
_SAME_CODE = 0.9


def read_submission(path: Path) -> Submission:
    """The hand-in at `path`: a notebook or script, or a folder that holds some. All of a folder's are read.

    Raises `UserError` for a missing path, an empty folder, and a folder or file in which nothing can be read.
    """
    try:
        if path.is_dir():
            return _from_folder(path)
        if path.is_file():
            return _from_file(path)
    except PermissionError as error:
        raise UserError(f"{error.filename or path} may not be read. Change its permissions and try again.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from None
    if path.exists():
        raise UserError(f"{path} is neither a file nor a folder. Give a notebook, a script or a folder of these.")
    raise UserError(f"{path} does not exist. Give a notebook (.ipynb), a script (.py) or a folder of these.")


def _from_file(path: Path) -> Submission:
    data = _bytes(path, path.name)
    readable = is_notebook(path) or is_script(path)
    if not readable and not data.lstrip()[:1] == b"{":
        raise UserError(f"{path} is not a notebook or a script. {_advice(path)}")
    contents = _contents(path, path.name, data)
    if not contents.cells:
        raise UserError(f"{path.name} has no cells: there is nothing to grade.")
    return _submission(path.stem, [(path.name, data, contents)], [])


def _advice(path: Path) -> str:
    kind = path.suffix.lower()
    if kind in (".zip", ".rar", ".7z", ".tar", ".gz"):
        return "Unpack it and give the folder."
    if kind == ".pdf":
        return "PDF hand-ins are not read: ask the group for the .ipynb or .py file."
    return "Labgrade reads .ipynb and .py files, and folders of these."


def _bytes(path: Path, file: str) -> bytes:
    size = path.stat().st_size
    if size > FILE_LIMIT:
        limit = FILE_LIMIT // 1_000_000
        raise UserError(f"{file} has {size // 1_000_000} MB; at most {limit} MB are read. Clear its large outputs.")
    return path.read_bytes()


def _contents(path: Path, file: str, data: bytes) -> Contents:
    if is_script(path):
        return read_script(path, file, data)
    return read_notebook(path, file, data)


def _from_folder(folder: Path) -> Submission:
    found = candidates(folder)
    name = folder.resolve().name or "submission"
    if not found.files:
        raise UserError(_nothing_found(folder, found.others))
    root = folder.resolve()
    notes = ["The folder holds more files than labgrade looks at."] if found.cut_short else []
    read: list[tuple[str, bytes, Contents]] = []
    problems: list[str] = []
    total = 0
    for path in found.files[:_FILES_LIMIT]:
        file = _printable(path.relative_to(root).as_posix())
        try:
            data = _bytes(path, file)
            total += len(data)
            if total > _TOTAL_LIMIT:
                raise UserError(f"{file} was not read: the folder's notebooks are too large together.")
            contents = _contents(path, file, data)
        except UserError as error:
            problems.append(str(error))
            continue
        if contents.cells:
            read.append((file, data, contents))
        else:
            problems.append(f"{file} has no cells.")
    if not read:
        raise UserError(f"{folder}: nothing in it can be read. {problems[0]}")
    if len(found.files) > _FILES_LIMIT:
        notes.append(f"Only the first {_FILES_LIMIT} of {len(found.files)} notebooks and scripts were read.")
    kept, copies = _without_copies(read)
    if found.others:
        notes.append(f"Not read: {_listed(found.others)}.")
    return _submission(name, kept, [*problems, *copies, *notes])


def _nothing_found(folder: Path, others: tuple[str, ...]) -> str:
    if not others:
        return f"{folder} is empty. Give a folder that holds a notebook (.ipynb) or a script (.py)."
    return f"{folder} holds no notebook (.ipynb) or script (.py), only: {_listed(others)}."


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(_printable(name) for name in names[:8])
    return shown if len(names) <= 8 else f"{shown} and {len(names) - 8} more"


def _printable(name: str) -> str:
    """File names come from the group too: undecodable bytes and control characters must not travel on."""
    text = os.fsencode(name).decode("utf-8", "replace")
    return "".join(character if character.isprintable() else "?" for character in text)


def _without_copies(
    read: list[tuple[str, bytes, Contents]],
) -> tuple[list[tuple[str, bytes, Contents]], list[str]]:
    """Identical files once, and no script that is the export of a notebook beside it."""
    kept: list[tuple[str, bytes, Contents]] = []
    notes: list[str] = []
    # Notebooks first: where a notebook and its export are both there, the one with the outputs is read.
    for entry in sorted(read, key=lambda entry: entry[0].lower().endswith(".py")):
        file, data, _ = entry
        twin = next((other for other in kept if other[1] == data), None)
        if twin is not None:
            notes.append(f"{file} is the same file as {twin[0]} and was read once.")
            continue
        if file.lower().endswith(".py"):
            twin = next((other for other in kept if not other[0].lower().endswith(".py") and _same(other, entry)), None)
            if twin is not None:
                notes.append(f"{file} holds the code of {twin[0]} once more and was not read.")
                continue
        kept.append(entry)
    order = [entry[0] for entry in read]
    kept.sort(key=lambda entry: order.index(entry[0]))
    return kept, notes


def _same(one: tuple[str, bytes, Contents], other: tuple[str, bytes, Contents]) -> bool:
    first, second = _code_lines(one[2]), _code_lines(other[2])
    if not first or not second or max(len(first), len(second)) > 1.5 * min(len(first), len(second)):
        return False
    return difflib.SequenceMatcher(None, first, second, autojunk=False).quick_ratio() >= _SAME_CODE


def _code_lines(contents: Contents) -> list[str]:
    lines = "\n".join(cell.source for cell in contents.cells if cell.kind == "code").split("\n")
    bare = [re.sub(r"\s+", "", line) for line in lines[:4_000]]
    return [line for line in bare if line and not line.startswith(("#", "%", "!", "get_ipython()"))]


def _submission(name: str, read: list[tuple[str, bytes, Contents]], notes: list[str]) -> Submission:
    digest = hashlib.sha256()
    cells: list[Cell] = []
    repairs: list[str] = []
    for file, data, contents in read:
        for part in (file.encode("utf-8", "replace"), data):
            digest.update(hashlib.sha256(part).digest())
        cells += contents.cells
        repairs += contents.notes
    return Submission(
        name=_printable(name) or "submission",
        files=tuple(file for file, _, _ in read),
        cells=tuple(cell.model_copy(update={"index": index}) for index, cell in enumerate(cells)),
        digest=digest.hexdigest(),
        notes=tuple([*repairs, *notes][:200]),
    )
