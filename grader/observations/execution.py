"""How the code ran, and whether it would elsewhere or again.

Failures, repetitions, an order that is not the file's, names that nothing makes; paths of one machine, randomness
without a seed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import pairwise

from grader.code.data_flow import EarlyUse, early_uses
from grader.code.program import Program
from grader.code.syntax import callee
from grader.criteria import capitalised, clipped, counted, listed
from grader.criteria.losses import cause_of, failures_of, roots_of
from grader.observations.hand_in import HandIn
from grader.records import Cell, CellFailed, Observation

_MOST_FAILURES = 10
"""Cells that are named one by one: of more, the first ones tell what is wrong."""
_LEAST_LINES = 3
"""Lines of a cell whose repetition says anything: a shorter one is a call that is made twice on purpose."""
_MAKES = re.compile(r"Sequential\s*\(|Model\s*\(|load_data\s*\(|\.add\s*\(")

_PRINTED = frozenset({"array", "tensor", "Tensor", "dict", "Index", "Series", "DataFrame", "dtype", "float32"})
"""Calls as which arrays and tables are printed, without the name of a library before them."""
_MOST_NAMES = 8
"""Names that are told: where more are missing, a whole cell is."""
_BRINGS_NAMES = re.compile(r"^[ \t]*%(?:pylab|run|load|store|macro|loadpy|capture)\b|^%%capture", re.MULTILINE)
"""Magics that may make any name."""

_ABSOLUTE = re.compile(
    r"(?:[A-Za-z]:[\\/]{1,2}[\w. -]|/(?:home|Users|mnt|media|content/drive|kaggle|Volumes)/\w|~[\\/]\w|\\\\\w+\\\w)"
)
"""Begins a path that exists on one machine alone."""
_MOST_PATHS = 4
"""Paths that one sentence names."""

_SEEDED = re.compile(
    r"\bseed\s*\(|set_seed|set_random_seed|manual_seed|random_state\s*=|default_rng\s*\(\s*[\w]|RandomState\s*\(\s*[\w]|"
    r"\bseed\s*=|PRNGKey|PYTHONHASHSEED"
)
_DRAWS = re.compile(r"(?:np|numpy|tf|tensorflow|random)(?:\.random)?\.\w{1,40}$")
_DRAWING = frozenset(
    "rand randn random randint normal uniform choice choices sample shuffle permutation standard_normal random_sample "
    "integers randrange".split()
)
"""Functions that draw at random."""


def failed_cells(hand_in: HandIn) -> Iterator[Observation]:
    """Cells that stopped with an error in the rerun, and errors stored in the saved outputs.

    A cell that only misses what an earlier failed cell would have made is named as a consequence. What needs a machine
    or a library that is not here, or was damaged in a document, is nobody's fault and a note of the run. Names that
    nothing above makes are told by `early_names`.
    """
    failures = failures_of(hand_in.rerun.events)
    roots = roots_of(failures)
    early = {(use.cell, use.name) for program in hand_in.programs for use in early_uses(program.steps)}
    failed = [
        failure
        for failure in failures
        if missing_name(roots[failure.seq]) not in hand_in.names_in_prose
        and cause_of(roots[failure.seq], hand_in.cells) == "code"
        and (failure.cell, missing_name(failure)) not in early
    ]
    followed = [failure for failure in failed if roots[failure.seq] is not failure]
    own = [event for event in failed if event not in followed]
    for event in own[:_MOST_FAILURES]:
        where = hand_in.place(event.cell)
        line = f", line {event.line}" if event.line else ""
        yield Observation(
            kind="failed_cell",
            question=hand_in.question_of([event.cell]),
            message=f"{capitalised(where)} stopped with {event.error} when the code was run again.",
            proof=f"{where}{line}: {event.error}: {clipped(event.message)}",
        )
    if len(own) > _MOST_FAILURES:
        more = counted(len(own) - _MOST_FAILURES, "more cell")
        yield Observation(
            kind="failed_cell",
            question=None,
            message=f"{more} stopped with an error.",
            proof=listed([hand_in.place(event.cell) for event in own[_MOST_FAILURES:]]),
        )
    if followed:
        where = listed(hand_in.places([event.cell for event in followed[:_MOST_FAILURES]]))
        lost = [missing_name(event) for event in followed[:_MOST_FAILURES]]
        names = listed(list(dict.fromkeys(f"`{name}`" for name in lost if name))) or "what they need"
        yield Observation(
            kind="failed_after_failure",
            question=None,
            message=f"{capitalised(where)} stopped in consequence: {names} would have been made by cells that failed.",
            proof=f"{listed(sorted({event.error for event in followed}))} in the rerun of {where}.",
        )
    yield from _saved_errors(hand_in)


def missing_name(failure: CellFailed) -> str:
    """The name that a NameError is about, else empty."""
    named = re.match(r"(?:name|free variable|cannot access local variable) '(\w{1,200})'", failure.message)
    return named[1] if named and failure.error in ("NameError", "UnboundLocalError") else ""


def _saved_errors(hand_in: HandIn) -> Iterator[Observation]:
    for cell in hand_in.cells:
        error = next((output for output in cell.outputs if output.kind == "error"), None)
        if error is not None:
            lines = [line for line in error.text.splitlines() if line.strip()]
            yield Observation(
                kind="saved_error",
                question=hand_in.question_of([cell.index]),
                message=f"An error is stored in the output of {hand_in.place(cell.index)}.",
                proof=f"{hand_in.place(cell.index)}: {clipped(lines[-1] if lines else 'error without a text')}",
            )


def repeated_cells(hand_in: HandIn) -> Iterator[Observation]:
    """Code cells with the same text that make or load something, three lines at least. The same plot twice is habit."""
    groups: dict[str, list[int]] = {}
    for cell in hand_in.cells:
        lines = [line.strip() for line in cell.source.splitlines() if line.strip()]
        if cell.runs and len(lines) >= _LEAST_LINES and _MAKES.search(cell.source):
            groups.setdefault("\n".join(lines), []).append(cell.index)
    for text, cells in groups.items():
        if len(cells) > 1:
            where = listed([hand_in.place(cell) for cell in cells[:_MOST_FAILURES]])
            yield Observation(
                kind="repeated_cell",
                question=hand_in.question_of(cells),
                message=f"{capitalised(where)} hold the same code.",
                proof=f"{counted(len(text.splitlines()), 'line')} each, equal but for indentation.",
            )


def decreasing_counts(hand_in: HandIn) -> Iterator[Observation]:
    """Execution counts that fall or repeat: the saved outputs may come from another order than the file's."""
    for name in hand_in.match.submission.files:
        counts = [(c.index, c.execution_count) for c in hand_in.cells if c.file == name and c.execution_count]
        falls = [(a, b) for a, b in pairwise(counts) if (b[1] or 0) <= (a[1] or 0)]
        if not falls:
            continue
        shown = [f"{hand_in.place(a[0])} [{a[1]}] before {hand_in.place(b[0])} [{b[1]}]" for a, b in falls[:3]]
        yield Observation(
            kind="execution_order",
            question=None,
            message=(
                "The cells were not run from top to bottom in one go, so some saved outputs may come from an earlier "
                f"state of the code ({counted(len(falls), 'place')})."
            ),
            proof=f"Execution counts: {'; '.join(shown)}.",
        )


