"""What the text states and nothing bears out: accuracies, losses, times, typed results."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from statistics import fmean

from grader.code.program import Program, text_of
from grader.code.syntax import callee, targets_of
from grader.criteria import Case, accuracy_text, capitalised, clipped, listed
from grader.criteria.prose import Number, numbers_in, values_in
from grader.facts.keras import BINARY_LOSS, CLASS_LOSSES, is_validation_accuracy
from grader.facts.languages import SAYS_ACCURACY, SAYS_EPOCH
from grader.observations.hand_in import HandIn
from grader.records import (
    CompileArguments,
    LoggedScore,
    LoggedTraining,
    Observation,
    Printed,
)

_ACCURACY_MARGIN = 0.001
"""By how much a logged accuracy must be better than the one stated: a difference in the fourth digit is rounding."""
_PASTED = 9
"""Decimals from which a number is no claim but an output that was pasted into the text."""

_CATEGORICAL = "categorical cross-entropy"
_BINARY = "binary cross-entropy"
_SQUARED = "mean squared error"
_WRITTEN = {
    _CATEGORICAL: re.compile(r"categorical[\s_\-]{0,3}cross[\s_\-]{0,3}entropy", re.IGNORECASE),
    _BINARY: re.compile(r"binary[\s_\-]{0,3}cross[\s_\-]{0,3}entropy", re.IGNORECASE),
    _SQUARED: re.compile(r"mean[\s_\-]{0,3}squared?[\s_\-]{0,3}error|\bmse\b", re.IGNORECASE),
}
"""Kind of a loss -> how a text names it."""
_COMPILED = {
    **dict.fromkeys(CLASS_LOSSES, _CATEGORICAL),
    BINARY_LOSS: _BINARY,
    "mean_squared_error": _SQUARED,
}
"""Loss that a model is compiled with -> its kind."""

_UNIT = re.compile(
    r"\s{0,2}(?:-\s?)?(?P<unit>ms|milliseconds?|s|secs?|seconds?|sekunder|sekunden|segundos|secondes)\b", re.IGNORECASE
)
_OTHER = re.compile(
    r"total|in all|altogether|differ|fluctuat|faster|slower|longer|shorter|more|less|sum|average|mean|increase|overall|"
    r"insgesamt|totalt|skillnad|unterschied|diferencia|différence|minutes?|estimat|expect|would|should|roughly|approx|"
    r"uppskatt|geschätzt|schätz|estim|ungefär|ungefähr|\bcirca|\bca\b|\bc:a\b|environ|aproximad|whole training",
    re.IGNORECASE,
)
"""Words of sentences on times that no log shows by itself: sums, means, comparisons, estimates."""
_EPOCH = r"(?:epoch|epok|epoche|époque|época)\b"
_ONE = (
    r"(?:(?:per|each|every|one|an|a|single|first|last|pro|je|jede|eine|varje|en|cada|por|una|chaque|par|une)"
    r"\s{1,3}|/\s?)"
)
_OF_AN_EPOCH = re.compile(rf"[^\d.;]{{0,25}}?(?<!\w){_ONE}{_EPOCH}", re.IGNORECASE)
"""Behind a time: it is that of one epoch."""
_EPOCH_TAKES = re.compile(rf"(?<!\w){_ONE}{_EPOCH}[^\d.;]{{0,40}}$", re.IGNORECASE)
"""Before a time: it is what one epoch takes."""
_SENTENCE = re.compile(r"(?<=[.?!])\s+|\n{2,}")
_STEP = re.compile(r"step|batch|steg|schritt|paso|étape", re.IGNORECASE)
_TIME_MARGIN = 0.15
"""Share by which a stated time may be off, or a second: Keras rounds to whole seconds, and so do people."""
_LONGEST = 100_000
"""Characters of an answer that are looked at: fifty pages, which nobody writes under one question."""

_RESULT = re.compile(r"acc|loss|score|result|history|träff|noggrann|genauig", re.IGNORECASE)
"""Names of lists that hold results."""
_SETTING = re.compile(
    r"rate|lr|factor|drop|lambda|l2|decay|target|goal|hinton|weight|threshold|limit|min_delta|[<>≥≤]|at least|over|"
    r"above|below|under|reach",
    re.IGNORECASE,
)
"""Names and words of what is set, or aimed at, and not found."""
_STATED = re.compile(r"(?:acc|loss)[^\d{}%]{0,40}(0[.,]\d{3,})", re.IGNORECASE)
_ARRAYS = frozenset({"array", "asarray", "list", "tuple", "Tensor"})
"""Calls that a printed array stands in."""
_LEAST = 3
"""Different numbers that a list of results holds at least: two are a range, or a shape."""
_DIGITS = 3
"""Significant digits of each: what is set is round, such as 0.001 or 0.25."""


def modest_claims(hand_in: HandIn) -> Iterator[Observation]:
    """A best validation accuracy stated, where the group's own logs in the same section show a better one."""
    for case in hand_in.cases:
        question = case.question.question
        if not any(criterion.states_accuracy for criterion in question.criteria):
            continue
        logged = _section_logs(case)
        own = [*case.saved_accuracies, *(value for value, _ in logged)]
        stated = [value for value in own if any(n.states(value, 0.0) for n in numbers_in(case.answer))]
        if not stated or not logged:
            continue
        claimed, (best, cell) = max(stated), max(logged)
        if best > claimed + _ACCURACY_MARGIN:
            yield Observation(
                kind="better_than_claimed",
                question=question.id,
                message=(
                    f"The best validation accuracy is given as {accuracy_text(claimed)}; "
                    f"the output saved under {hand_in.place(cell)} shows {accuracy_text(best)}, maybe of another model."
                ),
                proof=(
                    f"Text under {question.id}: {accuracy_text(claimed)}; "
                    f"{hand_in.place(cell)}, saved output: {accuracy_text(best)}."
                ),
            )


