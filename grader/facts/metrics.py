"""Metrics, and what an accuracy is: one meaning has several spellings in Keras."""

from __future__ import annotations

import re

ACCURACY = "accuracy"
LOSS = "loss"
VALIDATION = "val_"
"""What Keras puts before the name of a metric on validation data."""
VALIDATION_ACCURACY = VALIDATION + ACCURACY
VALIDATION_LOSS = VALIDATION + LOSS

OLD_NAMES = {"acc": ACCURACY, VALIDATION + "acc": VALIDATION_ACCURACY}
"""Name in histories and logs of Keras before 2.3 -> name since."""

CUSTOM = "custom"
"""The meaning of a metric that is code of the group's own: whatever it is called, its name tells nothing."""

METRIC_CLASSES = frozenset(
    """
    Accuracy CategoricalAccuracy SparseCategoricalAccuracy BinaryAccuracy TopKCategoricalAccuracy
    SparseTopKCategoricalAccuracy CategoricalCrossentropy SparseCategoricalCrossentropy BinaryCrossentropy AUC
    Precision Recall F1Score MeanSquaredError RootMeanSquaredError MeanAbsoluteError TruePositives TrueNegatives
    FalsePositives FalseNegatives
    """.split()
)
"""Classes in `keras.metrics` that their configuration tells whole."""

METRIC_NAMES = frozenset(
    """
    accuracy acc categorical_accuracy sparse_categorical_accuracy binary_accuracy top_k_categorical_accuracy
    sparse_top_k_categorical_accuracy categorical_crossentropy sparse_categorical_crossentropy
    binary_crossentropy mse mean_squared_error mae mean_absolute_error mape msle cosine_similarity kl_divergence
    poisson hinge
    """.split()
)
"""What may stand as text in `metrics=[...]` and is Keras' own."""

SPARSE_ACCURACY = "sparse_categorical_accuracy"
"""That for class numbers, which one-hot labels are not."""

OF_CLASSES = frozenset({ACCURACY, "acc", "categorical_accuracy", SPARSE_ACCURACY})
"""Spellings of the share of rows whose largest output is that of their class: what labgrade measures itself."""

BINARY_ACCURACY = "binary_accuracy"
"""An accuracy too, but of each output by itself: over several classes another number."""

_CANONICAL = {
    **dict.fromkeys({*OF_CLASSES, BINARY_ACCURACY}, ACCURACY),
    **dict.fromkeys(("top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy"), "top_k_accuracy"),
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
}
OTHER_ACCURACIES = frozenset(
    """
    top k top1 top2 top3 top5 top10 balanced binary class classes per mean avg average weighted macro micro soft fuzzy
    within tolerance pixel token sample subset exact squared
    """.split()
)
"""Words in a metric's name that make an accuracy another measure than the share of rows of the right class."""

_NAMED_ACCURACY = re.compile(r"acc(?:s|u[a-z]*)?$")
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_TITLES = {
    ACCURACY: "training accuracy",
    VALIDATION_ACCURACY: "validation accuracy",
    LOSS: "training loss",
    VALIDATION_LOSS: "validation loss",
}


def split_metric(name: str) -> tuple[str, str]:
    """(`val_` or nothing, the rest) of the name of a metric."""
    return (VALIDATION, name[len(VALIDATION) :]) if name.startswith(VALIDATION) else ("", name)


def spelling(name: str) -> str:
    """The snake-case name of a metric that is given by its name or class, `val_` and Keras' numbering left out.

    Keras numbers the metrics of models that are made one after another: `accuracy_3`.
    """
    stem = split_metric(name)[1]
    head, _, tail = stem.rpartition("_")
    stem = head if tail.isdigit() and head else stem
    return _WORDS.sub("_", stem).lower() if stem in METRIC_CLASSES else stem


def canonical_metric(name: str) -> str:
    """`accuracy` or `val_accuracy` for every spelling of an accuracy, by name or class; of other metrics their one
    name. A name that is none of Keras' stays as it is: `my_accuracy` is no accuracy, whatever it says."""
    stem = spelling(name)
    return split_metric(name)[0] + _CANONICAL.get(stem, stem)


def is_accuracy(name: str) -> bool:
    """Whether the name or class is one of an accuracy, on training or validation data."""
    return split_metric(canonical_metric(name))[1] == ACCURACY


def is_validation_accuracy(name: str) -> bool:
    """Whether the name is one of an accuracy on validation data."""
    return canonical_metric(name) == VALIDATION_ACCURACY


def is_accuracy_of_classes(name: str) -> bool:
    """Whether the name or class is an accuracy that is comparable with what labgrade measures itself."""
    return spelling(name) in OF_CLASSES


def is_keras_metric(name: str) -> bool:
    """Whether the name or class is one of a metric of Keras' own."""
    stem = spelling(name)
    return stem in METRIC_NAMES or any(spelling(known) == stem for known in METRIC_CLASSES)


def claims_accuracy(name: str) -> bool:
    """Whether a metric of whatever code is named as the accuracy: `my_accuracy`, `testAcc`, not `top5_accuracy`."""
    parts = _WORDS.sub("_", split_metric(name)[1]).lower().split("_")
    return any(_NAMED_ACCURACY.search(part) for part in parts) and not OTHER_ACCURACIES & set(parts)


def metric_title(name: str) -> str:
    """Words for a metric, such as `validation accuracy`."""
    return _TITLES.get(canonical_metric(name), name.replace("_", " "))