def early_names(hand_in: HandIn) -> Iterator[Observation]:
    """Names used above what makes them, or that nothing makes. Not where saved execution counts explain it."""
    found = 0
    for program in hand_in.programs:
        if any(_BRINGS_NAMES.search(cell.source) for cell in hand_in.cells if cell.file == program.file):
            continue
        given = hand_in.words_outside(program.file, program.unread)
        for use in early_uses(program.steps, given):
            if found >= _MOST_NAMES or _is_explained(use, hand_in) or _may_be_torn(use, program, hand_in):
                continue
            if _may_be_output(use, program, hand_in):
                continue
            found += 1
            yield _observation(use, program, hand_in)


def _is_explained(use: EarlyUse, hand_in: HandIn) -> bool:
    """Whether the rerun had the name after all, or the saved counts tell of an order in which it existed."""
    if hand_in.has_run(use.cell) and not hand_in.failures_in(use.cell):
        return True
    ran = hand_in.cells[use.cell].execution_count
    counts = [hand_in.cells[cell].execution_count for cell in use.defined_in if cell != use.cell]
    return ran is not None and any(count is not None and count < ran for count in counts)


def _may_be_torn(use: EarlyUse, program: Program, hand_in: HandIn) -> bool:
    """Whether the name may be a piece of another one: on the way through a document names are torn and misread."""
    if use.defined_in or not hand_in.is_fragment(program.file):
        return False
    others = {name.id for step in program.steps for name in step.names}
    others -= {use.name}
    return any(o.startswith(use.name) or o.endswith(use.name) for o in others) or bool(
        get_close_matches(use.name, sorted(others), n=1, cutoff=0.8)
    )


