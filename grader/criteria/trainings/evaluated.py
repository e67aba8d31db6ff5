"""The criterion `evaluated`: loss and accuracy of the right model on the right data, and shown."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from pydantic import JsonValue

from grader.criteria import AboutAModel, Case, Seen, clipped
from grader.criteria.prose import numbers_in
from grader.facts.keras import ACCURACY, OTHER_ACCURACIES, VALIDATION_ACCURACY, canonical_metric
from grader.facts.languages import SAYS_ACCURACY
from grader.records import Evaluated, LoggedScore, Mistake, Predicted, Reason, Score, Subject, Trained, Verdict

_SAME = 0.002
"""Difference between what the code gives and labgrade's own measurement that arithmetic explains: 20 of 10,000 images,
of which batches of another size turn a handful. What differs by more is of other weights, other rows or another
metric."""
_OF_AN_EPOCH = 0.02
"""Difference between the test accuracy of a checkpoint and the validation accuracy of its epoch: none where both are
of the test images, else two standard errors of 0.9 on the 1,000 rows that a quick run validates on. Chance is far
away."""
_WRONG_DATA = 0.5
"""Share for an evaluation on other data than those asked for: half of the task was done."""
_PART_OF_DATA = 0.75
"""Share for an evaluation on a part of the test images: the right data, but its value is less sure."""
_NOT_SHOWN = 0.5
"""Share of what an evaluation is worth where nobody can read its values."""
_ROUNDED = 1e-4
"""Deviation of a printed number from the value that it shows: four decimals, as Keras prints them, cut or rounded."""
_MOST_STATED = 4
"""Numbers of an answer that a sentence names: loss and accuracy on two sets of data."""
_QUOTED = 120
"""Characters that are quoted of a line with a score: one line of a report."""
_DECIMAL = re.compile(r"\d[.,]\d")

_EVALUATES = (
    "{place:capital} evaluates it on {rows} {split:choose train=training images|test=test images|mixed=mixed images}"
)
_IMAGES = "{wanted:choose train=training|test=test} images"


@dataclass(frozen=True)
class _OnData:
    """What the data of an evaluation are worth, and how that is said."""

    share: float | None
    """Of the points; `None`: it cannot be told, so a person decides."""
    code: str
    values: Mapping[str, JsonValue]


class EvaluatedCriterion(AboutAModel):
    """Loss and accuracy of the right model on the right data, and shown."""

    title: ClassVar[str] = "Evaluation"
    about: ClassVar[Subject] = "training"
    beside_curves: ClassVar[bool] = True
    mistakes: ClassVar[frozenset[Mistake]] = frozenset({"evaluation", "not_printed"})
    sentences: ClassVar[Mapping[str, str]] = {
        "evaluates": f"{_EVALUATES}: {{metrics:scores}}.",
        "evaluates_on_other_data": f"{_EVALUATES}, where the {_IMAGES} were asked for: {{metrics:scores}}.",
        "evaluates_on_a_part": f"{_EVALUATES}, not on all {{whole}}: {{metrics:scores}}.",
        "evaluates_on_unknown_data": (
            "{place:capital} evaluates it on {rows} images that labgrade does not recognise: {metrics:scores}."
        ),
        "measured_otherwise": "Labgrade measured an accuracy of {accuracy:score} itself.",
        "own_metric_as_accuracy": (
            "`{metric}`, a metric of your own, is shown as the accuracy, which labgrade measured as {accuracy:score}."
        ),
        "not_shown": "But neither loss nor accuracy is shown.",
        "from_predictions": (
            "{place:capital} prints {number}, worked out from predictions on the test set; "
            "labgrade measured {accuracy:score}."
        ),
        "by_hand": (
            "{place:capital} asks the model about test images, and {number} is printed; "
            "labgrade could not measure this model itself."
        ),
        "another_model": "{place:capital} evaluates `{model}`.",
        "own_model_not_evaluated": "This question's own model is not evaluated.",
        "not_seen": "No evaluation of this question's model was seen in the rerun.",
        "saved_score": "{place:capital} has “{text}” in what was handed in.",
        "stated": "The answer states {numbers:list}.",
    }

    kind: Literal["evaluated"] = "evaluated"
    on: Literal["test", "train"] = "test"

    def judge(self, case: Case) -> Verdict:
        """`evaluate` of the question's own trained model on the data asked for, and its values shown.

        A text, a saved output or a print shows them. Accuracy worked out from predictions on the test set is as good.
        """
        case = case.about(self.model)
        own = _evaluations(case)
        if own:
            best = max(own, key=lambda event: (_worth(self._on_data(event, case)), event.seq))
            return self._judge_evaluation(best, case)
        by_predictions = self._judge_predictions(case) if self.on == "test" else None
        if by_predictions is not None:
            return by_predictions
        stated, another = self._stated(case), self._another_model(case)
        evidence = case.places(case.cells)
        if another and not stated:
            return self.graded(0.0, *another, self.because("own_model_not_evaluated"), evidence=evidence)
        if stated and case.hindrance(self.about) is None:
            return self.review(*another, *stated, self.because("not_seen"), evidence=evidence)
        return self.missing(case, "evaluation of the trained model", *stated)

    @classmethod
    def propose(cls, seen: Seen) -> Iterator[Self]:
        """Where the model is evaluated: on the test set, and on its training rows."""
        if seen.happens("evaluated"):
            yield cls(points=1)
            yield cls(points=1, on="train")

    # An evaluation by `evaluate`

    def _judge_evaluation(self, event: Evaluated, case: Case) -> Verdict:
        on, evidence = self._on_data(event, case), case.places([event.cell])
        reasons = [self.because(on.code, place=case.place(event.cell), metrics=_values(event), **on.values)]
        if on.share is None:
            return self.review(*reasons, evidence=evidence)
        measured = self._comparable(event, on.share, case)
        contradiction = self._contradiction(event, measured, case) if measured is not None else None
        if measured is not None and contradiction is not None:
            said, value = contradiction
            return self.review(*reasons, said, observed=_plain(value), expected=measured.accuracy, evidence=evidence)
        share = on.share
        if not _is_shown(event, case):
            share *= _NOT_SHOWN
            reasons.append(self.because("not_shown"))
        observed: JsonValue = {name: _plain(value) for name, value in sorted(event.metrics.items())}
        return self.graded(share, *reasons, observed=observed, expected={"on": self.on}, evidence=evidence)

    def _on_data(self, event: Evaluated, case: Case) -> _OnData:
        """What the data that it was evaluated on are worth."""
        data = event.data
        if data.split == "unknown":
            return _OnData(None, "evaluates_on_unknown_data", {"rows": data.rows})
        values: dict[str, JsonValue] = {"rows": data.rows, "split": data.split}
        if data.split != self.on:
            return _OnData(_WRONG_DATA, "evaluates_on_other_data", {**values, "wanted": self.on})
        whole = max((one.test.rows for one in case.match.rerun.trainings() if one.test), default=data.rows)
        if self.on == "test" and data.rows < whole:
            return _OnData(_PART_OF_DATA, "evaluates_on_a_part", {**values, "whole": whole})
        return _OnData(1.0, "evaluates", values)

    def _comparable(self, event: Evaluated, share: float, case: Case) -> Score | None:
        """Labgrade's own measurement of what was evaluated; `None` where it has none."""
        # Where labgrade repeated this very evaluation, that stands above the score of the model's last training.
        if event.measured is not None or share < 1.0 or self.on != "test":
            return event.measured
        return case.score

    def _contradiction(self, event: Evaluated, measured: Score, case: Case) -> tuple[Reason, float] | None:
        """A reason on a value that labgrade's own measurement contradicts, and that value; `None` where none is."""
        accuracy, claimed = _finite(measured.accuracy), event.claimed_accuracy
        if claimed is not None and _differs(claimed, event, measured):
            return self.because("measured_otherwise", accuracy=accuracy), claimed
        for metric, value in _passed_off(event, measured, case):
            return self.because("own_metric_as_accuracy", metric=metric, accuracy=accuracy), value
        return None

    # An evaluation by `predict`

    def _judge_predictions(self, case: Case) -> Verdict | None:
        """The verdict on an accuracy that was worked out from predictions; `None` where there is none."""
        model, score = case.model, case.score
        if model is None:
            return None
        if score is None:
            return self._by_hand(case)
        for event in _asked_on_all(case, score.rows):
            for text in case.texts():
                if text.saved or text.cell < event.cell:
                    continue
                for number in numbers_in(text.text):
                    if max(number.decimals) >= 3 and number.states(score.accuracy, _ROUNDED):
                        where, accuracy = case.place(text.cell), _finite(score.accuracy)
                        said = self.because("from_predictions", place=where, number=number.text, accuracy=accuracy)
                        return self.graded(1.0, said, evidence=case.places([text.cell]))
        return None

    def _by_hand(self, case: Case) -> Verdict | None:
        """Where a model that labgrade could not measure is asked about the test set, and a value is printed."""
        for event in case.match.rerun.events:
            if not isinstance(event, Predicted) or not _is_of_model(event, case) or event.data.split != "test":
                continue
            texts = [text for text in case.texts([event.cell, *case.cells]) if not text.saved]
            printed = [number for text in texts if text.cell >= event.cell for number in numbers_in(text.text)]
            shown = [number for number in printed if max(number.decimals) >= 2]
            if shown:
                said = self.because("by_hand", place=case.place(event.cell), number=shown[0].text)
                return self.review(said, evidence=case.places([event.cell]))
        return None

    # What else is there

    def _stated(self, case: Case) -> tuple[Reason, ...]:
        """One reason on values that the saved outputs or the answer give; empty when there are none."""
        cells = case.cells or case.own_cells
        for event in case.match.saved.events:
            if isinstance(event, LoggedScore) and event.cell in cells:
                text = clipped(event.text, _QUOTED)
                return (self.because("saved_score", place=case.place(event.cell), text=text),)
        texts = [number.text for number in numbers_in(case.answer) if max(number.decimals) >= 2]
        numbers: list[JsonValue] = list(dict.fromkeys(texts))
        return (self.because("stated", numbers=numbers[:_MOST_STATED]),) if numbers else ()

    def _another_model(self, case: Case) -> tuple[Reason, ...]:
        """One reason on another model that is evaluated under this question; empty when there is none."""
        if not case.all_trainings:
            return ()
        for event in case.match.rerun.events:
            if isinstance(event, Evaluated) and event.cell in case.cells:
                owner = next((other for other in case.others if event.model in other.models), None)
                if owner is not None and event.trained in owner.trainings:
                    return (self.because("another_model", place=case.place(event.cell), model=owner.label),)
        return ()


