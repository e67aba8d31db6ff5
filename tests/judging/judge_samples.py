"""Hand-ins whose truth is known: their forms, and where their truth says that questions and models stand."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from grader.records import Match, QuestionMatch

_WORD = re.compile(r"[^\W\d_]{3,}")
_PICTURE = re.compile(r"!\[[^\]\n]{0,200}\]\([^)\n]{0,400}\)")


@dataclass(frozen=True)
class Form:
    """One form in which a sample was handed in."""

    name: str
    path: Path


@dataclass(frozen=True)
class Sample:
    """A folder with a hand-in and its `truth.json`."""

    folder: Path

    @cached_property
    def truth(self) -> dict[str, Any]:
        """What `truth.json` holds."""
        found: dict[str, Any] = json.loads((self.folder / "truth.json").read_text(encoding="utf-8"))
        return found

    def forms(self, scratch: Path) -> Iterator[Form]:
        """The notebook or the script with its report, then the PDF, each by itself."""
        notebooks = sorted(self.folder.glob("*.ipynb"))
        for notebook in notebooks:
            yield Form("notebook", notebook)
        if not notebooks and (scripts := sorted(self.folder.glob("*.py"))):
            alone = scratch / self.folder.name
            alone.mkdir(parents=True, exist_ok=True)
            for path in (*scripts, *self.folder.glob("*.md"), *self.folder.glob("*.docx")):
                shutil.copy(path, alone)
            yield Form("script and report" if len(list(alone.iterdir())) > 1 else "script", alone)
        for pdf in sorted(self.folder.glob("*.pdf")):
            yield Form("PDF", pdf)

    def section(self, question: dict[str, Any]) -> str:
        """The text that the truth says belongs to a question."""
        evidence = question["evidence"]
        if "cells" in evidence:
            return "\n".join(self._cell(index) for index in evidence["cells"])
        starts = sorted(q["evidence"]["report_line"] for q in self.truth["questions"])
        first = evidence["report_line"]
        end = next((line for line in starts if line > first), len(self._report) + 1)
        code = "\n".join("\n".join(self._code[a - 1 : b]) for a, b in _ranges(evidence.get("code_lines", [])))
        return "\n".join([*self._report[first - 1 : end - 1], code])

    def model_lines(self, model: dict[str, Any]) -> str:
        """The code that defines a model."""
        if "cells" in model:
            return "\n".join(self._cell(index) for index in model["cells"])
        first, last = model["code_lines"]
        return "\n".join(self._code[first - 1 : last])

    @cached_property
    def _notebook(self) -> list[dict[str, Any]]:
        path = next(iter(sorted(self.folder.glob("*.ipynb"))))
        cells: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return cells

    def _cell(self, index: int) -> str:
        return "".join(self._notebook[index]["source"])

    @cached_property
    def _report(self) -> list[str]:
        found = sorted(self.folder.glob("*.md"))
        return found[0].read_text(encoding="utf-8").split("\n") if found else []

    @cached_property
    def _code(self) -> list[str]:
        found = sorted(self.folder.glob("*.py"))
        return found[0].read_text(encoding="utf-8").split("\n") if found else []


def _ranges(lines: list[int]) -> list[tuple[int, int]]:
    """Lines as ranges; two numbers are a range already, as the truth files write it."""
    if len(lines) == 2:
        return [(lines[0], lines[1])]
    return [(line, line) for line in lines]


def samples_in(folders: list[Path]) -> list[Sample]:
    """The folders that hold a `truth.json`, and those directly below the others."""
    found = []
    for folder in folders:
        here = [folder] if (folder / "truth.json").is_file() else sorted(p.parent for p in folder.glob("*/truth.json"))
        found += [Sample(path) for path in here]
    return found


def shingles(text: str) -> frozenset[tuple[str, ...]]:
    """Pairs of neighbouring words of three letters or more, so that formulas and line breaks don't count."""
    words = [word.casefold() for word in _WORD.findall(_PICTURE.sub(" ", text))]
    return frozenset(pairwise(words)) or frozenset((word,) for word in words)


def found_text(question: QuestionMatch, match: Match) -> str:
    """What labgrade took for the question's answer; of pictures alone, the text above them."""
    cells = match.submission.cells
    parts = [match.submission.text(passage) for passage in question.passages]
    text = "\n".join(parts) or "\n".join(cells[cell].source for cell in question.cells)
    if not shingles(text) and question.passages:
        first = min(passage.cell for passage in question.passages)
        above = [cell.source for cell in cells[:first] if cell.kind == "prose" and shingles(cell.source)]
        return above[-1] if above else ""
    return text


def is_placed(question: QuestionMatch, match: Match, expected: str) -> bool:
    """Whether most of what was found stands where the truth says, or most of that was found and not much beside it."""
    found, wanted = shingles(found_text(question, match)), shingles(expected)
    if not found or not wanted:
        return False
    common = len(found & wanted)
    return common >= 0.5 * len(found) or (common >= 0.5 * len(wanted) and common >= 0.3 * len(found))
