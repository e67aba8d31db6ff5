"""A lab's `rubric.yaml` as a `Rubric`, every mistake in it told with its line and what would be right."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from grader.criteria.registry import Criteria, criteria_for
from grader.errors import UserError
from grader.formats.yaml_lines import Document, YamlMapping, line_of, plain_mapping, suggestion
from grader.records import BudgetChoices, LimitChoices, Question, Rubric

VERSION = 1
"""The newest version of the format that this labgrade reads."""

_Kind = TypeVar("_Kind", bound=BaseModel)
_RUBRIC_KEYS = set(Rubric.model_fields) - {"name", "digest"}
"""What may stand in the file: name and digest come from its folder."""
_WANTED = {
    "string_type": "must be text: write it in quotes",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list, in square brackets or with a dash before each item",
    "missing": "is missing",
    "greater_than_equal": "must not be negative",
    "greater_than": "must be greater than 0",
}
"""Type of pydantic's error -> what is said of the value."""


def rubrics(folders: Iterable[Path]) -> tuple[Path, ...]:
    """The rubric folders below `folders`, by name; the first of two with the same name counts."""
    found: dict[str, Path] = {}
    for folder in folders:
        if folder.is_dir():
            for place in sorted(folder.iterdir()):
                if (place / "rubric.yaml").is_file() and not place.name.startswith("."):
                    found.setdefault(place.name, place)
    return tuple(found[name] for name in sorted(found))


def load_rubric(folder: Path) -> Rubric:
    """The rubric in `folder`, whose name it bears.

    Raises `UserError` in one line with file, line, path and the nearest known word for everything that is wrong.
    """
    path = folder / "rubric.yaml"
    if not path.is_file():
        raise UserError(f"{folder} holds no rubric.yaml. Give a rubric's name or its folder.")
    return _loaded(folder, folder.resolve().name, rubric_digest(folder))


@lru_cache(maxsize=64)
def _loaded(folder: Path, name: str, digest: str) -> Rubric:
    """The rubric, read once for the same content: a class asks for it once per submission."""
    path = folder / "rubric.yaml"
    document = Document(path)
    value = document.value
    if not isinstance(value, dict):
        raise document.error(1, "a rubric is a mapping that begins with 'version: 1'.")
    _check_version(document, value)
    _check_keys(document, value, _RUBRIC_KEYS, "key", 1)
    limits = _chosen(document, value, "limits", LimitChoices, "limit", "{wall: 15 min, memory: 4 GB}")
    training = _chosen(document, value, "training", BudgetChoices, "limit of trainings", "{time: 10 min}")
    questions = _questions(document, value, criteria_for(folder))
    fields = plain_mapping(value, without=("questions", "limits", "training"))
    known: dict[str, JsonValue] = {"name": name, "digest": digest, "questions": []}
    rubric = _validated(document, Rubric, {**fields, **known}, value, "", 1)
    return rubric.model_copy(update={"questions": questions, "limits": limits, "training": training})


def _chosen(document: Document, value: YamlMapping, key: str, kind: type[_Kind], what: str, example: str) -> _Kind:
    """The limits of `kind` under `key`, each with its unit."""
    raw = value.get(key, {})
    line = line_of(value, key)
    if not isinstance(raw, dict):
        raise document.error(line, f"{key} must be a mapping, such as '{key}: {example}'.")
    _check_keys(document, raw, kind.model_fields, what, line)
    return _validated(document, kind, plain_mapping(raw), raw, key, line)


def _check_version(document: Document, value: YamlMapping) -> None:
    version = value.get("version")
    line = line_of(value, "version")
    if version is None:
        raise document.error(1, f"'version: {VERSION}' is missing.")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise document.error(line, f"version must be a whole number; the newest is {VERSION}.")
    if version > VERSION:
        newer = f"version {version} was written for a newer labgrade; this one reads version {VERSION}."
        raise document.error(line, f"{newer} Update labgrade.")


def _check_keys(
    document: Document, value: YamlMapping, known: Collection[str], what: str, line: int, of: str = ""
) -> None:
    for key in value:
        if key not in known:
            place = line_of(value, key, line)
            raise document.error(place, f"unknown {what} '{key}'{of}.{suggestion(str(key), known)}")


