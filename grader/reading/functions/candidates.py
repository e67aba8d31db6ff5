"""Functions, lambdas and methods that may answer a question."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.reading.functions.statements import dotted, first_line, nested_statements, source_of, top_statements
from grader.reading.functions.usage import piecewise_calls
from grader.records.functions.plan import Candidate, Parameter
from grader.records.rubric import Rubric
from grader.records.submission import Cell, Passage, Submission

MOST_CANDIDATES = 200
_MOST_PARAMETERS = 12
_MOST_SOURCE = 20_000
_LENDERS = frozenset({"scipy", "tensorflow", "keras", "torch", "cv2", "skimage", "sklearn", "jax", "theano", "cupy"})
"""Libraries that hold ready-made layers and filters."""

_PRACTICAL = frozenset(
    {
        *("fit", "fit_generator", "evaluate", "compile", "load_data", "imread", "imshow", "show", "input", "open"),
        *("system", "Popen", "urlopen", "get", "mainloop", "load_model", "save", "remove", "exit", "sleep"),
    }
)
_WRAPPERS = frozenset({"vectorize", "frompyfunc", "partial"})
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign


def function_candidates(submission: Submission, passages: tuple[Passage, ...], rubric: Rubric) -> tuple[Candidate, ...]:
    """Every top-level function, lambda and method in the code, in order, with the questions under which it stands."""
    statements = {
        cell.index: top_statements(cell.source) for cell in submission.cells if cell.kind == "code" and cell.runs
    }
    imported = _imports(statement for group in statements.values() for statement in group)
    pieces = piecewise_calls(statement for group in statements.values() for statement in group)
    found: list[Candidate] = []
    for index, group in statements.items():
        cell = submission.cells[index]
        for node in nested_statements(group):
            for candidate in _candidates(node, cell, imported):
                asked = _questions(candidate, cell, passages, rubric)
                update = {"id": len(found), "questions": asked, "piecewise": _called_as(candidate) in pieces}
                found.append(candidate.model_copy(update=update))
    return tuple(found[:MOST_CANDIDATES])


def _called_as(candidate: Candidate) -> str:
    return candidate.name.rpartition(".")[2]


def _imports(statements: Iterator[ast.stmt]) -> dict[str, str]:
    """Name in the code -> what it was imported from, such as `signal` -> `scipy.signal`."""
    names: dict[str, str] = {}
    for node in nested_statements(tuple(statements)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def _candidates(node: ast.stmt, cell: Cell, imported: dict[str, str]) -> Iterator[Candidate]:
    if isinstance(node, ast.FunctionDef):
        yield _candidate(node.name, node, node, node.args, cell, imported)
    elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        value = node.value
        if isinstance(value, ast.Lambda):
            yield _candidate(node.targets[0].id, node, node, value.args, cell, imported)
        elif isinstance(value, ast.Call) and dotted(value.func)[-1:] and dotted(value.func)[-1] in _WRAPPERS:
            yield _candidate(node.targets[0].id, node, node, None, cell, imported)
    elif isinstance(node, ast.ClassDef):
        yield from _methods(node, cell, imported)


def _methods(node: ast.ClassDef, cell: Cell, imported: dict[str, str]) -> Iterator[Candidate]:
    methods = [item for item in node.body if isinstance(item, ast.FunctionDef)]
    constructor = next((method for method in methods if method.name == "__init__"), None)
    for method in methods:
        if method.name.startswith("__") and method.name != "__call__":
            continue
        kinds = {dotted(item)[-1:] for item in method.decorator_list}
        plain = ("staticmethod",) in kinds or ("classmethod",) in kinds
        name = f"{node.name}.{method.name}"
        candidate = _candidate(name, method, node, method.args, cell, imported)
        own = candidate.parameters if ("staticmethod",) in kinds else candidate.parameters[1:]
        before = () if plain or constructor is None else _parameters(constructor.args)[1:]
        made = tuple(parameter.model_copy(update={"constructor": True}) for parameter in before)
        yield candidate.model_copy(update={"parameters": (*made, *own)})


def _candidate(
    name: str,
    node: _Definition,
    whole: _Definition,
    arguments: ast.arguments | None,
    cell: Cell,
    imported: dict[str, str],
) -> Candidate:
    calls = [dotted(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)]
    names = {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
    names |= {item.attr for item in ast.walk(node) if isinstance(item, ast.Attribute)}
    return Candidate(
        id=0,
        name=name[:120],
        cell=cell.index,
        line=first_line(node),
        parameters=_parameters(arguments) if arguments is not None else (),
        variadic=arguments is None or arguments.vararg is not None,
        source=source_of(whole, cell.source)[:_MOST_SOURCE],
        identifiers=tuple(sorted(names))[:300],
        borrowed=tuple(dict.fromkeys(_borrowed(calls, imported)))[:3],
        practical=any(parts and parts[-1] in _PRACTICAL for parts in calls),
    )


def _borrowed(calls: list[tuple[str, ...]], imported: dict[str, str]) -> Iterator[str]:
    for parts in calls:
        if parts and imported.get(parts[0], "").split(".")[0] in _LENDERS:
            yield ".".join((imported[parts[0]], *parts[1:]))[:80]


def _parameters(arguments: ast.arguments) -> tuple[Parameter, ...]:
    positional = [*arguments.posonlyargs, *arguments.args]
    needed = len(positional) - len(arguments.defaults)
    found = [Parameter(name=item.arg, required=place < needed) for place, item in enumerate(positional)]
    for item, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        found.append(Parameter(name=item.arg, required=default is None, keyword_only=True))
    return tuple(found[:_MOST_PARAMETERS])


def _questions(candidate: Candidate, cell: Cell, passages: tuple[Passage, ...], rubric: Rubric) -> tuple[str, ...]:
    """Ids of the questions in whose passages the definition begins."""
    start = sum(len(line) + 1 for line in cell.source.split("\n")[: candidate.line - 1])
    here = {p.question for p in passages if p.cell == cell.index and p.start <= start < p.end}
    return tuple(question.id for question in rubric.questions if here & {question.id, question.written_id})
