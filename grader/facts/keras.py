"""What Keras calls things, and what they do: layers by their roles, what a model is trained with, and metrics.

Layers bear the names of `keras.layers` in Keras 3. A layer stands in the role that tells most of it, so that the roles
up to `CODE` share no name; the sets after them are made of these. Losses, optimizers, schedules and callbacks come with
their other names; of metrics one meaning has several spellings, the accuracy most of all.
"""

from __future__ import annotations

import re

INPUT = frozenset({"InputLayer"})

RESHAPING = frozenset({"Flatten", "Reshape", "Permute", "RepeatVector"})
"""Rearrange or repeat numbers and change none."""

RESIZING = frozenset(
    """
    Resizing CenterCrop Cropping1D Cropping2D Cropping3D UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D
    ZeroPadding2D ZeroPadding3D
    """.split()
)
"""Change how many numbers there are, and keep their range."""

SCALING = frozenset({"Rescaling", "Normalization"})
"""Bring numbers into another range by constants that stand before the training."""

ADAPTING = frozenset({"Normalization"})
"""Learn their constants from data, by `adapt`, before the training."""

NORMALISING = frozenset({"BatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization"})
"""Bring numbers into one range by the statistics of the numbers themselves."""

MOVING = frozenset({"RandomCrop", "RandomFlip", "RandomTranslation", "RandomRotation", "RandomZoom"})
"""Augmentation that moves pixels about and keeps their range."""

TONING = frozenset({"RandomContrast", "RandomBrightness"})
"""Augmentation that makes pixels brighter or darker, within their range."""

DROPPING = frozenset(
    """
    Dropout AlphaDropout GaussianDropout GaussianNoise SpatialDropout1D SpatialDropout2D SpatialDropout3D
    """.split()
)
"""Disturb what they are given while a model is trained, and do nothing afterwards."""

PENALISING = frozenset({"ActivityRegularization"})
"""Add to the loss alone."""

PASSING = frozenset({"Masking", "Identity"})
"""Hand on what they are given."""

DENSE = frozenset({"Dense", "EinsumDense"})

CONVOLUTION = frozenset(
    """
    Conv1D Conv2D Conv3D SeparableConv1D SeparableConv2D Conv1DTranspose Conv2DTranspose Conv3DTranspose
    """.split()
)

DEPTHWISE = frozenset({"DepthwiseConv1D", "DepthwiseConv2D"})
"""Convolve each channel by itself, so that they have no number of filters."""

POOLING = frozenset(
    """
    MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D GlobalMaxPooling1D
    GlobalMaxPooling2D GlobalMaxPooling3D GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D
    """.split()
)

RECURRENT = frozenset({"SimpleRNN", "LSTM", "GRU"})

CELLS = frozenset({"SimpleRNNCell", "LSTMCell", "GRUCell", "StackedRNNCells"})
"""One step of a recurrent layer."""

ATTENTION = frozenset({"MultiHeadAttention", "Attention", "AdditiveAttention"})

EMBEDDING = frozenset({"Embedding"})

ENCODING = frozenset({"CategoryEncoding"})
"""Turn class numbers into rows of zeros and ones."""

WRAPPING = frozenset({"RNN", "Bidirectional", "TimeDistributed", "SpectralNormalization"})
"""Hold another layer or a cell, which does the work."""

ACTIVATION_LAYERS = {
    "ReLU": "relu",
    "Softmax": "softmax",
    "LeakyReLU": "leaky_relu",
    "ELU": "elu",
    "PReLU": "prelu",
}
"""Layers that are an activation -> the activation."""

ACTIVATING = frozenset({"Activation", *ACTIVATION_LAYERS})

BROADCASTING = frozenset({"Average", "Maximum", "Minimum", "Add", "Subtract", "Multiply"})
"""Join several tensors number by number."""

MERGING = BROADCASTING | {"Concatenate", "Dot"}

CODE = frozenset({"Lambda", "TorchModuleWrapper", "FlaxLayer", "JaxLayer", "TFSMLayer"})
"""Hold code, or a graph from a file: what they do cannot be read from their configuration."""

