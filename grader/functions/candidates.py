"""Functions, lambdas and methods that may answer a question, and what of the code is needed to call them.

All of it is read from the code without running it: candidates with their parameters, whether the group calls them on
parts of something, and the statements that only define. Code that computes at the top level, where a function was asked
for, is pointed at.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from grader.code.syntax import mask_magics, new_tree, parse_code
from grader.records import Cell, Passage, Question, Record, Rubric, Submission

_BLOCK = re.compile(r"(?:@|def\s|class\s|async\s)")
"""Begins a definition, or what stands above it."""
_MOST_CELL_SOURCE = 200_000
"""Characters of a cell; a longer one is not searched for functions."""

MOST_CANDIDATES = 200
"""Of one submission, the first ones in the file."""
_MOST_PARAMETERS = 12
"""Parameters of a function that may be meant: one that takes more takes settings of a training."""
_MOST_SOURCE = 20_000
"""Characters of one candidate's definition that travel into the sandbox."""

_LENDERS = frozenset({"scipy", "tensorflow", "keras", "torch", "cv2", "skimage", "sklearn", "jax", "theano", "cupy"})
"""Libraries that hold ready-made layers and filters."""
_PRACTICAL = frozenset(
    {
        *("fit", "fit_generator", "evaluate", "compile", "load_data", "imread", "imshow", "show", "input", "open"),
        *("system", "Popen", "urlopen", "get", "mainloop", "load_model", "save", "remove", "exit", "sleep"),
    }
)
"""What trains, draws, waits or touches the machine: a function that calls one of these is not called on suspicion."""
_WRAPPERS = frozenset({"vectorize", "frompyfunc", "partial"})
"""Calls whose result is a function."""
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign

_CALLABLE = frozenset(
    {
        *("range", "len", "list", "tuple", "dict", "set", "int", "float", "bool", "str", "abs", "min", "max", "sum"),
        *("sorted", "zip", "enumerate", "reversed", "round", "slice", "partial", "vectorize"),
    }
)
"""Functions that a statement which only defines may call."""
_MODULES = frozenset({"np", "numpy", "math", "random", "functools", "itertools"})
"""Modules whose functions it may call, but for those that read or write files."""
_HEAVY = frozenset({"load", "save", "loadtxt", "genfromtxt", "savetxt", "savez", "fromfile", "memmap", "test"})
_METHODS = frozenset(
    {
        *("reshape", "astype", "copy", "flatten", "ravel", "tolist", "transpose", "append", "extend", "fill"),
        *("swapaxes", "squeeze", "seed", "rand", "randn", "randint", "normal", "uniform", "random", "integers"),
    }
)
"""Methods that it may call."""

_SIMPLE = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_ASSIGNMENTS = ast.Assign | ast.AnnAssign | ast.AugAssign

_DEFINES = re.compile(r"^[ \t]{0,20}def[ \t]", re.MULTILINE)
_COMPUTING = frozenset(
    {
        *("maximum", "max", "amax", "dot", "matmul", "exp", "mean", "std", "var", "sum", "where", "einsum"),
        *("tensordot", "convolve", "correlate", "convolve2d", "correlate2d", "clip", "multiply"),
    }
)
"""Functions that work out what the labs ask a function for."""


class Parameter(Record):
    """One parameter of a function, or of a class' constructor and method taken together."""

    name: str
    required: bool = True
    """It has no default value."""
    keyword_only: bool = False
    constructor: bool = False
    """It belongs to the constructor of the method's class."""


class Candidate(Record):
    """A function, lambda or method that may answer a question, found in the code without running it."""

    id: int
    """Position in the submission's list of candidates."""
    name: str
    """As it is called: `max_pooling`, or `Pool.forward` for a method."""
    cell: int
    """Index of its cell."""
    line: int
    """Line in the cell, from 1."""
    parameters: tuple[Parameter, ...]
    variadic: bool = False
    """It takes any number of positional arguments."""
    source: str
    """Its definition; of a method, that of the class. Run again where the name means something else in the end."""
    questions: tuple[str, ...] = ()
    """Questions under whose id it stands."""
    identifiers: tuple[str, ...] = ()
    """Names that occur in its body, sorted."""
    borrowed: tuple[str, ...] = ()
    """Calls of libraries that do the work for it, such as `scipy.signal.correlate`."""
    piecewise: bool = False
    """The submission calls it on parts of something: in a loop over it, or on an indexed piece."""
    practical: bool = False
    """It trains, draws, reads files or asks for input: not to be called on suspicion."""