def _differs(value: float, event: Evaluated, measured: Score) -> bool:
    """Whether `value` is another accuracy than the `measured` one."""
    # Of an evaluation that was repeated on some of its rows, the event knows how far chance reaches.
    return not (event.agrees(value) if event.measured is not None else abs(value - measured.accuracy) <= _SAME)


def _passed_off(event: Evaluated, measured: Score, case: Case) -> Iterator[tuple[str, float]]:
    """Metrics of the group's own code whose value a print or the answer calls the accuracy, which it is not."""
    texts = [text.text for text in case.texts() if text.cell >= event.cell and not text.saved]
    lines = [line for text in (*texts, case.answer) for line in text.splitlines() if SAYS_ACCURACY.search(line)]
    for name, value in event.own_values.items():
        wrong = math.isfinite(value) and _differs(value, event, measured)
        if wrong and any(_calls_accuracy(line, name, value) for line in lines):
            yield name, value


def _calls_accuracy(line: str, metric: str, value: float) -> bool:
    """Whether `line` gives `value` as the accuracy, in other words than the name of the metric itself."""
    words = line.replace(metric, " ")
    other = OTHER_ACCURACIES & set(re.findall(r"[a-z]+\d*", words.lower()))
    stated = (number for number in numbers_in(words) if max(number.decimals) >= 2)
    return bool(SAYS_ACCURACY.search(words)) and not other and any(number.states(value, _ROUNDED) for number in stated)


