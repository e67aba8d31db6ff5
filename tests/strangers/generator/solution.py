"""A lab's solution as a hand-in: its sections, its code by roles, and the truth about it, which is full marks."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path

from ruamel.yaml import YAML

from generator.code import argument, bodies, bound_by, built_name, callee, layer_calls, names_in, places, receiver
from generator.nouns import (
    Block,
    Criterion,
    Expected,
    Handin,
    Heading,
    Lab,
    Network,
    Prose,
    Question,
    Role,
    Step,
    Truth,
)

RUBRICS = Path(__file__).parents[3] / "rubrics"
LABS = Path(__file__).parent / "labs"
_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_NUMBER = re.compile(r"(?:(Question)\s+)?(\d+(?:\.\d+)*)\b\s*(.*)")
_ON_REACHED = frozenset({"accuracy"})
"""Kinds on what a whole training reached: one row in a hundred tells nothing of it."""
_BY_PERSON = frozenset({"written"})


def load_lab(name: str) -> Lab:
    """The lab `name`, with our own words for it where there are some."""
    yaml = YAML(typ="safe")
    rubric = yaml.load((RUBRICS / name / "rubric.yaml").read_text(encoding="utf-8"))
    file = LABS / f"{name}.yaml"
    own = yaml.load(file.read_text(encoding="utf-8")) if file.is_file() else {}
    questions = tuple(_question(one) for one in rubric["questions"])
    wordings = {
        language: {str(key): (str(one["title"]), str(one["answer"])) for key, one in answers.items()}
        for language, answers in own.get("wordings", {}).items()
    }
    stated = {str(number): (str(model), str(what)) for number, (model, what) in own.get("stated", {}).items()}
    return Lab(name, questions, own.get("titles", {}), wordings, stated)


def _question(given: Mapping[str, object]) -> Question:
    listed = given["criteria"]
    assert isinstance(listed, list)
    criteria = []
    for position, entry in enumerate(listed):
        kind, options = next(iter(entry.items()))
        criteria.append(Criterion(str(given["id"]), position, kind, float(options["points"]), options))
    model = given.get("model")
    return Question(
        str(given["id"]),
        str(given.get("section", given["id"])),
        str(model) if model else None,
        tuple(criteria),
        str(given.get("asks", "")).strip(),
    )


def read_solution(lab: Lab) -> Handin:
    """The solution of `lab` as a hand-in to which nothing was done."""
    source = (RUBRICS / lab.name / "solution.py").read_text(encoding="utf-8")
    blocks: list[Block] = []
    question: str | None = None
    for kind, body in _cells(source):
        if kind == "prose":
            found, question = _prose_blocks(body, lab, question)
            blocks += found
        else:
            blocks += _steps(ast.parse(body).body, question)
    _name_models(blocks)
    truth = Truth(_full_marks(lab), {}, may={"validation_on_test", "unseeded"})
    handin = Handin(lab, blocks, truth)
    truth.networks.update(networks(handin))
    return handin


def _cells(source: str) -> list[tuple[str, str]]:
    found = []
    for part in re.split(r"(?m)^# %%", source)[1:]:
        first, _, body = part.partition("\n")
        if "[markdown]" in first:
            lines = [line.removeprefix("#").removeprefix(" ") for line in body.strip().split("\n")]
            found.append(("prose", "\n".join(lines).strip()))
        elif body.strip():
            found.append(("code", body.strip()))
    return found


def _prose_blocks(body: str, lab: Lab, question: str | None) -> tuple[list[Block], str | None]:
    blocks: list[Block] = []
    lines: list[str] = []

    def close() -> None:
        words = "\n".join(lines).strip()
        if words:
            blocks.append(Prose(words, (question,) if question else ()))
        lines.clear()

    for line in body.split("\n"):
        heading = _HEADING.fullmatch(line.strip())
        if heading is None:
            lines.append(line)
            continue
        close()
        question, opened = _opened(heading, lab)
        blocks.append(opened)
    close()
    return blocks, question


def _opened(heading: re.Match[str], lab: Lab) -> tuple[str | None, Heading]:
    level, words = len(heading[1]), heading[2].strip()
    numbered = _NUMBER.fullmatch(words)
    word, number, title = (numbered[1] or "", numbered[2], numbered[3]) if numbered else ("", "", words)
    known = {question.id: question for question in lab.questions}
    question = lab.titles.get(title) if title else None
    if question is None and number in known:
        question = number
    if question is None and words in known:
        question = words
    if numbered is None and question is None:
        number = ""
    return question, Heading(title, level, question, number, word)


def _steps(body: list[ast.stmt], question: str | None) -> list[Step]:
    """The statements of a cell by roles; a figure is one step, from what it needs to where it is shown."""
    drawing = [at for at, statement in enumerate(body) if _draws(statement)]
    steps: list[Step] = []
    for at, statement in enumerate(body):
        role = _role(statement)
        inside = bool(drawing) and at <= drawing[-1] and (at >= drawing[0] or isinstance(statement, ast.Assign))
        if inside and role not in ("fit", "build", "compile", "data", "define", "sweep", "imports"):
            role = "plot"
        if steps and role == steps[-1].role and role in ("plot", "imports", "scale"):
            steps[-1].statements.append(statement)
        else:
            steps.append(Step([statement], role, question, opens=not steps))
    return steps


def _draws(statement: ast.stmt) -> bool:
    return not isinstance(statement, ast.FunctionDef) and any(
        callee(node).startswith("plot_") or (isinstance(node, ast.Call) and _root(node.func) in ("plt", "axes"))
        for node in ast.walk(statement)
    )


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _role(statement: ast.stmt) -> Role:
    called = {callee(node) for node in ast.walk(statement)} - {""}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return "imports"
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return "define"
    if isinstance(statement, ast.For) and "fit" in called:
        return "sweep"
    for names, role in _ROLES:
        if called & names:
            return role
    return "other"


_ROLES: tuple[tuple[set[str], Role], ...] = (
    ({"load_data"}, "data"),
    ({"Sequential", "Model"}, "build"),
    ({"compile"}, "compile"),
    ({"fit"}, "fit"),
    ({"evaluate", "predict"}, "evaluate"),
    ({"astype", "to_categorical"}, "scale"),
    ({"summary", "print"}, "show"),
)


def _name_models(blocks: list[Block]) -> None:
    """Say of each step which network it is about: the last one that it names, itself or by its history."""
    variables: dict[str, str] = {}
    for step in [block for block in blocks if isinstance(block, Step)]:
        for body in bodies(step):
            for statement in body:
                value = getattr(statement, "value", None)
                if not isinstance(statement, ast.Assign) or not isinstance(value, ast.Call):
                    continue
                name = built_name(value) if callee(value) == "Sequential" else variables.get(receiver(value))
                target = statement.targets[0]
                if name and callee(value) in ("Sequential", "fit") and isinstance(target, ast.Name):
                    variables[target.id] = name
        used = [variables[name] for statement in step.statements for name in names_in(statement) if name in variables]
        if len(set(used)) == 1:
            step.model = used[0]
        if step.role == "sweep":
            variables |= {name: used[0] for name in _results(step) if used}


def _results(step: Step) -> set[str]:
    """Names of what a sweep fills: those whose items it assigns to."""
    return {
        node.value.id
        for statement in step.statements
        for node in ast.walk(statement)
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name)
    } - {name for statement in step.statements for name in bound_by(statement)}


def _full_marks(lab: Lab) -> dict[tuple[str, int], Expected]:
    found = {}
    for question in lab.questions:
        for criterion in question.criteria:
            if criterion.kind in _ON_REACHED:
                expected = Expected(frozenset(), 0.0, criterion.points, "what a whole training reaches")
            elif criterion.kind in _BY_PERSON:
                expected = Expected(frozenset({"review"}), criterion.points, criterion.points)
            else:
                expected = Expected(frozenset({"passed"}), criterion.points, criterion.points)
            found[question.id, criterion.position] = expected
    return found


def networks(handin: Handin) -> dict[str, Network | None]:
    """The networks that the code builds, as it stands before its style is changed."""
    found: dict[str, Network | None] = {}
    for place in places(handin, "Sequential"):
        if place.model is None:
            continue
        epochs, many = 0, 1
        for fit in places(handin, "fit", model=place.model):
            value = argument(fit.call, "epochs")
            epochs = value.value if isinstance(value, ast.Constant) and isinstance(value.value, int) else 0
            many = 15 if fit.step.role == "sweep" else 1
        layers = tuple(_plain(layer) for layer in layer_calls(place.call) if callee(layer) in ("Dense", "Conv2D"))
        found[place.model] = Network(layers, epochs, many)
    return found


def _plain(layer: ast.Call) -> tuple[str, str, str]:
    size = layer.args[0] if layer.args else argument(layer, "units") or argument(layer, "filters")
    words = ast.unparse(size) if size is not None else ""
    activation = argument(layer, "activation")
    named = str(activation.value) if isinstance(activation, ast.Constant) else "linear"
    return callee(layer), "10" if words == "NUM_CLASSES" else words, named
