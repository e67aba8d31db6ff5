"""The criterion on a number that the answer must state."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from grader.checks.metrics import plain_metric, values_of
from grader.checks.subject import (
    architecture_of,
    hindrance,
    is_reduced,
    missing,
    others_of,
    own_cells,
    saved_logs,
    saved_summaries,
)
from grader.checks.texts.numbers import Number, numbers_in
from grader.checks.verdicts import errored, graded, review
from grader.checks.wording import listed, place, places
from grader.records.criteria.texts import StatesNumberCriterion
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.recording import LoggedTraining, Printed
from grader.records.result import Verdict

_PROGRESS = re.compile(r"s/step|/sample|ETA:|\[=+|val_loss|━|Epoch \d")
"""A line of a training log: it states nothing by itself."""
_MOST_TEXT = 50_000
_FEW = 3


@dataclass(frozen=True)
class _Statement:
    """A text that may state a number, and where it stands."""

    text: str
    where: str


def check_states_number(
    criterion: StatesNumberCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict:
    """States a number

    In the answer or in what the question's cells print; English and continental spellings, shares and percentages. What
    the group's own saved outputs say is as good as what the rerun says.
    """
    targets = _targets(criterion, question, match)
    statements = _statements(question, match)
    is_share = criterion.of == "best_val_accuracy"
    for target, whose in targets:
        for statement in statements:
            number = _stating(statement.text, target, criterion.tolerance, is_share)
            if number is not None:
                said = f"{_written(target)} is stated{statement.where}{whose}."
                return graded(
                    criterion, 1.0, said, observed=target, expected=target, evidence=places(match, question.cells)
                )
    if not targets:
        return missing(criterion, question, match, "model to compare the number with", _stated_anything(statements, []))
    elsewhere = _elsewhere(targets, question, match)
    if elsewhere is not None:
        said = f"{_written(targets[0][0])} is stated in {elsewhere}, though not under this question."
        return graded(criterion, 1.0, said, observed=targets[0][0], expected=targets[0][0], evidence=(elsewhere,))
    return _not_stated(criterion, question, match, targets, statements)


def _targets(criterion: StatesNumberCriterion, question: QuestionMatch, match: Match) -> list[tuple[float, str]]:
    """The numbers of which one must be stated, and the testimony that each comes from."""
    if criterion.equals is not None:
        return [(criterion.equals, "")]
    if criterion.of == "parameters":
        architecture = architecture_of(question, match)
        found = [(architecture.parameters, ", as the model has")] if architecture and architecture.parameters else []
        found += [
            (s.parameters, ", as your saved summary shows") for s in saved_summaries(question, match) if s.parameters
        ]
        return [(float(value), whose) for value, whose in found]
    return [
        *((value, ", as your saved outputs show") for value in saved_accuracies(question, match)),
        *((value, ", as the rerun shows") for value in _rerun_accuracies(question, match)),
    ]


def saved_accuracies(question: QuestionMatch, match: Match) -> list[float]:
    """Best and final validation accuracy of the question's model, then of every saved log under the question."""
    logs = list(saved_logs(question, match))
    logs += [
        e for e in match.saved.events if isinstance(e, LoggedTraining) and e.cell in question.cells and e not in logs
    ]
    series = [
        [value for epoch in log.epochs for name, value in epoch.metrics.items() if plain_metric(name) == "val_accuracy"]
        for log in logs
    ]
    best = [max(values) for values in series if values]
    return list(dict.fromkeys([*best, *(values[-1] for values in series if values)]))


def _rerun_accuracies(question: QuestionMatch, match: Match) -> list[float]:
    found: list[float] = []
    for training in match.trainings(question.model):
        values = [v for v in values_of(training.history, "val_accuracy") or () if math.isfinite(v)]
        # Of a history that only the group's own process stands for, a number proves nothing.
        if values and training.vouched:
            found += [max(values), values[-1]]
    return list(dict.fromkeys(found))


def _statements(question: QuestionMatch, match: Match) -> list[_Statement]:
    """The answer, then what the question's cells print, saved and rerun, without lines of training logs."""
    found = [_Statement(question.answer, "")]
    cells = _printing_cells(question, match)
    for cell in cells:
        if 0 <= cell < len(match.submission.cells):
            saved = "\n".join(output.text[:_MOST_TEXT] for output in match.submission.cells[cell].outputs)
            found.append(_Statement(_without_progress(saved), f" in the output of {place(match, cell)}"))
    found += [
        _Statement(_without_progress(event.text[:_MOST_TEXT]), f" in what {place(match, event.cell)} prints")
        for event in match.rerun.events
        if isinstance(event, Printed) and event.cell in cells
    ]
    # Of questions that share a section, a number may have gone to the neighbour that asks about the same model.
    found += [
        _Statement(other.answer, f" under {other.question.id}")
        for other in match.questions
        if other is not question and other.model is not None and other.model == question.model
        if other.question.written_id == question.question.written_id
    ]
    return found


