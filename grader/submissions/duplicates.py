"""Files of one hand-in that say the same: each thing is read once, from where it stands best."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace

from grader.formats.reader import Contents, Reader
from grader.records import Cell
from grader.submissions.versions import Version, are_versions, preferred

_SAME_CODE = 0.9
"""Share of lines in common from which a script is a notebook's export, and a listing an excerpt of another."""
_EXPORTED_CODE = 0.75
"""Share of a report's lines of code from which it was made from the file that has them, too."""
_EXPORTED_TEXT = 0.7
"""Share of its phrases likewise."""
_FEW_WORDS = 40
"""Phrases of a text below which its code alone decides."""
_FEW_LINES = 5
"""Lines of code below which it decides nothing."""
_REPEATED = 0.6
"""Share of a listing's lines from which it repeats the code beside it and is not run again."""
_LINES_LIMIT = 6_000
"""Lines of code of one file that are compared."""


@dataclass(frozen=True)
class Read:
    """One file that was read."""

    file: str
    reader: Reader
    data: bytes
    contents: Contents


def drop_copies(read: list[Read]) -> tuple[list[Read], list[str]]:
    """`read` without what stands in another file too, in its order, and one sentence for each that was left out.

    Identical files count once, and of two versions of a notebook the newer or fuller. A script or document that was
    exported from a notebook beside it is left out, and so is a report in a second form. Listings of a report that
    repeat the code beside it are shown, not run.
    """
    kept: list[Read] = []
    notes: list[str] = []
    for entry in sorted(_without_versions(read, notes), key=lambda entry: entry.reader.rank):
        twin = next((other for other in kept if other.data == entry.data), None)
        if twin is not None:
            notes.append(f"{entry.file} is the same file as {twin.file} and was read once.")
        elif (twin := next((other for other in kept if _exported(entry, other)), None)) is not None:
            what = "code" if entry.reader.form == "script" else "text and code" if _lines(entry.contents) else "text"
            completed = _with_outputs(twin, entry)
            if completed is not None:
                kept[kept.index(twin)] = completed
                notes.append(f"{entry.file} shows {twin.file} once more; only its saved outputs were taken from it.")
            else:
                notes.append(f"{entry.file} holds the {what} of {twin.file} once more and was not read.")
        else:
            kept.append(entry)
    kept = _repeats_not_run(kept, notes)
    order = [entry.file for entry in read]
    kept.sort(key=lambda entry: order.index(entry.file))
    return kept, notes


def _without_versions(read: list[Read], notes: list[str]) -> list[Read]:
    """`read` with one version alone of each notebook and script."""
    kept: list[Read] = []
    for entry in read:
        other = next((other for other in kept if _are_versions(entry, other)), None)
        if other is None:
            kept.append(entry)
            continue
        best, why = preferred(_version(entry), _version(other))
        dropped = other if best.file == entry.file else entry
        if dropped is other:
            kept[kept.index(other)] = entry
        notes.append(
            f"{dropped.file} is another version of {best.file} and was not read: {best.file} {why}. "
            f"Hand in one version alone."
        )
    return kept


def _are_versions(entry: Read, other: Read) -> bool:
    native = entry.reader.form == other.reader.form != "document"
    return native and entry.data != other.data and are_versions(_version(entry), _version(other))


def _version(entry: Read) -> Version:
    outputs = sum(bool(cell.outputs) for cell in entry.contents.cells if cell.kind == "code")
    return Version(entry.file, _lines(entry.contents), len(_phrases(entry.contents)), outputs)


def _exported(entry: Read, other: Read) -> bool:
    """Whether `entry` was made from `other`."""
    if entry.reader.rank <= other.reader.rank:
        return False
    if entry.reader.form == "script":
        return other.reader.form == "notebook" and _same_code(entry.contents, other.contents)
    mine, theirs = _lines(entry.contents), set(_lines(other.contents))
    text = _phrases(entry.contents)
    if other.reader.form != "document" and len(mine) < _FEW_LINES:
        return False
    same_code = len(mine) < _FEW_LINES or _share(mine, theirs) >= _EXPORTED_CODE
    if len(text) < _FEW_WORDS:
        return same_code and len(mine) >= _FEW_LINES and len(theirs) <= 2 * len(mine)
    return same_code and _share(text, set(_phrases(other.contents))) >= _EXPORTED_TEXT