def _section_logs(case: Case) -> list[tuple[float, int]]:
    """(validation accuracy, cell) of every saved epoch under the questions of the same section."""
    section = [q for q in case.match.questions if q.question.written_id == case.question.question.written_id]
    cells = {cell for q in section for cell in (*q.cells, *(q.model.cells if q.model else ()))}
    return [
        (value, event.cell)
        for event in case.match.saved.events
        if isinstance(event, LoggedTraining) and event.cell in cells
        for epoch in event.epochs
        for name, value in epoch.metrics.items()
        if is_validation_accuracy(name) and math.isfinite(value)
    ]


def unfounded_numbers(hand_in: HandIn) -> Iterator[Observation]:
    """Accuracies in answers on accuracy that stand in no output, code or question.

    Only where what the question's code printed was kept: a script keeps nothing, and its report is all there is.
    """
    outputs = [output for cell in hand_in.cells for output in cell.outputs]
    if not any(output.text.strip() for output in outputs) or any("truncated" in o.text[:2000] for o in outputs):
        return
    known = _known_values(hand_in)
    for case in hand_in.cases:
        question = case.question.question
        if not SAYS_ACCURACY.search(f"{question.title} {question.asks}".casefold()) or not _has_output(case):
            continue
        loose = [n for n in numbers_in(case.answer) if _is_accuracy(n, case.answer) and not _is_known(n, known)]
        texts = list(dict.fromkeys(number.text for number in loose))
        if texts:
            yield Observation(
                kind="unfounded_number",
                question=question.id,
                message=(
                    f"{listed(texts[:5])}, given under {question.id}, may come from a run that was not kept: "
                    "no saved output shows it."
                ),
                proof=f"Text: '{clipped(_around(case.answer, loose[0]))}'; looked for in all outputs and code.",
            )