class Definition(Record):
    """Statements of one cell that only define: imports, functions, classes, plain values."""

    cell: int
    statements: tuple[str, ...]


class FunctionPlan(Record):
    """What of a submission is needed to judge its functions."""

    candidates: tuple[Candidate, ...] = ()
    definitions: tuple[Definition, ...] = ()
    computing: dict[str, int] = {}
    """Question -> the first cell under it whose code computes something outside any function."""


def function_plan(submission: Submission, passages: tuple[Passage, ...], rubric: Rubric) -> FunctionPlan:
    """What of `submission` is needed to judge its functions: candidates, definitions, and code without a function."""
    asked = [q for q in rubric.questions if any(criterion.about == "function" for criterion in q.criteria)]
    computing = {question.id: _computing_cell(question, submission, passages) for question in asked}
    return FunctionPlan(
        candidates=function_candidates(submission, passages, rubric),
        definitions=definitions(submission),
        computing={question: cell for question, cell in computing.items() if cell is not None},
    )


def _computing_cell(question: Question, submission: Submission, passages: tuple[Passage, ...]) -> int | None:
    """The first cell under `question` that computes outside any function, or whose `def` does not parse."""
    for passage in passages:
        cell = submission.cells[passage.cell]
        named = passage.question in (question.id, question.written_id)
        if named and cell.kind == "code":
            inside = _inside(cell, passage)
            text = cell.source[passage.start : passage.end]
            if any(_computes(node) for node in inside) or (_DEFINES.search(text) and not _defined(inside)):
                return cell.index
    return None


def _inside(cell: Cell, passage: Passage) -> list[ast.stmt]:
    first = cell.source.count("\n", 0, passage.start) + 1
    last = cell.source.count("\n", 0, passage.end) + 1
    return [node for node in top_statements(cell.source) if first <= first_line(node) <= last]


def _defined(nodes: list[ast.stmt]) -> bool:
    return any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in nodes)


def _computes(node: ast.stmt) -> bool:
    """Whether a statement outside any function works something out, rather than writing values down."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    if any(isinstance(inner, ast.For | ast.While | ast.MatMult) for inner in ast.walk(node)):
        return True
    calls = [attribute_path(inner.func) for inner in ast.walk(node) if isinstance(inner, ast.Call)]
    return any(parts and parts[-1] in _COMPUTING for parts in calls)


def top_statements(source: str) -> tuple[ast.stmt, ...]:
    """The statements of a cell, with the line numbers of the cell; of broken code its whole definitions."""
    if len(source) > _MOST_CELL_SOURCE:
        return ()
    tree = parse_code(source)
    return tuple(tree.body) if tree is not None else tuple(_salvaged(mask_magics(source)))


def _salvaged(source: str) -> Iterator[ast.stmt]:
    """Functions and classes that parse by themselves, where the cell around them does not."""
    lines = source.split("\n")
    first: int | None = None
    for number, line in enumerate([*lines, "end"]):
        starts = bool(line) and not line[0].isspace() and not line.startswith("#")
        if not starts:
            continue
        if first is not None and not _BLOCK.match(lines[first]):
            first = None
        if first is not None and lines[first].startswith("@") and number < len(lines) and _BLOCK.match(line):
            continue
        if first is not None:
            yield from _numbered("\n".join(lines[first:number]), first)
        first = number


def _numbered(text: str, before: int) -> Iterator[ast.stmt]:
    tree = new_tree(text)
    for node in tree.body if tree is not None else ():
        yield ast.increment_lineno(node, before) if before else node


def inner_statements(statements: tuple[ast.stmt, ...]) -> Iterator[ast.stmt]:
    """`statements` and those inside their `if`, `try` and `with`: what runs at the top level of a cell."""
    for node in statements:
        yield node
        if isinstance(node, ast.If):
            yield from inner_statements((*node.body, *node.orelse))
        elif isinstance(node, ast.Try):
            handlers = [inner for handler in node.handlers for inner in handler.body]
            yield from inner_statements((*node.body, *handlers, *node.orelse, *node.finalbody))
        elif isinstance(node, ast.With):
            yield from inner_statements(tuple(node.body))


def first_line(node: ast.stmt) -> int:
    """The line, from 1, on which `node` begins, with its decorators."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def source_of(node: ast.stmt, source: str) -> str:
    """The lines of `node`, magics masked, moved to the left margin."""
    lines = mask_magics(source).split("\n")[first_line(node) - 1 : node.end_lineno]
    margin = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    text = "\n".join(line[margin:] if not line[:margin].strip() else line for line in lines)
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return ast.unparse(node)
    return text