def _same_code(one: Contents, other: Contents) -> bool:
    first, second = _lines(one), _lines(other)
    if not first or not second or max(len(first), len(second)) > 1.5 * min(len(first), len(second)):
        return False
    return difflib.SequenceMatcher(None, first, second, autojunk=False).quick_ratio() >= _SAME_CODE


def _share(parts: list[str], of: set[str]) -> float:
    return sum(part in of for part in parts) / len(parts) if parts else 0.0


def _lines(contents: Contents) -> list[str]:
    return [line for cell in contents.cells if cell.kind == "code" for line in _bare_lines(cell)][:_LINES_LIMIT]


def _bare_lines(cell: Cell) -> list[str]:
    """Lines of code without blanks, comments and magics; wrapped ones may stand in another way."""
    bare = [re.sub(r"\s+", "", line) for line in cell.source.split("\n")[:4_000]]
    return [line for line in bare if line and not line.startswith(("#", "%", "!", "get_ipython()"))]


def _phrases(contents: Contents) -> list[str]:
    """Four words at a time of the prose: independent of where lines and cells end."""
    text = " ".join(cell.source for cell in contents.cells if cell.kind == "prose")[:400_000]
    words = re.findall(r"[^\W_]+", text.casefold())
    return [" ".join(words[place : place + 4]) for place in range(len(words) - 3)]


def _with_outputs(notebook: Read, export: Read) -> Read | None:
    """`notebook` with the outputs that only its export still has; `None` when it has outputs of its own."""
    if notebook.reader.form == "document" or any(cell.outputs for cell in notebook.contents.cells):
        return None
    shown = {"".join(_bare_lines(cell)): cell.outputs for cell in export.contents.cells if cell.outputs}
    cells = []
    found = 0
    for cell in notebook.contents.cells:
        outputs = shown.get("".join(_bare_lines(cell)), ()) if cell.kind == "code" else ()
        found += bool(outputs)
        cells.append(cell.model_copy(update={"outputs": outputs}) if outputs else cell)
    if not found:
        return None
    return replace(notebook, contents=notebook.contents.model_copy(update={"cells": tuple(cells)}))


def _repeats_not_run(kept: list[Read], notes: list[str]) -> list[Read]:
    """Code of documents is not run again where a script or notebook holds it, or a larger listing of their own."""
    native = [entry for entry in kept if entry.reader.form != "document"]
    code = {line for entry in native for line in _lines(entry.contents)}
    done = []
    for entry in kept:
        if entry in native:
            done.append(entry)
            continue
        cells, beside = list(entry.contents.cells), 0
        listings = _listings(cells)
        texts = [[line for place in listing for line in _bare_lines(cells[place])] for listing in listings]
        wholes = [] if entry.contents.in_cells else [(len(text), set(text)) for text in texts]
        for listing, lines in zip(listings, texts, strict=True):
            elsewhere = bool(code) and _share(lines, code) >= _REPEATED
            beside += elsewhere
            if elsewhere or _is_excerpt(lines, wholes):
                for place in listing:
                    if cells[place].unrun:
                        continue
                    cells[place] = cells[place].model_copy(update={"unrun": "repeated"})
        if beside:
            several = "1 listing" if beside == 1 else f"{beside} listings"
            where = native[0].file if len(native) == 1 else "the code beside it"
            notes.append(f"{entry.file}: {several} that repeat {where} are shown and not run again.")
        done.append(replace(entry, contents=entry.contents.model_copy(update={"cells": tuple(cells)})))
    return done


def _listings(cells: list[Cell]) -> list[list[int]]:
    """Cells of code that follow each other."""
    found: list[list[int]] = []
    for place, cell in enumerate(cells):
        if cell.kind != "code":
            continue
        if found and found[-1][-1] == place - 1:
            found[-1].append(place)
        else:
            found.append([place])
    return found


def _is_excerpt(lines: list[str], wholes: list[tuple[int, set[str]]]) -> bool:
    """Whether a listing, not of imports alone, stands once more within one at least twice as long."""
    if not lines or all(line.startswith(("import", "from")) for line in lines):
        return False
    return any(size >= 2 * len(lines) and _share(lines, whole) >= _SAME_CODE for size, whole in wholes)
