"""Arguments of Keras 1 and 2 that have other names or none in Keras 3: owner -> old name -> name today.

An owner is a class of `keras.layers` and its like, a function, or a method of `Model`. The names of Keras 1 are those
that Keras 2 converted by itself (`keras/legacy/interfaces.py` of 2.2.4); the rest was found by comparing signatures.
"""

from __future__ import annotations

from grader.facts.versions.difference import Difference

Renamed = dict[str, str]

_WEIGHTS: Renamed = {
    "init": "kernel_initializer",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "bias": "use_bias",
}
_IMAGES: Renamed = {"dim_ordering": "data_format"}
_SLIDING: Renamed = {"border_mode": "padding"}
_CONVOLUTION: Renamed = {"nb_filter": "filters", "subsample": "strides", **_SLIDING, **_IMAGES, **_WEIGHTS}
_POOLING_1D: Renamed = {"pool_length": "pool_size", "stride": "strides", **_SLIDING}
_RECURRENT: Renamed = {
    "output_dim": "units",
    "init": "kernel_initializer",
    "inner_init": "recurrent_initializer",
    "inner_activation": "recurrent_activation",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "U_regularizer": "recurrent_regularizer",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
}

KERAS_1: dict[str, Renamed] = {
    "layers.Dense": {"output_dim": "units", **_WEIGHTS},
    "layers.Conv1D": {
        "nb_filter": "filters",
        "filter_length": "kernel_size",
        "subsample_length": "strides",
        **_SLIDING,
        **_WEIGHTS,
    },
    "layers.Conv2D": _CONVOLUTION,
    "layers.Conv3D": _CONVOLUTION,
    "layers.Conv2DTranspose": _CONVOLUTION,
    "layers.SeparableConv2D": {
        **{old: new for old, new in _CONVOLUTION.items() if not old.startswith(("init", "W_"))},
    },
    "layers.ConvLSTM2D": {
        "nb_filter": "filters",
        "subsample": "strides",
        **_SLIDING,
        **_IMAGES,
        **{old: new for old, new in _RECURRENT.items() if old != "output_dim"},
        "bias": "use_bias",
    },
    **{f"layers.{kind}Pooling1D": _POOLING_1D for kind in ("Max", "Average")},
    **{f"layers.{kind}Pooling{n}D": {**_SLIDING, **_IMAGES} for kind in ("Max", "Average") for n in (2, 3)},
    **{f"layers.Global{kind}Pooling{n}D": _IMAGES for kind in ("Max", "Average") for n in (2, 3)},
    "layers.UpSampling1D": {"length": "size"},
    **{f"layers.{kind}{n}D": _IMAGES for kind in ("UpSampling", "ZeroPadding", "Cropping") for n in (2, 3)},
    **{f"layers.{name}": {"p": "rate"} for name in ("Dropout", "GaussianDropout", "SpatialDropout1D")},
    **{f"layers.SpatialDropout{n}D": {"p": "rate", **_IMAGES} for n in (2, 3)},
    "layers.GaussianNoise": {"sigma": "stddev"},
    "layers.PReLU": {"init": "alpha_initializer"},
    "layers.Embedding": {
        "init": "embeddings_initializer",
        "W_regularizer": "embeddings_regularizer",
        "W_constraint": "embeddings_constraint",
    },
    **dict.fromkeys(("layers.LSTM", "layers.GRU"), _RECURRENT),
    "layers.SimpleRNN": {old: new for old, new in _RECURRENT.items() if old != "inner_activation"},
    "layers.BatchNormalization": {"beta_init": "beta_initializer", "gamma_init": "gamma_initializer"},
    "Input": {"input_dtype": "dtype"},
    "Model": {"input": "inputs", "output": "outputs"},
    "Model.fit": {
        "nb_epoch": "epochs",
        "nb_worker": "workers",
        "max_q_size": "max_queue_size",
        "pickle_safe": "use_multiprocessing",
    },
    "constraints.MaxNorm": {"m": "max_value"},
    "constraints.MinMaxNorm": {"low": "min_value", "high": "max_value"},
    "callbacks.ReduceLROnPlateau": {"epsilon": "min_delta"},
    "utils.to_categorical": {"nb_classes": "num_classes", "y": "x"},
    "utils.normalize": {"a": "x"},
    "utils.array_to_img": _IMAGES,
    "utils.img_to_array": _IMAGES,
}
"""Changed by Keras 2.0, and converted by it until 2.4."""

