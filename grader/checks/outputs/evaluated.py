"""The criterion on loss and accuracy: of the right model, on the right data, and shown."""

from __future__ import annotations

import math
import re

from pydantic import JsonValue

from grader.checks.evidence import about, score_of, texts_of
from grader.checks.metrics import plain_metric
from grader.checks.subject import hindrance, missing, others_of, own_cells
from grader.checks.texts.numbers import numbers_in
from grader.checks.verdicts import graded, review
from grader.checks.wording import accuracy_text, capitalised, clipped, listed, place, places
from grader.records.criteria.outputs import EvaluatedCriterion
from grader.records.match import Match, ModelMatch, QuestionMatch, Reference
from grader.records.recording import Evaluated, LoggedScore, Predicted
from grader.records.result import Verdict

_SAME = 0.002
"""Difference between the group's word and labgrade's own measurement that rounding explains."""
_WRONG_DATA = 0.5
_PART_OF_DATA = 0.75
_NOT_SHOWN = 0.5
_DECIMAL = re.compile(r"\d[.,]\d")


def check_evaluated(
    criterion: EvaluatedCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict:
    """Evaluated

    `evaluate` of the question's own trained model on the data asked for, with its values shown in a text, a saved
    output or a print. Accuracy worked out from predictions on the test set is as good.
    """
    question = about(question, match, criterion.model)
    own = _own(question, match)
    if own:
        best = max(own, key=lambda event: (_data_share(event, criterion, match)[0], event.seq))
        return _judged(best, criterion, question, match)
    predicted = _from_predictions(question, match) if criterion.on == "test" else None
    if predicted is not None:
        return graded(criterion, 1.0, predicted[0], evidence=places(match, [predicted[1]]))
    unmeasured = _by_hand(question, match) if criterion.on == "test" else None
    if unmeasured is not None:
        return review(criterion, unmeasured[0], evidence=places(match, [unmeasured[1]]))
    stated = _stated(question, match)
    stranger = _stranger(question, match)
    if stranger and not stated:
        said = f"{stranger} This question's own model is not evaluated."
        return graded(criterion, 0.0, said, evidence=places(match, question.cells))
    if stated and hindrance(question, match) is None:
        said = f"{stranger} {stated} No evaluation of this question's model was seen in the rerun. A person decides."
        return review(criterion, said.strip(), evidence=places(match, question.cells))
    return missing(criterion, question, match, "evaluation of the trained model", stated)


def _own(question: QuestionMatch, match: Match) -> list[Evaluated]:
    """Evaluations of the question's model with the weights of one of its trainings."""
    model = question.model
    if model is None:
        return []
    events = [event for event in match.rerun.events if isinstance(event, Evaluated) and event.model in model.models]
    return [event for event in events if event.trained in model.trainings]


def _judged(event: Evaluated, criterion: EvaluatedCriterion, question: QuestionMatch, match: Match) -> Verdict:
    share, on = _data_share(event, criterion, match)
    values = ", ".join(f"{plain_metric(name)} {value:.4f}" for name, value in sorted(event.metrics.items()))
    said = f"{capitalised(place(match, event.cell))} evaluates it {on}: {values or 'no values'}."
    measured, claimed = score_of(question.model, match), _accuracy(event)
    evidence = places(match, [event.cell])
    if share < 0.0:
        return review(criterion, f"{said} A person decides.", evidence=evidence)
    comparable = share == 1.0 and criterion.on == "test"
    differs = measured is not None and claimed is not None and not abs(claimed - measured.accuracy) <= _SAME
    if event.measured is not None:
        # Labgrade repeated this very evaluation: that stands above the score of the model's last training.
        measured, comparable, differs = event.measured, True, event.disputed
    if comparable and differs and measured is not None and claimed is not None:
        said += f" Labgrade measured an accuracy of {accuracy_text(measured.accuracy)} itself. A person decides."
        return review(criterion, said, observed=_plain(claimed), expected=measured.accuracy, evidence=evidence)
    if not _is_shown(event, question, match):
        share *= _NOT_SHOWN
        said += " But neither loss nor accuracy is shown."
    observed: JsonValue = {name: _plain(value) for name, value in sorted(event.metrics.items())}
    expected: JsonValue = {"on": criterion.on}
    return graded(criterion, share, said, observed=observed, expected=expected, evidence=evidence)


def _plain(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None


def _accuracy(event: Evaluated) -> float | None:
    return next((value for name, value in event.metrics.items() if "acc" in name), None)


def _data_share(event: Evaluated, criterion: EvaluatedCriterion, match: Match) -> tuple[float, str]:
    """The share for the data it was evaluated on (negative: cannot be told), and words for them."""
    data = event.data
    words = {"train": "training", "test": "test", "mixed": "mixed"}
    if data.split == "unknown":
        return -1.0, f"on {data.rows:,} images that labgrade does not recognise"
    on = f"on {data.rows:,} {words[data.split]} images"
    if data.split != criterion.on:
        return _WRONG_DATA, f"{on}, where the {words[criterion.on]} images were asked for"
    whole = max((training.test.rows for training in match.rerun.trainings() if training.test), default=data.rows)
    if criterion.on == "test" and data.rows < whole:
        return _PART_OF_DATA, f"{on}, not on all {whole:,}"
    return 1.0, on


def _is_shown(event: Evaluated, question: QuestionMatch, match: Match) -> bool:
    """Whether a value stands in the answer, in a saved output, or in what the code prints from there on."""
    if _DECIMAL.search(question.answer):
        return True
    cells = own_cells(question)
    if any(isinstance(logged, LoggedScore) and logged.cell in {*cells, event.cell} for logged in match.saved.events):
        return True
    values = [value for value in event.metrics.values() if math.isfinite(value)]
    return any(
        number.states(value, 1e-4)
        for text in texts_of(match)
        if text.cell >= event.cell and not text.saved
        for number in numbers_in(text.text)
        if number.decimals[0] >= 1
        for value in values
    )


def _from_predictions(question: QuestionMatch, match: Match) -> tuple[str, int] | None:
    """A printed accuracy that the host's own measurement confirms, where the model predicted on the test set."""
    model, score = question.model, score_of(question.model, match)
    if model is None or score is None:
        return None
    for event in _asked_on_all(match, model, score.rows):
        for text in texts_of(match):
            if text.saved or text.cell < event.cell:
                continue
            for number in numbers_in(text.text):
                if max(number.decimals) >= 3 and number.states(score.accuracy, 1e-4):
                    where = place(match, text.cell)
                    said = f"{capitalised(where)} prints {number.text}, worked out from predictions on the test set; "
                    return f"{said}labgrade measured {accuracy_text(score.accuracy)}.", text.cell
    return None


def _by_hand(question: QuestionMatch, match: Match) -> tuple[str, int] | None:
    """A value printed where a model that labgrade could not measure is asked about the test set."""
    model = question.model
    if model is None or score_of(model, match) is not None:
        return None
    for event in match.rerun.events:
        if not isinstance(event, Predicted) or event.model not in model.models or event.trained not in model.trainings:
            continue
        texts = [text for text in texts_of(match, [event.cell, *question.cells]) if not text.saved]
        shown = [n for text in texts if text.cell >= event.cell for n in numbers_in(text.text) if max(n.decimals) >= 2]
        if event.data.split == "test" and shown:
            where = place(match, event.cell)
            said = f"{capitalised(where)} asks the model about test images, and {shown[0].text} is printed; "
            return f"{said}labgrade could not measure this model itself. A person decides.", event.cell
    return None


def _asked_on_all(match: Match, model: ModelMatch, rows: int) -> list[Predicted]:
    """The first prediction of each cell that asks for all `rows` of the test set, at once or in parts."""
    cells: dict[int, list[Predicted]] = {}
    for event in match.rerun.events:
        if isinstance(event, Predicted) and event.model in model.models and event.data.split == "test":
            cells.setdefault(event.cell, []).append(event)
    return [
        asked[0]
        for asked in cells.values()
        if any(event.data.rows == rows for event in asked) or sum(event.data.rows for event in asked) == rows
    ]


def _stated(question: QuestionMatch, match: Match) -> str:
    """One sentence on values that the saved outputs or the answer give; empty when there are none."""
    cells = own_cells(question) if not question.cells else frozenset(question.cells)
    for event in match.saved.events:
        if isinstance(event, LoggedScore) and event.cell in cells:
            return f"{capitalised(place(match, event.cell))} has “{clipped(event.text, 120)}” in what was handed in."
    numbers = [number.text for number in numbers_in(question.answer) if max(number.decimals) >= 2]
    return f"The answer states {listed(list(dict.fromkeys(numbers))[:4])}." if numbers else ""


def _stranger(question: QuestionMatch, match: Match) -> str:
    """One sentence on another model that is evaluated under this question; empty when there is none."""
    if not match.trainings(question.model):
        return ""
    others = others_of(match, question.model)
    for event in match.rerun.events:
        if isinstance(event, Evaluated) and event.cell in question.cells:
            owner = next((other for other in others if event.model in other.models), None)
            if owner is not None and event.trained in owner.trainings:
                return f"{capitalised(place(match, event.cell))} evaluates `{owner.label}`."
    return ""
