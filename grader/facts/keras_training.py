"""What a model is trained with in Keras: losses, optimizers, schedules, callbacks, and their other names."""

from __future__ import annotations

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

LOSS_OPTIONS = frozenset({"from_logits", "label_smoothing", "delta", "alpha", "gamma", "apply_class_balancing"})
"""Arguments of losses that change what is minimised."""

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
