"""Accuracies that the text states, held against what the outputs show."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import fmean

from grader.checks.metrics import plain_metric
from grader.checks.subject import own_cells
from grader.checks.texts.numbers import Number, numbers_in, values_in
from grader.checks.texts.states_number import saved_accuracies
from grader.checks.wording import accuracy_text, clipped, listed, place
from grader.records.criteria.texts import StatesNumberCriterion
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.recording import LoggedTraining, Printed
from grader.records.result import Observation

_MARGIN = 0.001
_PASTED = 9
"""Decimals from which a number is no claim but an output that was pasted into the text."""
_WORDS = ("accura", "accurac", "exactitude", "genauigkeit", "precis", "noggrannhet", "träffsäkerhet")


def modest_claims(match: Match, reference: Reference) -> Iterator[Observation]:
    """A best validation accuracy stated, where the group's own logs in the same section show a better one."""
    for question in match.questions:
        if not any(
            isinstance(c, StatesNumberCriterion) and c.of == "best_val_accuracy" for c in question.question.criteria
        ):
            continue
        logged = _section_logs(question, match)
        own = [*saved_accuracies(question, match), *(value for value, _ in logged)]
        stated = [value for value in own if any(n.states(value, 0.0) for n in numbers_in(question.answer))]
        if not stated or not logged:
            continue
        claimed, (best, cell) = max(stated), max(logged)
        if best > claimed + _MARGIN:
            yield Observation(
                kind="better_than_claimed",
                question=question.question.id,
                message=(
                    f"The best validation accuracy is given as {accuracy_text(claimed)}; "
                    f"the output saved under {place(match, cell)} shows {accuracy_text(best)}, maybe of another model."
                ),
                proof=(
                    f"Text under {question.question.id}: {accuracy_text(claimed)}; "
                    f"{place(match, cell)}, saved output: {accuracy_text(best)}."
                ),
            )


def _section_logs(question: QuestionMatch, match: Match) -> list[tuple[float, int]]:
    """(validation accuracy, cell) of every saved epoch under the questions of the same section."""
    section = [q for q in match.questions if q.question.written_id == question.question.written_id]
    cells = {cell for q in section for cell in (*q.cells, *(q.model.cells if q.model else ()))}
    return [
        (value, event.cell)
        for event in match.saved.events
        if isinstance(event, LoggedTraining) and event.cell in cells
        for epoch in event.epochs
        for name, value in epoch.metrics.items()
        if plain_metric(name) == "val_accuracy" and math.isfinite(value)
    ]


def unfounded_numbers(match: Match, reference: Reference) -> Iterator[Observation]:
    """Accuracies in answers on accuracy that stand in no output, code or question.

    Only where what the question's code printed was kept: a script keeps nothing, and its report is all there is.
    """
    outputs = [output for cell in match.submission.cells for output in cell.outputs]
    if not any(output.text.strip() for output in outputs) or any("truncated" in o.text[:2000] for o in outputs):
        return
    known = _known_values(match)
    for question in match.questions:
        about = f"{question.question.title} {question.question.asks}".casefold()
        if not any(word in about for word in _WORDS) or not _has_output(question, match):
            continue
        loose = [n for n in numbers_in(question.answer) if _is_accuracy(n, question.answer) and not _is_known(n, known)]
        texts = list(dict.fromkeys(number.text for number in loose))
        if texts:
            yield Observation(
                kind="unfounded_number",
                question=question.question.id,
                message=(
                    f"{listed(texts[:5])}, given under {question.question.id}, may come from a run that was not kept: "
                    "no saved output shows it."
                ),
                proof=f"Text: '{clipped(_around(question.answer, loose[0]))}'; looked for in all outputs and code.",
            )


def _has_output(question: QuestionMatch, match: Match) -> bool:
    """Whether text is saved under a cell of the question or of its model."""
    cells = match.submission.cells
    own = [cells[index] for index in own_cells(question) if 0 <= index < len(cells)]
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
    return share and digits >= 3 and any(word in near for word in _WORDS)


def _known_values(match: Match) -> list[float]:
    """Every share that an output, the code or the rubric shows, and the means and differences made from logs."""
    texts = [output.text for cell in match.submission.cells for output in cell.outputs]
    texts += [cell.source for cell in match.submission.cells if cell.kind == "code"]
    texts += [event.text for event in match.rerun.events if isinstance(event, Printed)]
    texts += [f"{q.title} {q.asks} {' '.join(q.cues)}" for q in match.rubric.questions]
    known = [value for text in texts for value in values_in(text)]
    finals: dict[int, list[float]] = {}
    for event in match.saved.events:
        if isinstance(event, LoggedTraining) and event.epochs:
            values = [v for name, v in event.epochs[-1].metrics.items() if plain_metric(name) == "val_accuracy"]
            finals.setdefault(event.cell, []).extend(values)
    for values in finals.values():
        # A sweep's means go over some of the trainings of its cell, one after another.
        known += [fmean(values[i : i + n]) for n in range(2, 11) for i in range(len(values) - n + 1)]
    known += [value for t in match.rerun.trainings() for values in t.history.metrics.values() for value in values]
    known += [t.test.accuracy for t in match.rerun.trainings() if t.test is not None]
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
