"""A drafted rubric as YAML, with comments that say what to edit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from grader.records.criteria.base import BaseCriterion
from grader.records.rubric import Question, Rubric

_HEAD = """\
# A first draft, made of the solution beside it. Points are 1 each: set them. Then run
#   labgrade rubric validate {folder}     the solution has to get full marks
#   labgrade rubric test {folder}         shows the mistakes that nothing catches yet
# docs/rubrics.md lists every criterion with its options.
"""


def rubric_text(rubric: Rubric, folder: str, remarks: dict[str, list[str]]) -> str:
    """The YAML of `rubric`. `remarks`: comments under each question, by its id."""
    lines = [_HEAD.format(folder=folder), "version: 1", f"title: {_text(rubric.title)}"]
    lines.append(f"datasets: [{', '.join(rubric.datasets)}]")
    lines.append("recognise:   # words typical of this lab's hand-ins, by which it is told from others: add some")
    lines += [f"  - {_text(words)}" for words in rubric.recognise]
    lines += ["", "questions:"]
    for question in rubric.questions:
        lines += [*_question(question, remarks.get(question.id, [])), ""]
    return "\n".join(lines).rstrip() + "\n"


def _question(question: Question, remarks: list[str]) -> Iterator[str]:
    yield f"  - id: {_text(question.id)}"
    yield f"    title: {_text(question.title)}"
    yield "    # asks: what the sheet asks for, as reports show it"
    if question.cues:
        yield f"    cues: [{', '.join(_text(cue) for cue in question.cues)}]   # words that find this part: add some"
    if question.model is not None:
        yield f"    model: {_text(question.model)}"
    yield from (f"    # {remark}" for remark in remarks)
    yield "    criteria:"
    for criterion in question.criteria:
        yield from _criterion(criterion)


def _criterion(criterion: BaseCriterion) -> Iterator[str]:
    options = criterion.model_dump(mode="json", exclude_defaults=True)
    kind = str(criterion.model_dump()["kind"])
    options = {"points": 1, **{name: value for name, value in options.items() if name not in ("kind", "points")}}
    written = ", ".join(f"{name}: {_value(value)}" for name, value in options.items())
    yield f"      - {kind}: {{{written}}}{_HINTS.get(kind, '')}"
    if kind == "written":
        yield "      #   a person decides; concepts that are found in the answer are marked for that person:"
        yield '      #   mentions: [["one concept", "another word for it"], ["a second concept"]]'


_HINTS = {
    "accuracy": "   # of the reference's mean; or {at_least: 0.97}",
    "trained": "   # add batch_size: 128 where the sheet fixes it, at_least: true where more epochs are as good",
    "architecture": "   # the reference's layers; {must_have: [Conv2D]} for a free design",
    "compiled": "   # the reference's loss, optimizer and rate; {optimizer: any} where it is free",
    "image_grid": "   # at least so many",
}


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(str(item) for item in value)}]"
    return _text(value) if isinstance(value, str) and not value.isidentifier() else json.dumps(value).strip('"')


def _text(text: str) -> str:
    """Double-quoted YAML, which JSON's strings are."""
    return json.dumps(text, ensure_ascii=False)