def attribute_path(node: ast.expr) -> tuple[str, ...]:
    """The parts of `a.b.c`; empty for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return (node.id, *reversed(parts)) if isinstance(node, ast.Name) else ()


def piecewise_calls(statements: Iterable[ast.stmt]) -> frozenset[str]:
    """Names of functions that are called on parts of something: on a slice of an array, or in a loop over one."""
    found: set[str] = set()
    for statement in statements:
        targets = _loop_names(statement)
        for call in ast.walk(statement):
            if isinstance(call, ast.Call) and any(_is_part(argument, targets) for argument in call.args):
                found.update(attribute_path(call.func)[-1:])
    return frozenset(found)


def _loop_names(statement: ast.stmt) -> frozenset[str]:
    loops = [n for n in ast.walk(statement) if isinstance(n, ast.For | ast.comprehension)]
    named = [node for loop in loops for node in ast.walk(loop.target)]
    return frozenset(node.id for node in named if isinstance(node, ast.Name))


def _is_part(argument: ast.expr, loop_names: frozenset[str]) -> bool:
    if isinstance(argument, ast.Name):
        return argument.id in loop_names
    if not isinstance(argument, ast.Subscript):
        return False
    index = argument.slice
    if isinstance(index, ast.Tuple) and any(isinstance(item, ast.Slice) for item in index.elts):
        return True
    return any(isinstance(node, ast.Name) and node.id in loop_names for node in ast.walk(index))


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
        for node in inner_statements(group):
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
    for node in inner_statements(tuple(statements)):
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
        elif (
            isinstance(value, ast.Call)
            and attribute_path(value.func)[-1:]
            and attribute_path(value.func)[-1] in _WRAPPERS
        ):
            yield _candidate(node.targets[0].id, node, node, None, cell, imported)
    elif isinstance(node, ast.ClassDef):
        yield from _methods(node, cell, imported)


def _methods(node: ast.ClassDef, cell: Cell, imported: dict[str, str]) -> Iterator[Candidate]:
    methods = [item for item in node.body if isinstance(item, ast.FunctionDef)]
    constructor = next((method for method in methods if method.name == "__init__"), None)
    for method in methods:
        if method.name.startswith("__") and method.name != "__call__":
            continue
        kinds = {attribute_path(item)[-1:] for item in method.decorator_list}
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
    calls = [attribute_path(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)]
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


def definitions(submission: Submission) -> tuple[Definition, ...]:
    """The defining statements of each code cell, in order."""
    found = []
    for cell in submission.cells:
        if cell.kind == "code" and cell.runs:
            kept = tuple(source_of(node, cell.source) for node in top_statements(cell.source) if _defines(node))
            if kept:
                found.append(Definition(cell=cell.index, statements=kept))
    return tuple(found)


def _defines(node: ast.stmt) -> bool:
    if isinstance(node, _SIMPLE):
        return True
    if isinstance(node, _ASSIGNMENTS):
        return _is_light(node)
    if isinstance(node, ast.For):
        return _is_light(node.iter) and all(_defines(inner) for inner in node.body)
    if isinstance(node, ast.If):
        return _is_light(node.test) and all(_defines(inner) for inner in (*node.body, *node.orelse))
    if isinstance(node, ast.Try):
        handled = [inner for handler in node.handlers for inner in handler.body]
        return all(_defines(inner) for inner in (*node.body, *handled, *node.orelse, *node.finalbody))
    return isinstance(node, ast.Pass)


def _is_light(node: ast.AST) -> bool:
    """Whether it calls nothing but constructors of arrays and the like."""
    return all(_is_light_call(call) for call in ast.walk(node) if isinstance(call, ast.Call))


def _is_light_call(call: ast.Call) -> bool:
    parts = attribute_path(call.func)
    if len(parts) == 1:
        return parts[0] in _CALLABLE
    if parts and parts[0] in _MODULES:
        return parts[-1] not in _HEAVY
    return isinstance(call.func, ast.Attribute) and call.func.attr in _METHODS