def _may_be_output(use: EarlyUse, program: Program, hand_in: HandIn) -> bool:
    """Whether the name may stand in what a cell printed: in a document it is told from code by its look alone."""
    if not hand_in.is_fragment(program.file):
        return False
    there = [step.node for step in program.steps if step.cell == use.cell and step.line <= use.line]
    node = there[-1] if there else None
    if not isinstance(node, ast.Expr | ast.AnnAssign):
        return False
    value = node.value
    return not isinstance(value, ast.Call) or callee(value) in _PRINTED


def _observation(use: EarlyUse, program: Program, hand_in: HandIn) -> Observation:
    where = f"{hand_in.place(use.cell)}, line {use.line}"
    # What a saved output shows did run once: the cells may have been run in another order, or one was deleted.
    ran_once = _shows_success(hand_in.cells[use.cell])
    if use.defined_in:
        later = hand_in.place(use.defined_in[0])
        made = f"{later} makes it first" if later != hand_in.place(use.cell) else "it is made further down"
        message = f"{capitalised(where)}, uses `{use.name}` before it exists: {made}."
        message += " The cells may have been run in another order." if ran_once else ""
    else:
        part = " of the code that could be read" if hand_in.is_fragment(program.file) else " of the code handed in"
        message = f"{capitalised(where)}, uses `{use.name}`, which no part{part} makes."
        lost = "It may stand where the document does not show it." if hand_in.is_fragment(program.file) else ""
        message += f" {lost or 'The cell that made it may have been deleted.'}" if lost or ran_once else ""
    failed = [f for f in hand_in.failures_in(use.cell) if f.error == "NameError" and f"'{use.name}'" in f.message]
    proof = f"`{use.name}` is read there; looked for in every statement above it."
    if failed:
        proof += f" The rerun stopped there with NameError: {failed[0].message[:120]}"
    return Observation(
        kind="name_before_definition" if use.defined_in else "undefined_name",
        question=hand_in.question_of([use.cell]),
        message=message,
        proof=proof,
    )


def _shows_success(cell: Cell) -> bool:
    return bool(cell.outputs) and all(output.kind != "error" for output in cell.outputs)


def absolute_paths(hand_in: HandIn) -> Iterator[Observation]:
    """Once per submission: strings in the code that are paths of the group's own machine or drive."""
    found: dict[str, int] = {}
    for program in hand_in.programs:
        for step in program.steps:
            # A docstring, or a string that stands alone, is a remark.
            if isinstance(step.node, ast.Expr) and isinstance(step.node.value, ast.Constant):
                continue
            for part in step.parts:
                for node in part:
                    text = node.value if isinstance(node, ast.Constant) else None
                    if isinstance(text, str) and len(text) < 400 and "\n" not in text and _ABSOLUTE.match(text):
                        found.setdefault(text, step.cell)
    if found:
        shown = [f"'{clipped(text, 80)}' ({hand_in.place(cell)})" for text, cell in list(found.items())[:_MOST_PATHS]]
        more = f" and {len(found) - _MOST_PATHS} more" if len(found) > _MOST_PATHS else ""
        yield Observation(
            kind="absolute_path",
            question=hand_in.question_of(list(found.values())[:1]),
            message=f"The code uses paths that exist on one machine or in one account alone: {listed(shown)}{more}.",
            proof="Strings in the code that begin with a drive, a home folder or a mounted drive.",
        )


def unseeded(hand_in: HandIn) -> Iterator[Observation]:
    """Once per submission: trainings and random draws, and nowhere a seed."""
    if _SEEDED.search(hand_in.code_text):
        return
    fits = hand_in.fits
    drawing = [step.cell for program in hand_in.programs for step in program.steps if any(map(_draws, step.calls))]
    if not fits and not drawing:
        return
    where = hand_in.places(drawing)
    what = [*(["the start of every training"] if fits else []), *([f"what {listed(where)} draws"] if where else [])]
    yield Observation(
        kind="unseeded",
        question=None,
        message=f"No random seed is set: {listed(what)} is another in every run, and so are the numbers that follow.",
        proof="Looked in all code for `seed`, `set_random_seed`, `random_state`, `default_rng(...)` and their kin.",
    )


def _draws(call: ast.Call) -> bool:
    return callee(call) in _DRAWING and bool(_DRAWS.search(ast.unparse(call.func)))