def _has_output(case: Case) -> bool:
    """Whether text is saved under a cell of the question or of its model."""
    cells = case.match.submission.cells
    own = [cells[index] for index in case.own_cells if 0 <= index < len(cells)]
    return any(output.text.strip() for cell in own for output in cell.outputs)


def _around(text: str, number: Number) -> str:
    return text[max(0, number.position - 60) : number.position + 60]


def _is_accuracy(number: Number, text: str) -> bool:
    """A share above one half or its percentage, with three digits or more, close to a word for accuracy."""
    near = text[max(0, number.position - 120) : number.position + 80].casefold()
    digits = sum(sign.isdigit() for sign in number.text.lstrip("0.,"))
    if max(number.decimals) >= _PASTED:
        return False
    share = any(0.5 < v < 1.0 and d >= 3 for v, d in zip(number.values, number.decimals, strict=True))
    return share and digits >= 3 and SAYS_ACCURACY.search(near) is not None


def _known_values(hand_in: HandIn) -> list[float]:
    """Every share that an output, the code or the rubric shows, and the means and differences made from logs."""
    texts = [output.text for cell in hand_in.cells for output in cell.outputs]
    texts += [cell.source for cell in hand_in.cells if cell.kind == "code"]
    texts += [event.text for event in hand_in.rerun.events if isinstance(event, Printed)]
    texts += [f"{q.title} {q.asks} {' '.join(q.cues)}" for q in hand_in.match.rubric.questions]
    known = [value for text in texts for value in values_in(text)]
    finals: dict[int, list[float]] = {}
    for event in hand_in.saved.events:
        if isinstance(event, LoggedTraining) and event.epochs:
            values = [v for name, v in event.epochs[-1].metrics.items() if is_validation_accuracy(name)]
            finals.setdefault(event.cell, []).extend(values)
    for values in finals.values():
        # A sweep's means go over some of the trainings of its cell, one after another.
        known += [fmean(values[i : i + n]) for n in range(2, 11) for i in range(len(values) - n + 1)]
    known += [value for t in hand_in.rerun.trainings() for values in t.history.metrics.values() for value in values]
    known += [t.test.accuracy for t in hand_in.rerun.trainings() if t.test is not None]
    return sorted(
        {round(v / scale, 8) for v in known if math.isfinite(v) for scale in (1.0, 100.0) if 0.4 < v / scale < 1.01}
    )


def _is_known(number: Number, known: list[float]) -> bool:
    for value, decimals in zip(number.values, number.decimals, strict=True):
        if not 0.5 < value < 1.0:
            continue
        # Rounding or cutting off: one unit of the last digit either way.
        if any(abs(value - other) <= 10.0**-decimals * (1.0 + 1e-6) for other in known):
            return True
    return False


def losses_in_text(hand_in: HandIn) -> Iterator[Observation]:
    """Answers that name one kind of loss alone, where models of the lab are compiled with another."""
    for case in hand_in.cases:
        named = _named_loss(case)
        if named is None:
            continue
        others = [
            (arguments.loss, cell)
            for arguments, cell in _compiled_models(hand_in)
            if arguments.loss in _COMPILED and _COMPILED[arguments.loss] != named
        ]
        if not others:
            continue
        where = hand_in.places([cell for _, cell in others])
        losses = list(dict.fromkeys(f"`{loss}`" for loss, _ in others))
        verb = "compiles" if len(where) == 1 else "compile"
        own, question = _own_sentence(case, named), case.question.question.id
        yield Observation(
            kind="loss_differs",
            question=question,
            message=(f"The answer to {question} names {named}; {listed(where)} {verb} with {listed(losses)}.{own}"),
            proof=f"Text under {question}; compile arguments when the code runs ({listed(where)}).",
        )


def _named_loss(case: Case) -> str | None:
    about = f"{case.question.question.title} {case.question.question.asks}"
    if not re.search(r"\bloss", about, re.IGNORECASE):
        return None
    named = [name for name, pattern in _WRITTEN.items() if pattern.search(case.answer[:50_000])]
    return named[0] if len(named) == 1 else None