def _values(event: Evaluated) -> dict[str, JsonValue]:
    """The metrics of `event` by their plain names, in order; a name that is taken keeps its own spelling."""
    found: dict[str, JsonValue] = {}
    for name, value in sorted(event.metrics.items()):
        found[name if canonical_metric(name) in found else canonical_metric(name)] = _finite(value)
    return found


def _worth(on: _OnData) -> float:
    """For the order: data that cannot be told come last."""
    return -1.0 if on.share is None else on.share


def _is_of_model(event: Evaluated | Predicted, case: Case) -> bool:
    """Whether it asks the question's model, with the weights of one of its trainings or of an epoch of them."""
    model = case.model
    if model is None or event.model not in model.models:
        return False
    if event.trained is None and isinstance(event, Evaluated):
        return _is_of_an_epoch(event, case.all_trainings)
    return event.trained in model.trainings


def _is_of_an_epoch(event: Evaluated, trainings: tuple[Trained, ...]) -> bool:
    """Whether the host's own measurement is what an epoch of a training before it reached: of a best checkpoint.

    An untrained network, or one with weights from elsewhere, reaches something else.
    """
    if event.measured is None or "accuracy" not in event.measured.metrics:
        return False
    before = [training.history.metrics for training in trainings if training.seq < event.seq]
    reached = [value for metrics in before for value in metrics.get(VALIDATION_ACCURACY, metrics.get(ACCURACY, ()))]
    return any(abs(value - event.measured.accuracy) <= _OF_AN_EPOCH for value in reached)


def _evaluations(case: Case) -> list[Evaluated]:
    """Evaluations of the question's model with the weights of one of its trainings."""
    events = case.match.rerun.events
    return [event for event in events if isinstance(event, Evaluated) and _is_of_model(event, case)]


def _is_shown(event: Evaluated, case: Case) -> bool:
    """Whether a value stands in the answer, in a saved output, or in what the code prints from there on."""
    if _DECIMAL.search(case.answer):
        return True
    cells = {*case.own_cells, event.cell}
    if any(isinstance(logged, LoggedScore) and logged.cell in cells for logged in case.match.saved.events):
        return True
    values = [value for value in event.metrics.values() if math.isfinite(value)]
    return any(
        number.states(value, _ROUNDED)
        for text in case.texts()
        if text.cell >= event.cell and not text.saved
        for number in numbers_in(text.text)
        if number.decimals[0] >= 1
        for value in values
    )


def _asked_on_all(case: Case, rows: int) -> list[Predicted]:
    """The first prediction of each cell that asks for all `rows` of the test set, at once or in parts."""
    cells: dict[int, list[Predicted]] = {}
    models = case.model.models if case.model is not None else ()
    for event in case.match.rerun.events:
        if isinstance(event, Predicted) and event.model in models and event.data.split == "test":
            cells.setdefault(event.cell, []).append(event)
    return [
        asked[0]
        for asked in cells.values()
        if any(event.data.rows == rows for event in asked) or sum(event.data.rows for event in asked) == rows
    ]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _plain(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None