STANDARD = frozenset[str]().union(
    *(INPUT, RESHAPING, RESIZING, SCALING, NORMALISING, MOVING, TONING, DROPPING, PENALISING, PASSING, DENSE),
    *(CONVOLUTION, DEPTHWISE, POOLING, RECURRENT, CELLS, ATTENTION, EMBEDDING, ENCODING, WRAPPING, ACTIVATING, MERGING),
)
"""Layers that their configuration tells whole, without code, files or tables of words: the trainer builds these and no
others. Another name here changes what is trained on the host: it needs its costs in `grader/training` too."""

MODELS = frozenset({"Sequential", "Functional"})
"""Kinds of models that their configuration tells whole."""

ALIASES = {
    **{f"MaxPool{n}D": f"MaxPooling{n}D" for n in (1, 2, 3)},
    **{f"AvgPool{n}D": f"AveragePooling{n}D" for n in (1, 2, 3)},
    **{f"Convolution{n}D": f"Conv{n}D" for n in (1, 2, 3)},
}
"""Second names in `keras.layers` -> class names."""

INPUT_SHAPING = INPUT | SCALING | {"Flatten", "Reshape"}
"""Bring the input into the form that a network wants: two networks that differ in these alone are the same design."""

SHAPING = INPUT | {"Flatten"}
"""Layers that a printed summary may leave out, as the input may be given flat or by an argument."""

AUGMENTING = MOVING | TONING

INACTIVE = DROPPING | AUGMENTING | PENALISING
"""Do nothing when a trained model is asked."""

WEIGHTED = DENSE | CONVOLUTION | DEPTHWISE | RECURRENT | EMBEDDING | ATTENTION
"""Multiply what they are given by weights of their own."""

KEEPING_SHAPE = (
    (ACTIVATING - {"PReLU"})
    | PASSING
    | DROPPING
    | PENALISING
    | TONING
    | (MOVING - {"RandomCrop"})
    | {
        "UnitNormalization",
        "Rescaling",
    }
)
"""Without weights, and with an output of the input's shape."""

SETTINGS: dict[str, tuple[str, ...]] = {
    "Dense": ("units", "activation"),
    "Conv2D": ("filters", "kernel_size", "strides", "padding", "activation"),
    "Conv1D": ("filters", "kernel_size", "strides", "padding", "activation"),
    "MaxPooling2D": ("pool_size", "strides", "padding"),
    "AveragePooling2D": ("pool_size", "strides", "padding"),
    "Dropout": ("rate",),
    "SpatialDropout2D": ("rate",),
    "LSTM": ("units", "activation"),
    "GRU": ("units", "activation"),
}
"""Layer -> the arguments that make two of its kind another design."""

ARITHMETIC = frozenset({"TrueDivide", "Divide", "Multiply", "Add", "Subtract"})
"""Operations (`keras.ops`) with one number, as `inputs / 255` makes them in a functional model."""

CASTING = frozenset({"Cast", "ExpandDims", "Squeeze", "Transpose"})
"""Operations that change a tensor's type or form and none of its values."""

KEEPING_RANGE = INPUT | RESHAPING | RESIZING | AUGMENTING | DROPPING | PENALISING | PASSING | POOLING | CASTING
"""Hand on pixels in the range in which they came, as far as it matters for training."""

LOSSES = {
    "categorical_crossentropy": "CategoricalCrossentropy",
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
    "binary_crossentropy": "BinaryCrossentropy",
    "categorical_focal_crossentropy": "CategoricalFocalCrossentropy",
    "binary_focal_crossentropy": "BinaryFocalCrossentropy",
    "mean_squared_error": "MeanSquaredError",
    "mean_absolute_error": "MeanAbsoluteError",
    "mean_absolute_percentage_error": "MeanAbsolutePercentageError",
    "mean_squared_logarithmic_error": "MeanSquaredLogarithmicError",
    "kl_divergence": "KLDivergence",
    "poisson": "Poisson",
    "hinge": "Hinge",
    "squared_hinge": "SquaredHinge",
    "categorical_hinge": "CategoricalHinge",
    "huber": "Huber",
    "log_cosh": "LogCosh",
    "cosine_similarity": "CosineSimilarity",
}
"""Snake-case name -> class in `keras.losses`."""