def _compiled_models(hand_in: HandIn) -> list[tuple[CompileArguments, int]]:
    """Compile arguments, with their cell, of every model that answers a question of the lab."""
    found: dict[str, tuple[CompileArguments, int]] = {}
    for case in hand_in.cases:
        if case.model is not None and case.compiled is not None:
            found.setdefault(case.model.label, case.compiled)
    return list(found.values())


def _own_sentence(case: Case, named: str) -> str:
    """Fairness: where the model that the question is about does use the loss that the answer names."""
    own = case.compiled
    if own is None or _COMPILED.get(own[0].loss or "") != named:
        return ""
    return f" {capitalised(case.place(own[1]))} uses what the answer names."


def unfounded_times(hand_in: HandIn) -> Iterator[Observation]:
    """Seconds per epoch that no saved log shows, and milliseconds, as of a step, given as the time of an epoch.

    Only where logs with times were handed in; seconds only where half of the trainings in the code have one.
    """
    logs = [event for event in hand_in.saved.events if isinstance(event, LoggedTraining)]
    epochs = [epoch for log in logs for epoch in log.epochs]
    kept = 2 * len(logs) >= len(hand_in.fits)
    seconds = sorted({epoch.seconds for epoch in epochs if epoch.seconds is not None})
    told: set[str] = set()
    for case in hand_in.cases:
        question = case.question.question.id
        for sentence in _SENTENCE.split(case.answer[:_LONGEST]):
            loose, steps = _loose(sentence, seconds)
            loose = loose if kept else []
            if not seconds or not (loose or steps) or sentence in told:
                continue
            told.add(sentence)
            shown = listed([f"{value:g} s" for value in _spread(seconds)])
            what = f"{listed(loose)}, given under {question} as time of an epoch,"
            if loose:
                message = f"{what} may come from a run that was not kept: no saved log shows it."
            else:
                what = f"{listed(steps)}, given under {question} as time of an epoch,"
                message = f"{what} may be the time of a step: no saved log shows an epoch of milliseconds."
            yield Observation(
                kind="unfounded_time",
                question=question,
                message=message,
                proof=f"Text: '{clipped(sentence)}'; epochs in the logs handed in take {shown}.",
            )


def _spread(values: list[float]) -> list[float]:
    return values if len(values) <= 4 else [*values[:2], *values[-2:]]


def _loose(sentence: str, seconds: list[float]) -> tuple[list[str], list[str]]:
    """Seconds that no log shows, and milliseconds where every log shows epochs of a second or more."""
    if len(sentence) > 2_000 or not SAYS_EPOCH.search(sentence) or _OTHER.search(sentence):
        return [], []
    loose, steps = [], []
    for number in numbers_in(sentence):
        unit = _UNIT.match(sentence, number.position + len(number.text))
        if unit is None or number.values[-1] <= 0:
            continue
        text, value = f"{number.text} {unit['unit']}", number.values[-1]
        if unit["unit"].lower().startswith(("ms", "milli")):
            if value < 1_000 and min(seconds, default=0.0) >= 1.0 and not _STEP.search(sentence):
                steps.append(text)
        elif _is_of_an_epoch(sentence, number.position, unit.end()) and not any(
            abs(value - other) <= max(1.0, _TIME_MARGIN * other) for other in seconds
        ):
            loose.append(text)
    return list(dict.fromkeys(loose)), list(dict.fromkeys(steps))


def _is_of_an_epoch(sentence: str, start: int, end: int) -> bool:
    """Whether the time from `start` to `end` is said of one epoch: beside such a time another is often the total."""
    return bool(_EPOCH_TAKES.search(sentence[:start]) or _OF_AN_EPOCH.match(sentence, end))