def _printing_cells(question: QuestionMatch, match: Match) -> tuple[int, ...]:
    """The question's cells; for an accuracy none that are another model's, and its own model's where no answer is."""
    if question.model is None or not any(
        isinstance(c, StatesNumberCriterion) and c.of == "best_val_accuracy" for c in question.question.criteria
    ):
        return question.cells
    own = set(question.model.cells)
    others = {cell for model in others_of(match, question.model) for cell in model.cells} - own
    # A number that is written down stands: what the model's cells print beside it does not replace it.
    cells = set(question.cells) - own if _names_a_share(question.answer) else own | set(question.cells)
    return tuple(sorted(cell for cell in cells if cell not in others))


def _names_a_share(answer: str) -> bool:
    """Whether a number in `answer` can be an accuracy: a share or a percentage with two decimals or more."""
    return any(
        decimals >= 2 and (0.5 < value <= 1.0 or 50.0 < value <= 100.0)
        for number in numbers_in(answer)
        for value, decimals in zip(number.values, number.decimals, strict=True)
    )


def _without_progress(text: str) -> str:
    return "\n".join(line for line in re.split(r"[\r\n\b]+", text) if not _PROGRESS.search(line))


def _stating(text: str, target: float, tolerance: float, is_share: bool) -> Number | None:
    for number in numbers_in(text):
        if number.states(target, tolerance):
            return number
        # `92.05` without a sign of percentage is one all the same, where an accuracy is asked for.
        if is_share and any(1.0 < value <= 100.0 for value in number.values):
            as_share = Number(
                number.text, tuple(v / 100.0 for v in number.values), tuple(d + 2 for d in number.decimals), 0
            )
            if as_share.states(target, tolerance) and as_share.decimals[0] > 2:
                return number
    return None


def _elsewhere(targets: list[tuple[float, str]], question: QuestionMatch, match: Match) -> str | None:
    """Where else a number stands that is too long to be there by chance (five digits or more)."""
    own = own_cells(question)
    for target, _ in targets:
        if not float(target).is_integer() or abs(target) < 10_000:
            continue
        for cell in match.submission.cells:
            if cell.index not in own and _stating(cell.source, target, 0.0, False):
                return place(match, cell.index)
    return None


def _shown(targets: list[tuple[float, str]], match: Match) -> str | None:
    """The cell whose output shows a number that is too long to be there by chance."""
    for target, _ in targets:
        if not float(target).is_integer() or abs(target) < 10_000:
            continue
        for cell in match.submission.cells:
            if any(_stating(_without_progress(o.text[:_MOST_TEXT]), target, 0.0, False) for o in cell.outputs):
                return place(match, cell.index)
    return None


def _stated_anything(statements: list[_Statement], targets: list[tuple[float, str]]) -> str:
    """What the answer states: of many numbers those nearest to what is asked for, in the order of the text."""
    numbers = numbers_in(statements[0].text)
    if not numbers:
        return ""
    wanted = [value for value, _ in targets]
    nearest = sorted(numbers, key=lambda number: _distance(number, wanted))[:_FEW] if wanted else numbers[:_FEW]
    shown = [number.text for number in numbers if number in nearest]
    return f"Your answer states {listed(list(dict.fromkeys(shown)))}."


def _distance(number: Number, targets: list[float]) -> float:
    """How far `number` is from the nearest target, as a share of the larger of the two."""
    return min(abs(v - t) / max(abs(v), abs(t), 1e-12) for v in number.values for t in targets)


def _not_stated(
    criterion: StatesNumberCriterion,
    question: QuestionMatch,
    match: Match,
    targets: list[tuple[float, str]],
    statements: list[_Statement],
) -> Verdict:
    evidence = places(match, question.cells)
    wanted = listed([_written(value) for value in dict.fromkeys(value for value, _ in targets)][:3], "or")
    stated = _stated_anything(statements, targets)
    if not any(statement.text.strip() for statement in statements):
        said = f"No answer was found under this id ({wanted} was looked for). It may stand elsewhere: a person decides."
        return review(criterion, said, expected=targets[0][0], evidence=evidence)
    # Another seed, or less data, gives another accuracy: only the group's own log can contradict its number.
    own_word = criterion.of != "best_val_accuracy" or bool(saved_accuracies(question, match))
    if stated and not own_word:
        less = " with less data than you had" if is_reduced(match) else ""
        said = (
            f"{stated} No log of yours was handed in to compare with; the rerun{less} gives {wanted}. A person decides."
        )
        return review(criterion, said, expected=targets[0][0], evidence=evidence)
    long = [value for n in numbers_in(statements[0].text) for value in n.values if value >= 1_000]
    shown = None if long else _shown(targets, match)
    if shown is not None:
        said = f"{wanted} is not stated under this question, but the output of {shown} shows it. A person decides."
        return review(criterion, said, expected=targets[0][0], evidence=(shown,))
    stopped = hindrance(question, match)
    if criterion.of is not None and match.rerun.outcome.status != "not run" and stopped is not None and stopped.limit:
        # What the rerun would have given was never seen: the saved outputs alone contradict nobody.
        return errored(criterion, f"{stopped.explanation} {stated}".strip(), evidence=evidence)
    said = f"{stated} {wanted} was looked for." if stated else f"No number is stated; {wanted} was looked for."
    return graded(criterion, 0.0, said, expected=targets[0][0], evidence=evidence)


def _written(value: float) -> str:
    return f"{int(value):,}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.4f}".rstrip("0")