def _questions(document: Document, value: YamlMapping, known: Criteria) -> tuple[Question, ...]:
    raw = value.get("questions")
    if not isinstance(raw, list) or not raw:
        raise document.error(line_of(value, "questions"), "questions must be a list with at least one question.")
    questions: list[Question] = []
    lines: dict[str, int] = {}
    for number, item in enumerate(raw):
        line = line_of(raw, number)
        question = _question(document, item, number + 1, line, known)
        if question.id in lines:
            first = lines[question.id]
            raise document.error(
                line_of(item, "id", line), f"question '{question.id}' is there twice (see line {first})."
            )
        lines[question.id] = line_of(item, "id", line)
        questions.append(question)
    _check_models(document, raw, questions)
    return tuple(questions)


def _check_models(document: Document, raw: list[YamlMapping], questions: list[Question]) -> None:
    """Criteria may name only models that some question is about: others are matched with nothing."""
    known = {question.model for question in questions if question.model}
    for place, question in enumerate(questions):
        for number, criterion in enumerate(question.criteria):
            for name in criterion.named_models:
                if name not in known and name != "any":
                    line = line_of(raw[place]["criteria"], number)
                    said = f"'{criterion.kind}' names the model '{name}', which no question is about."
                    raise document.error(line, said + suggestion(name, sorted(known)))


def _question(document: Document, item: object, number: int, line: int, known: Criteria) -> Question:
    if not isinstance(item, dict):
        raise document.error(line, f"questions[{number}] must be a mapping with id, title and criteria.")
    _check_keys(document, item, set(Question.model_fields), "key", line, " of a question")
    path = f"questions[{item.get('id', number)}]"
    raw = item.get("criteria")
    if not isinstance(raw, list) or not raw:
        place = line_of(item, "criteria", line)
        raise document.error(place, f"{path}.criteria must be a list with at least one criterion.")
    criteria = tuple(
        _criterion(document, entry, f"{path}.criteria[{place + 1}]", line_of(raw, place, line), known)
        for place, entry in enumerate(raw)
    )
    fields = plain_mapping(item, without=("criteria",))
    question = _validated(document, Question, {**fields, "criteria": []}, item, path, line)
    return question.model_copy(update={"criteria": criteria})


def _criterion(document: Document, entry: object, path: str, line: int, known: Criteria) -> BaseModel:
    if not isinstance(entry, dict) or len(entry) != 1:
        example = "- architecture: {points: 2}"
        raise document.error(line, f"{path} must be one criterion with its options, such as '{example}'.")
    kind, options = next(iter(entry.items()))
    line = line_of(entry, kind, line)
    if kind not in known:
        raise document.error(line, f"unknown criterion '{kind}'.{suggestion(str(kind), known)}")
    if not isinstance(options, dict):
        raise document.error(line, f"{path} needs its points: '- {kind}: {{points: 2}}'.")
    _check_keys(document, options, set(known[kind].model_fields) - {"kind"}, "option", line, f" of '{kind}'")
    return _validated(document, known[kind], plain_mapping(options), options, path, line)


def _validated(
    document: Document, kind: type[_Kind], fields: dict[str, JsonValue], raw: YamlMapping, path: str, line: int
) -> _Kind:
    try:
        # JSON in strict mode: lists may be tuples, but '10' is no number and 2.3 no text.
        return kind.model_validate_json(json.dumps(fields), strict=True)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
    place = problem["loc"]
    inside = bool(place) and problem["type"] != "missing"
    where = line_of(raw, place[0], line) if inside else line
    full = ".".join(part for part in (path, _written_path(place)) if part)
    if problem["type"] == "value_error":
        said = problem["msg"].removeprefix("Value error, ")
        raise document.error(where, f"{full}: {said if said.endswith('?') else said + '.'}")
    message = _WANTED.get(problem["type"], problem["msg"][:1].lower() + problem["msg"][1:])
    raise document.error(where, f"{full} {message}.")


def _written_path(place: tuple[int | str, ...]) -> str:
    text = ""
    for part in place:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def rubric_digest(folder: Path) -> str:
    """SHA-256 (hex) over the names and bytes of everything in a rubric's folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith(".") or part == "__pycache__" for part in parts):
            for data in ("/".join(parts).encode("utf-8", "surrogateescape"), path.read_bytes()):
                digest.update(hashlib.sha256(data).digest())
    return digest.hexdigest()