def typed_results(hand_in: HandIn) -> Iterator[Observation]:
    """Lists of at least three accuracies or losses, and printed ones, that are written out in the code."""
    logged = _logged(hand_in)
    # Numbers that the lab itself gives, such as a result to compare with, are no results of the group's.
    given = " ".join(f"{q.title} {q.asks} {' '.join(q.cues)}" for q in hand_in.match.rubric.questions)
    for program in hand_in.programs:
        for cell, line, numbers, what in _typed(program, logged):
            if any(number.lstrip("0") in given for number in numbers):
                continue
            where = f"{hand_in.place(cell)}, line {line}"
            yield Observation(
                kind="typed_result",
                question=hand_in.question_of([cell]),
                message=(
                    f"{capitalised(where)}: {what} {listed(numbers[:5])} as numbers in the code; they may have been "
                    "typed in by hand, and don't change when the code runs again."
                ),
                proof=f"{where}: the numbers are constants, not read from a history or an evaluation.",
            )


def _typed(program: Program, logged: set[float]) -> Iterator[tuple[int, int, list[str], str]]:
    for step in program.steps:
        names = targets_of(step.node) if isinstance(step.node, ast.Assign) else []
        named = any(_RESULT.search(name) for name in names) and not any(_SETTING.search(name) for name in names)
        told: set[ast.AST] = set()
        # An array that stands there by itself is what a cell printed, and was taken for code on its way here.
        for part in () if _is_printed(step.node) else step.parts:
            for node in part:
                if node in told:
                    continue
                told.update(child for row in _rows(node) for child in row)
                values = _numbers(node)
                fine = [value for value in values if _digits(value) >= _DIGITS and 0.0 < value < 10.0]
                if len(set(fine)) < _LEAST or len(fine) < len(values):
                    continue
                if named or all(round(value, 4) in logged for value in fine):
                    what = f"`{names[0]}` holds" if names else "a list holds"
                    yield step.cell, step.line, [f"{value:g}" for value in fine], what
        for call in step.calls:
            for text in map(text_of, call.args if callee(call) == "print" else ()):
                stated = [number for number in _STATED.findall(text[:500]) if not _SETTING.search(text)]
                if stated:
                    yield step.cell, call.lineno, stated, "a text that is printed states"


def _is_printed(node: ast.stmt) -> bool:
    """Whether a statement is an array alone, bare or in `array(...)`: nothing is done with its numbers."""
    value = node.value if isinstance(node, ast.Expr) else None
    while isinstance(value, ast.Call) and callee(value) in _ARRAYS and value.args:
        value = value.args[0]
    return isinstance(value, ast.List | ast.Tuple | ast.Dict)


def _parts(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.List | ast.Tuple):
        return node.elts
    return node.values if isinstance(node, ast.Dict) else []


def _rows(node: ast.AST) -> list[list[ast.AST]]:
    """The rows of a table, each with all that stands in it; empty where it is none."""
    parts = _parts(node)
    return [list(ast.walk(part)) for part in parts] if any(_parts(part) for part in parts) else []


def _numbers(node: ast.AST) -> list[float]:
    """The numbers of a list, a tuple or a table's values, all written out; empty when any is not."""
    parts = [inner for part in _parts(node) for inner in (_parts(part) or [part])]
    found = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, float)]
    return found if len(found) == len(parts) else []


def _digits(value: float) -> int:
    """Significant digits as a person would write the number: 0.0001 has one, 0.9626 has four."""
    text = f"{value:.10f}".rstrip("0").replace(".", "").lstrip("0")
    return len(text)


def _logged(hand_in: HandIn) -> set[float]:
    found: set[float] = set()
    for event in hand_in.saved.events:
        if isinstance(event, LoggedTraining):
            found |= {round(value, 4) for epoch in event.epochs for value in epoch.metrics.values()}
        elif isinstance(event, LoggedScore):
            found |= {round(value, 4) for value in event.metrics.values()}
    return found
