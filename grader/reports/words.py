"""Numbers and states put into words, in one place, so that every part of a report says them alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from grader.records.result import Effort, Status
from grader.reports.text import line


class StatusWords(NamedTuple):
    """A status as a report shows it."""

    sign: str
    """A shape that differs from the others without colour."""
    word: str
    meaning: str


STATUSES: dict[Status, StatusWords] = {
    "passed": StatusWords("●", "met", "met in full"),
    "partial": StatusWords("◐", "partly met", "met in part"),
    "failed": StatusWords("○", "not met", "not met"),
    "review": StatusWords("◇", "awaits the teacher", "a person decides; the points are open"),
    "errored": StatusWords("△", "could not be checked", "labgrade could not check it; the teacher decides"),
    "skipped": StatusWords("–", "not checked", "not checked, as what it rests on is missing"),
}

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_CRITERIA = {
    "architecture": "Architecture",
    "parameters": "Parameters",
    "compiled": "Loss and optimizer",
    "trained": "Training",
    "accuracy": "Test accuracy",
    "console_log": "Training log",
    "history_plot": "History plot",
    "sweep": "Sweep",
    "error_bar_plot": "Plot with error bars",
    "states_number": "Number stated",
    "image_grid": "Grid of images",
    "evaluated": "Evaluation",
    "prediction": "Predictions",
    "summary_shown": "Summary",
    "scaled": "Scaled input",
    "single_image": "Image of one's own",
    "written": "Written answer",
    "function": "Function",
}

_OBSERVATIONS = {
    "stale_log": "Log of another version",
    "stale_batch_size": "Log of another batch size",
    "accuracy_not_reached": "Accuracy not reached again",
    "run_before": "Cells run before",
    "execution_order": "Order of execution",
    "name_before_definition": "Name used before it exists",
    "undefined_name": "Name that nothing makes",
    "failed_after_failure": "Failed in consequence",
    "saved_error": "Error in a saved output",
    "other_model_evaluated": "Another model evaluated",
    "other_model_plotted": "Another model plotted",
    "reloaded_data": "Data loaded anew",
    "counts_contradict": "Counts contradict the accuracy",
    "trained_on_test": "Trained on the test set",
    "validation_on_test": "Validation on the test set",
    "chosen_on_test": "Chosen on the test set",
    "loss_mismatch": "Loss and output do not fit",
    "loss_differs": "Loss differs from the text",
    "unfounded_number": "Number without a source",
    "unfounded_time": "Time without a source",
    "typed_result": "Result written into the code",
    "decay_missing": "Weight decay missing",
    "unseeded": "No random seed",
    "absolute_path": "Path of one machine",
}

_EFFORTS: dict[Effort, str] = {
    "quick": "quick: trained on a tenth of the rows given to fit, validated on a fifth; all epochs, all test rows",
    "full": "full: every training on all the rows that you gave it",
}


def points(value: float) -> str:
    """Points without needless decimals: `2`, `1.5`, `0.33`."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if math.isfinite(value) else "?"


def points_noun(value: float) -> str:
    """`1 point`, `1.5 points`."""
    return f"{points(value)} {'point' if points(value) == '1' else 'points'}"


def count(value: int | None) -> str:
    """`55,050`; a dash when unknown."""
    return "–" if value is None else f"{value:,}"


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """`1 epoch`, `10 epochs`."""
    return f"{count(number)} {singular if number == 1 else plural or singular + 's'}"


def score(value: float) -> str:
    """An accuracy or a loss to 4 decimals; large and tiny values in scientific notation."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "infinite" if value > 0 else "minus infinite"
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e4 else f"{value:.3g}"


def setting(value: float) -> str:
    """A learning rate or a regularisation factor, as a person writes it: `0.1`, `0.000001`."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else score(value)
    if 1e-6 <= abs(value) < 1e6:
        return format(Decimal(f"{value:.4g}").normalize(), "f")
    return f"{value:g}"


def seconds(value: float) -> str:
    """`0.4 s`, `74 s`, `12 min 5 s`."""
    if not math.isfinite(value) or value < 0:
        return "–"
    if value < 0.1:
        return f"{value * 1000:.0f} ms"
    if value < 10:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes * 60 + rest} s" if minutes < 2 else f"{minutes} min {rest} s"


def day(value: date) -> str:
    """`21 November 2026`, whatever the machine's locale."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def listed(items: Sequence[str], word: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {word} {items[-1]}" if items else ""


def awaits(value: float) -> str:
    """`1 awaits`, `2 await`."""
    return f"{points(value)} {'awaits' if value <= 1 else 'await'}"


def criterion_title(kind: str) -> str:
    """The name of a criterion as a report heads it."""
    return _CRITERIA.get(kind) or line(kind, 40).replace("_", " ").capitalize()


def observation_title(kind: str) -> str:
    """The name of an observation as a report heads it."""
    return _OBSERVATIONS.get(kind) or line(kind, 60).replace("_", " ").capitalize()


def effort(value: Effort) -> str:
    """What an effort means, for a reader who has never heard of it."""
    return _EFFORTS[value]


def underscored(name: str) -> str:
    """`categorical cross-entropy` for `categorical_crossentropy`."""
    return line(name, 60).replace("crossentropy", "cross-entropy").replace("_", " ")