KERAS_2: dict[str, Renamed] = {
    "regularizers.L1": {"l": "l1"},
    "regularizers.L2": {"l": "l2"},
    "activations.relu": {"alpha": "negative_slope"},
}
"""Changed between Keras 2.0 and 3.0."""

VALUES: dict[str, dict[object, object]] = {
    "dim_ordering": {"tf": "channels_last", "th": "channels_first", "default": None},
}
"""Old argument -> what its values are called today."""

DROPPED: dict[str, dict[str, str]] = {
    "layers.Layer": {
        "dynamic": "Keras 3 runs every layer step by step where it must",
        "input_length": "Keras 3 takes sequences of any length",
    },
    "layers.Embedding": {"dropout": "Keras 2 has no dropout inside an Embedding"},
    "layers.BatchNormalization": {"mode": "mode=0, the only kind that Keras 2 kept"},
    **{
        f"layers.{name}": {"consume_less": "it chose between ways of computing the same"}
        for name in ("SimpleRNN", "LSTM", "GRU", "ConvLSTM2D")
    },
    "Model.fit": {
        "show_accuracy": "accuracy has been a metric of compile since Keras 1.0",
        "workers": "it says how data are read, not how a model is trained",
        "use_multiprocessing": "it says how data are read, not how a model is trained",
        "max_queue_size": "it says how data are read, not how a model is trained",
    },
    "Model.compile": {
        "class_mode": "the loss says it since Keras 1.0",
        "sample_weight_mode": "Keras 3 sees it from the weights",
        "target_tensors": "it belonged to graphs of TensorFlow 1",
    },
    "callbacks.TensorBoard": {
        "batch_size": "it sized what was written for the board",
        "write_grads": "it sized what was written for the board",
        "embeddings_layer_names": "it chose what was written for the board",
        "embeddings_data": "it chose what was written for the board",
    },
    "utils.to_categorical": {"dtype": "zeros and ones are the same in any type"},
}
"""Arguments that change nothing today -> why."""


DECAY_PLACES = {"SGD": 2, "RMSprop": 3, "Adam": 4, "Adadelta": 3}
"""Optimizer -> the place at which Keras 2 took its decay, counted from 0."""


def renamed() -> dict[str, Renamed]:
    """Owner -> old argument -> argument today, of all versions."""
    owners = {**KERAS_1, **KERAS_2}
    return {owner: {**KERAS_1.get(owner, {}), **KERAS_2.get(owner, {})} for owner in owners}


def key_of(owner: str, argument: str) -> str:
    """The row's key: `Dense(output_dim=)`."""
    return f"{owner.rsplit('.', 1)[-1]}({argument}=)"


def rows() -> list[Difference]:
    """A row for each argument of each owner."""
    found = []
    for table, since in ((KERAS_1, "Keras 2.0"), (KERAS_2, "Keras 3.0")):
        for owner, names in table.items():
            for old, new in names.items():
                name = owner.rsplit(".", 1)[-1]
                now = f"{name}'s {old}= was read as {new}=, its name since {since}."
                found.append(Difference(key_of(owner, old), now, since))
    for owner, arguments in DROPPED.items():
        for argument, why in arguments.items():
            name = owner.rsplit(".", 1)[-1]
            now = f"{name}'s {argument}= was left out: {why}."
            found.append(Difference(key_of(owner, argument), now, "Keras 3.0"))
    return found
