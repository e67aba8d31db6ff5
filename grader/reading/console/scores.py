"""Losses and accuracies that a group printed itself."""

from __future__ import annotations

import re

_NUMBER = re.compile(
    r"(?<![\w.,])[-+]?(?:\d{1,12}\.\d{0,20}|\.\d{1,20}|\d{1,12})(?:[eE][-+]?\d{1,3})?(?:\s?%)?(?![\w])"
)
_WORD = re.compile(r"[^\W\d_]{1,40}")
_PAIR = re.compile(
    r"(?:[^\[\](){}=]{0,60}(?=[\[(]\d{1,9}\.\d{3}[^\[\]]{0,40}\.\d{3}))?"
    r"\s*[\[(]\s*([\d.eE+-]{1,30}),?\s+([\d.eE+-]{1,30})\s*[\])]\s*$"
)

_LOSS = {"loss", "losses", "förlust", "verlust", "perte", "pérdida", "perdida"}
_ACCURACY = {
    *("accuracy", "acc", "noggrannhet", "träffsäkerhet", "genauigkeit", "exactitude", "précision"),
    *("exactitud", "precisión", "precision"),
}
_VALIDATION = {"val", "validation", "validering", "validierung", "validación"}
_TRAINING = {"train", "training", "träning", "entraînement", "entrenamiento"}
# Anything else in a label (`maximum`, `difference`, a person's name) means that it is no plain evaluation.
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
    *("mnist", "cifar", "network", "nn", "cnn", "mlp", "score", "value", "percent", "got", "we", "s"),
}


def printed_score(line: str, evaluated: bool) -> dict[str, float]:
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
        words = {word.casefold() for word in _WORD.findall(label)}
        if words - _LOSS - _ACCURACY - _VALIDATION - _TRAINING - _PLAIN:
            # What is said of one number changes what the next ones mean: `Epoch 3, loss 0.2`.
            return metrics
        name = _metric_name(words)
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
    return {"loss": loss, "accuracy": accuracy} if loss >= 0 and 0 <= accuracy <= 1 else {}


def _metric_name(words: set[str]) -> str | None:
    loss, accuracy = words & _LOSS, words & _ACCURACY
    if bool(loss) == bool(accuracy):
        return None
    name = "loss" if loss else "accuracy"
    if words & _VALIDATION:
        return f"val_{name}"
    return f"train_{name}" if words & _TRAINING else name


def _value(number: str, name: str) -> float | None:
    value = float(number.rstrip("% "))
    if name.endswith("accuracy"):
        if number.endswith("%") or 1 < value <= 100:
            value = round(value / 100, 12)
        return value if 0 <= value <= 1 else None
    return None if number.endswith("%") else value
