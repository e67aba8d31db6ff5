"""A rubric beside its solution: mistakes that only the two together show, told with file and line.

A question about a model that the solution does not make is answered by nobody: every hand-in would lose its points. So
is one that asks for the accuracy of a network that gives numbers.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from grader.errors import UserError
from grader.facts.keras import ACCURACY, DISTANCES, is_accuracy
from grader.formats.yaml_lines import Document, line_of, suggestion
from grader.records import ModelBuilt, Question, Reference, Rubric, Submission, Trained

_BY_KERAS = re.compile(r"(?:sequential|functional|model)(?:_\d+)?")
"""Names that Keras gives by itself, so that no code spells them out."""
_NAMED_ELSEWHERE = {"load_model", "model_from_json", "from_config", "clone_model", "applications", "hub", "SavedModel"}
"""What brings a model whose name stands in no text of the solution."""


def check_models(rubric: Rubric, solution: Submission, folder: Path) -> None:
    """Refuse a model that `solution` cannot make, as far as its text tells for certain: nothing is run.

    A name is told by its text where all names are written out and none of them is this one. Raises `UserError`.
    """
    names = _written_names(solution)
    if names is None:
        return
    given, words = names
    for place, question in enumerate(rubric.questions):
        if question.model and question.model not in words and not _BY_KERAS.fullmatch(question.model):
            raise _unknown(folder, place, question.model, given)


def check_reference(rubric: Rubric, reference: Reference, folder: Path) -> None:
    """Refuse a model that the solution did not make as it ran, and the accuracy of one that tells no classes.

    Raises `UserError`.
    """
    events = reference.recording.events
    made = {event.name for event in events if isinstance(event, ModelBuilt | Trained)}
    for place, question in enumerate(rubric.questions):
        if not question.model:
            continue
        if question.model not in made:
            raise _unknown(folder, place, question.model, made)
        for number, criterion in enumerate(question.criteria):
            if criterion.kind == "accuracy" and _gives_numbers(question, reference):
                said = f"'{question.model}' gives numbers, not classes: the solution itself has no accuracy there."
                line = _line(folder, place, "criteria", number)
                raise line[0].error(line[1], f"{said} Ask for what can be measured, or for a 'written' answer.")


def _gives_numbers(question: Question, reference: Reference) -> bool:
    """Whether the question's model tells no classes: as it was measured, else by its loss and its last layer.

    A distance with a softmax at the end is an odd way to learn classes, and so is one with an accuracy beside it.
    """
    model = reference.models.get(question.model or "")
    if model is None:
        return False
    scores = [training.test for training in model.trainings if training.test is not None]
    if scores:
        return all(ACCURACY not in score.metrics for score in scores)
    layers = model.architecture.layers
    last = layers[-1].config if layers else {}
    compiled = model.compile
    if compiled is None or compiled.loss not in DISTANCES or any(is_accuracy(name) for name in compiled.metrics):
        return False
    return last.get("activation") == "linear"


def _unknown(folder: Path, place: int, model: str, made: Iterable[str]) -> UserError:
    document, line = _line(folder, place, "model")
    return document.error(line, f"the solution makes no model '{model}'.{suggestion(model, made)}")


def _line(folder: Path, place: int, key: str, number: int | None = None) -> tuple[Document, int]:
    """The rubric's file, and the line of a question's `key` or of an item below it."""
    document = Document(folder / "rubric.yaml")
    value = document.value
    questions = value.get("questions") if isinstance(value, dict) else None
    question = questions[place] if isinstance(questions, list) and place < len(questions) else None
    if not isinstance(question, dict):
        return document, 1
    line = line_of(question, key)
    return document, line if number is None else line_of(question.get(key), number, line)


def _written_names(solution: Submission) -> tuple[set[str], set[str]] | None:
    """Names that the code gives with `name=`, and all its texts; `None` where some name is worked out as it runs."""
    given: set[str] = set()
    words: set[str] = set()
    for cell in solution.cells:
        if cell.kind != "code":
            continue
        try:
            nodes = list(ast.walk(ast.parse(cell.source)))
        except (SyntaxError, ValueError, RecursionError):
            return None
        for node in nodes:
            called = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
            if isinstance(node, ast.ClassDef) or called in _NAMED_ELSEWHERE:
                return None  # a class of one's own lends its model its name
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words.add(node.value)
        for value in _names(nodes):
            if not (isinstance(value, ast.Constant) and isinstance(value.value, str)):
                return None
            given.add(value.value)
    return given, words


def _names(nodes: Iterable[ast.AST]) -> Iterator[ast.expr]:
    """What is given as `name=`, or assigned to the attribute of that name."""
    for node in nodes:
        targets = node.targets if isinstance(node, ast.Assign) else ()
        assigned = any(isinstance(to, ast.Attribute) and to.attr == "name" for to in targets)
        if isinstance(node, ast.keyword) and node.arg in ("name", None):
            yield node.value
        if isinstance(node, ast.Assign) and assigned:
            yield node.value
