"""Tables of `model.summary()`, and the losses and accuracies that a group printed itself.

Tables come in the styles of TensorFlow 1, Keras 2.4 to 2.15 and Keras 3. Their source is
`keras.utils.summary_utils.print_summary`: columns of text between rules of `_` and `=`, since Keras 3 a table of
box-drawing characters in which long names run over several lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from grader.facts.datasets import WORDS as DATASET_WORDS
from grader.facts.keras import ACCURACY, LOSS, VALIDATION
from grader.facts.languages import ACCURACY_WORDS, LOSS_WORDS, TRAINING_WORDS, VALIDATION_WORDS, words

# Tables

_NAME = re.compile(r"\s*Model:\s*[\"“]?([^\"”]{1,120})")
_TITLE = re.compile(r"[\s│┃|]*Layer \(type")
_TOTAL = re.compile(r"\s*Total params:\s*([\d,.\s]{0,20}\d)")
_ROW = re.compile(
    r"\s*(?P<name>[^\s(│]{1,80})\s+\((?P<type>\w{1,60})\)?\s*(?P<shape>\[?\([^)]{0,80}\)\]?|multiple|\?)\s+(?P<count>\d[\d,]{0,15})(?=\s|$)"
)
_BOX_TYPE = re.compile(r"\((\w{1,60})\)?\s*$")
_COUNT = re.compile(r"\d[\d,]{0,15}")
_LINES_LIMIT = 2_000
"""Lines from the head of a table in which its rows and its total stand."""


@dataclass
class Summary:
    """One table."""

    name: str = ""
    layers: list[tuple[str, str, int]] = field(default_factory=list)
    parameters: int | None = None


def summaries(lines: list[str]) -> list[tuple[int, Summary]]:
    """The tables in `lines`, each with the number of its first line."""
    found: list[tuple[int, Summary]] = []
    current: Summary | None = None
    name, name_line, opened = "", -10, 0
    box: list[str] = []
    for number, line in enumerate(lines):
        line = line[:400]
        if title := _NAME.match(line):
            name, name_line = title[1].strip(), number
        elif _TITLE.match(line):
            close = number - name_line <= 4
            current = Summary(name=name if close else "")
            opened = name_line if close else number
            found.append((opened, current))
            box = []
        elif current is not None:
            if total := _TOTAL.match(line):
                current.parameters = int(re.sub(r"\D", "", total[1]))
                current = None
            elif number - opened > _LINES_LIMIT:
                current = None
            elif "│" in line:
                box = _with_box_line(current, box, line)
            elif row := _ROW.match(line):
                current.layers.append((row["type"], row["shape"], int(row["count"].replace(",", ""))))
    return [(place, summary) for place, summary in found if summary.layers or summary.parameters is not None]


def _with_box_line(summary: Summary, box: list[str], line: str) -> list[str]:
    """The row being read with `line` added; a row is complete when its layer's class and count are known."""
    columns = [column.strip() for column in line.split("│")[1:-1]]
    if len(columns) < 3:
        return box
    begins = bool(_COUNT.match(columns[2]))
    if begins or not box:
        box = columns[:3]
    else:
        box = [f"{before}{' ' if before and after else ''}{after}" for before, after in zip(box, columns, strict=False)]
        if summary.layers and summary.layers[-1][0] == "":
            summary.layers.pop()
    count = _COUNT.match(box[2])
    kind = _BOX_TYPE.search(box[0])
    if count and (begins or kind):
        row = (kind[1] if kind else "", box[1], int(count[0].replace(",", "")))
        if begins or not summary.layers or summary.layers[-1] != row:
            summary.layers.append(row)
    return box


# Losses and accuracies

_NUMBER = re.compile(
    r"(?<![\w.,])[-+]?(?:\d{1,12}\.\d{0,20}|\.\d{1,20}|\d{1,12})(?:[eE][-+]?\d{1,3})?(?:\s?%)?(?![\w])"
)
_WORD = re.compile(r"[^\W\d_]{1,40}")
_PAIR = re.compile(
    r"(?:[^\[\](){}=]{0,60}(?=[\[(]\d{1,9}\.\d{3}[^\[\]]{0,40}\.\d{3}))?"
    r"\s*[\[(]\s*([\d.eE+-]{1,30}),?\s+([\d.eE+-]{1,30})\s*[\])]\s*$"
)

_LOSS = words(LOSS_WORDS)
_ACCURACY = words(ACCURACY_WORDS)
_VALIDATION = words(VALIDATION_WORDS)
_TRAINING = words(TRAINING_WORDS)
_PLAIN = {
    *("test", "testing", "tests", "testset", "testdata", "final", "model", "models", "the", "of", "on", "for", "our"),
    *(
        "is",
        "was",
        "and",
        "set",
        "data",
        "dataset",
        "evaluation",
        "evaluated",
        "result",
        "results",
        "baseline",
        "metric",
    ),
    *("på", "auf", "dem", "den", "sur", "le", "la", "de", "les", "en", "el", "del", "är", "ist", "est", "es", "with"),
    *(
        "dropout",
        "without",
        "no",
        "plain",
        "linear",
        "relu",
        "conv",
        "convolutional",
        "dense",
        "performance",
        "overall",
    ),
    *("avec", "sans", "ohne", "mit", "utan", "med", "con", "sin", "q", "question"),
    *DATASET_WORDS,
    *("network", "nn", "cnn", "mlp", "score", "value", "percent", "got", "we", "s"),
}
"""Anything else in a label (`maximum`, `difference`, a person's name) means that it is no plain evaluation."""


def score_in_line(line: str, evaluated: bool) -> dict[str, float]:
    """Metrics that `line` states, such as `Test loss: 0.08, Test accuracy 0.97`; accuracies as shares of 1.

    `evaluated`: the code that printed it calls `evaluate`, so that a pair of numbers in brackets is its loss and
    accuracy; behind a label both need three decimals.
    """
    if len(line) > 400:
        return {}
    if evaluated and (pair := _PAIR.match(line)):
        return _pair(pair)
    metrics: dict[str, float] = {}
    position = 0
    for number in _NUMBER.finditer(line):
        label = line[position : number.start()]
        position = number.end()
        said = {word.casefold() for word in _WORD.findall(label)}
        if said - _LOSS - _ACCURACY - _VALIDATION - _TRAINING - _PLAIN:
            # What is said of one number changes what the next ones mean: `Epoch 3, loss 0.2`.
            return metrics
        name = _metric_name(said)
        if name is None:
            continue
        value = _value(number[0], name)
        if value is not None and name not in metrics:
            metrics[name] = value
    return metrics


def _pair(pair: re.Match[str]) -> dict[str, float]:
    try:
        loss, accuracy = float(pair[1]), float(pair[2])
    except ValueError:
        return {}
    return {LOSS: loss, ACCURACY: accuracy} if loss >= 0 and 0 <= accuracy <= 1 else {}


def _metric_name(said: set[str]) -> str | None:
    loss, accuracy = said & _LOSS, said & _ACCURACY
    if bool(loss) == bool(accuracy):
        return None
    name = LOSS if loss else ACCURACY
    if said & _VALIDATION:
        return VALIDATION + name
    return f"train_{name}" if said & _TRAINING else name


def _value(number: str, name: str) -> float | None:
    value = float(number.rstrip("% "))
    if name.endswith(ACCURACY):
        if number.endswith("%") or 1 < value <= 100:
            value = round(value / 100, 12)
        return value if 0 <= value <= 1 else None
    return None if number.endswith("%") else value
