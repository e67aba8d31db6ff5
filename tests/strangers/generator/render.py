"""A hand-in as files: cells first, then a notebook, a script, a percent script, or a report beside a script."""

from __future__ import annotations

import ast
import copy
import html
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from generator.code import Rename, text
from generator.nouns import Handin, Heading, Prose, Step

_QUESTION = {"en": "Question", "sv": "Fråga", "de": "Frage", "es": "Pregunta", "fr": "Question", "nl": "Vraag"}
_TASK = {"en": "Task", "sv": "Uppgift", "de": "Aufgabe", "es": "Ejercicio", "fr": "Exercice", "nl": "Opgave"}


def _as_solved(heading: Heading, language: str) -> str:
    marks = "#" * heading.level
    return " ".join(
        part for part in (marks, heading.word if heading.number else "", heading.number, heading.title) if part
    )


def _as_question(heading: Heading, language: str) -> str:
    marks = "#" * heading.level
    if not heading.number or heading.question is None:
        return _as_solved(heading, language)
    return f"{marks} {_QUESTION[language]} {heading.number}" + (f": {heading.title}" if heading.title else "")


def _as_task(heading: Heading, language: str) -> str:
    marks = "#" * heading.level
    if not heading.number or heading.question is None:
        return _as_solved(heading, language)
    return f"{marks} {_TASK[language]} {heading.number}" + (f" - {heading.title}" if heading.title else "")


def _as_bold(heading: Heading, language: str) -> str:
    if heading.question is None:
        return _as_solved(heading, language)
    return "**" + " ".join(part for part in (heading.number, heading.title) if part) + "**"


def _as_parenthesis(heading: Heading, language: str) -> str:
    if not heading.number or heading.question is None:
        return _as_solved(heading, language)
    return f"{heading.number}) {heading.title}".strip()


def _as_tag(heading: Heading, language: str) -> str:
    words = " ".join(part for part in (heading.number, heading.title) if part)
    return f"<h{heading.level}>{words}</h{heading.level}>"


NUMBERINGS: dict[str, Callable[[Heading, str], str]] = {
    "solution": _as_solved,
    "question": _as_question,
    "task": _as_task,
    "bold": _as_bold,
    "parenthesis": _as_parenthesis,
    "tag": _as_tag,
}
"""How a heading is written. Where the sheet gives no number the title stands alone."""


@dataclass
class CellText:
    """One cell, as it is written to a file."""

    kind: str
    """`code` or `prose`."""
    source: str


def cells(handin: Handin) -> list[CellText]:
    """The hand-in as cells: prose that follows prose shares one, code until a step opens another."""
    found: list[CellText] = []
    for block in handin.blocks:
        if isinstance(block, Step):
            source = step_text(handin, block)
            if not source.strip():
                continue
            if found and found[-1].kind == "code" and not block.opens:
                found[-1].source += "\n" + source
            else:
                found.append(CellText("code", source))
            continue
        words = NUMBERINGS[handin.numbering](block, handin.language) if isinstance(block, Heading) else block.text
        if found and found[-1].kind == "prose":
            found[-1].source += "\n\n" + words
        else:
            found.append(CellText("prose", words))
    return found


def step_text(handin: Handin, step: Step) -> str:
    """The code of a step, with the solution's names of networks left out of an anonymous hand-in."""
    nodes = copy.deepcopy(step.statements)
    if handin.anonymous:
        module = _Anonymous(set(handin.truth.networks)).visit(ast.Module(body=nodes, type_ignores=[]))
        nodes = module.body
    return "\n".join(part for part in (step.raw, text(nodes)) if part)


class _Anonymous(ast.NodeTransformer):
    """Takes `name=` out of what builds a network: students don't call theirs as the solution does."""

    def __init__(self, names: set[str]) -> None:
        self._names = names

    def visit_Call(self, node: ast.Call) -> ast.Call:
        """A call that may name a network."""
        self.generic_visit(node)
        node.keywords = [
            keyword
            for keyword in node.keywords
            if not (keyword.arg in ("name", "label") and getattr(keyword.value, "value", None) in self._names)
        ]
        return node


def write(handin: Handin, folder: Path) -> Path:
    """Write the hand-in into `folder`, and give the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = cells(handin)
    if handin.form == "notebook":
        (folder / "lab.ipynb").write_text(notebook(parts), encoding="utf-8")
    elif handin.form == "percent":
        (folder / "lab.py").write_text(percent(parts), encoding="utf-8")
    elif handin.form == "script":
        (folder / "lab.py").write_text(script(parts), encoding="utf-8")
    elif handin.form == "report":
        (folder / "code.py").write_text(script([part for part in parts if part.kind == "code"]), encoding="utf-8")
        prose = [part.source for part in parts if part.kind == "prose"]
        (folder / "report.md").write_text("\n\n".join(prose) + "\n", encoding="utf-8")
    elif handin.form == "page":
        (folder / "code.py").write_text(script([part for part in parts if part.kind == "code"]), encoding="utf-8")
        (folder / "report.html").write_text(page([part for part in parts if part.kind == "prose"]), encoding="utf-8")
    for path, words in handin.extra_files.items():
        (folder / path).write_text(words, encoding="utf-8")
    return folder


def notebook(parts: list[CellText]) -> str:
    """The cells as a notebook that was never run."""
    listed = []
    for number, part in enumerate(parts):
        cell: dict[str, object] = {
            "cell_type": "code" if part.kind == "code" else "markdown",
            "id": f"cell-{number}",
            "metadata": {},
            "source": part.source.splitlines(keepends=True),
        }
        if part.kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        listed.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {"cells": listed, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, indent=1, ensure_ascii=False)


def percent(parts: list[CellText]) -> str:
    """The cells as a script with `# %%`."""
    written = []
    for part in parts:
        if part.kind == "code":
            written.append(f"# %%\n{part.source}\n")
        else:
            written.append(f"# %% [markdown]\n{_commented(part.source)}\n")
    return "\n".join(written)


def script(parts: list[CellText]) -> str:
    """The cells as a plain script: its prose stands in comments."""
    written = [part.source if part.kind == "code" else _commented(part.source) for part in parts]
    return "\n\n".join(written) + "\n"


def _commented(words: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in words.split("\n"))


def page(parts: list[CellText]) -> str:
    """Prose as a web page."""
    written = []
    for part in parts:
        for paragraph in part.source.split("\n\n"):
            marks = len(paragraph) - len(paragraph.lstrip("#"))
            if marks and "\n" not in paragraph:
                written.append(f"<h{marks}>{html.escape(paragraph[marks:].strip())}</h{marks}>")
            else:
                written.append(f"<p>{html.escape(paragraph)}</p>")
    return "<!DOCTYPE html>\n<html><body>\n" + "\n".join(written) + "\n</body></html>\n"


def rename(handin: Handin, names: dict[str, str]) -> None:
    """Other names for the variables of all code."""
    for step in handin.steps:
        module = Rename(names).visit(ast.Module(body=step.statements, type_ignores=[]))
        step.statements = module.body


__all__ = ["NUMBERINGS", "Prose", "cells", "rename", "write"]