LOSS_ALIASES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "kld": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence",
    "bce": "binary_crossentropy",
    "logcosh": "log_cosh",
}
"""Other spelling -> snake-case name."""


def canonical_loss(name: str) -> str:
    """A loss by its one name: `mse`, `MSE` and `MeanSquaredError` are `mean_squared_error`. Other names stay."""
    plain = name.lower().replace("keras.losses.", "").removeprefix("tf.")
    plain = LOSS_ALIASES.get(plain, plain)
    return next((known for known, of_class in LOSSES.items() if plain in (known, of_class.lower())), name)


LOSS_OPTIONS = frozenset({"from_logits", "label_smoothing", "delta", "alpha", "gamma", "apply_class_balancing"})
"""Arguments of losses that change what is minimised."""

DISTANCES = frozenset(
    """
    mean_squared_error mean_absolute_error mean_absolute_percentage_error mean_squared_logarithmic_error huber log_cosh
    """.split()
)
"""Losses that measure how far numbers lie from numbers."""

ONE_HOT_LOSS = "categorical_crossentropy"
SPARSE_LOSS = "sparse_categorical_crossentropy"
BINARY_LOSS = "binary_crossentropy"
"""Cross-entropy for one-hot labels, for class numbers, and for each output by itself."""

CLASS_LOSSES = frozenset({ONE_HOT_LOSS, SPARSE_LOSS})
"""The same number, for labels in two forms: the probability of the right class."""

DIVERGENCES = frozenset({"kl_divergence", *(alias for alias, name in LOSS_ALIASES.items() if name == "kl_divergence")})
"""Spellings of the Kullback-Leibler divergence, which for one-hot labels is the cross-entropy."""

OPTIMIZERS = frozenset(
    """
    SGD RMSprop Adam AdamW Adadelta Adagrad Adamax Adafactor Nadam Ftrl Lion Lamb Muon
    """.split()
)
"""Class names in `keras.optimizers`."""

OLD_OPTIMIZERS = ("SGD", "RMSprop", "Adam", "AdamW", "Adadelta", "Adagrad", "Adamax", "Nadam", "Ftrl")
"""Those of Keras 2, whose arguments had other names (`lr`, `decay`), and which `optimizers.legacy` held."""

LOWER_CASE_OPTIMIZERS = {name.lower(): name for name in ("SGD", "RMSprop", "Adam", "Adadelta", "Adagrad")}
"""Names that old versions of Keras also gave as modules or functions, such as `optimizers.adam`."""

SCHEDULES = frozenset(
    """
    ExponentialDecay InverseTimeDecay PiecewiseConstantDecay PolynomialDecay CosineDecay CosineDecayRestarts
    """.split()
)
"""Learning rates by step, in `keras.optimizers.schedules`."""

STOPPING, REDUCING, CHECKPOINTING = "EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint"
RATES, SCHEDULING, TERMINATING = "LearningRates", "LearningRateScheduler", "TerminateOnNaN"

CALLBACKS: dict[str, tuple[str, ...]] = {
    STOPPING: (
        *("monitor", "min_delta", "patience", "mode", "baseline"),
        *("restore_best_weights", "start_from_epoch"),
    ),
    REDUCING: ("monitor", "factor", "patience", "mode", "min_delta", "cooldown", "min_lr"),
    RATES: ("rates",),
    TERMINATING: (),
}
"""Callbacks that their arguments tell whole -> those arguments. `LearningRates` is labgrade's own: a scheduler whose
rates were worked out beforehand, one per epoch."""

WATCHING_CALLBACKS = ("History", "ProgbarLogger", "BaseLogger", "CSVLogger", "TensorBoard")
"""Callbacks that write down what happens and change nothing."""

CHOOSING_CALLBACKS = {
    STOPPING: "early stopping",
    REDUCING: "the learning rate",
    CHECKPOINTING: "the kept weights",
}
"""Callbacks that may stop or choose by a metric -> what that metric then decides on."""

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
