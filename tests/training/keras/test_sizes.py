"""Sizes that are worked out on configurations agree with what Keras builds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from grader.facts.keras import STANDARD
from grader.training.keras.canonical import canonical_model
from grader.training.keras.cost import model_size
from grader.training.keras.layer_costs import _SINGLE

pytestmark = pytest.mark.slow

ROW, STEPS, IMAGE, VOLUME = (6,), (8, 5), (12, 11, 4), (6, 7, 8, 4)

LAYERS: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("Dense", {"units": 3}, ROW),
    ("Dense", {"units": 3, "use_bias": False}, STEPS),
    ("Activation", {"activation": "relu"}, ROW),
    ("Embedding", {"input_dim": 9, "output_dim": 4}, ROW),
    ("EinsumDense", {"equation": "ab,bc->ac", "output_shape": 7, "bias_axes": "c"}, ROW),
    ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (8, 7)}, STEPS),
    ("Conv1D", {"filters": 3, "kernel_size": 3, "strides": 2}, STEPS),
    ("Conv1D", {"filters": 3, "kernel_size": 3, "padding": "causal", "dilation_rate": 2}, STEPS),
    ("Conv2D", {"filters": 6, "kernel_size": (3, 2), "groups": 2}, IMAGE),
    ("Conv2D", {"filters": 6, "kernel_size": 3, "padding": "same", "strides": 2, "use_bias": False}, IMAGE),
    ("Conv3D", {"filters": 3, "kernel_size": 2}, VOLUME),
    ("SeparableConv1D", {"filters": 3, "kernel_size": 3, "depth_multiplier": 2}, STEPS),
    ("SeparableConv2D", {"filters": 3, "kernel_size": 3, "depth_multiplier": 2}, IMAGE),
    ("DepthwiseConv1D", {"kernel_size": 3}, STEPS),
    ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2, "padding": "same"}, IMAGE),
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2}, STEPS),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"}, IMAGE),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2, "output_padding": 1}, IMAGE),
    ("Conv3DTranspose", {"filters": 3, "kernel_size": 2}, VOLUME),
    ("MaxPooling1D", {}, STEPS),
    ("MaxPooling2D", {"pool_size": 3, "strides": 2, "padding": "same"}, IMAGE),
    ("AveragePooling2D", {"pool_size": (2, 3)}, IMAGE),
    ("MaxPooling3D", {}, VOLUME),
    ("GlobalMaxPooling1D", {}, STEPS),
    ("GlobalAveragePooling2D", {"keepdims": True}, IMAGE),
    ("GlobalAveragePooling3D", {}, VOLUME),
    ("SimpleRNN", {"units": 3}, STEPS),
    ("LSTM", {"units": 3, "return_sequences": True}, STEPS),
    ("GRU", {"units": 3}, STEPS),
    ("GRU", {"units": 3, "reset_after": False, "use_bias": False}, STEPS),
    ("BatchNormalization", {}, IMAGE),
    ("BatchNormalization", {"axis": 1, "scale": False}, IMAGE),
    ("LayerNormalization", {"axis": [1, 2]}, STEPS),
    ("GroupNormalization", {"groups": 2}, IMAGE),
    ("UnitNormalization", {}, ROW),
    ("Normalization", {"axis": None, "mean": 0.0, "variance": 1.0}, ROW),
    ("Dropout", {"rate": 0.5}, ROW),
    ("SpatialDropout2D", {"rate": 0.5}, IMAGE),
    ("Reshape", {"target_shape": (2, -1)}, IMAGE),
    ("Flatten", {}, IMAGE),
    ("RepeatVector", {"n": 4}, ROW),
    ("Permute", {"dims": (3, 1, 2)}, IMAGE),
    ("Cropping1D", {"cropping": (1, 2)}, STEPS),
    ("Cropping2D", {"cropping": ((1, 2), (0, 1))}, IMAGE),
    ("ZeroPadding2D", {"padding": 2}, IMAGE),
    ("ZeroPadding3D", {}, VOLUME),
    ("UpSampling1D", {"size": 3}, STEPS),
    ("UpSampling2D", {"size": (2, 3)}, IMAGE),
    ("PReLU", {"shared_axes": [1, 2]}, IMAGE),
    ("PReLU", {}, IMAGE),
    ("LeakyReLU", {}, ROW),
    ("Rescaling", {"scale": 0.5}, IMAGE),
    ("Resizing", {"height": 5, "width": 6}, IMAGE),
    ("CenterCrop", {"height": 5, "width": 6}, IMAGE),
    ("RandomFlip", {}, IMAGE),
]


@pytest.fixture(scope="module")
def measured() -> Callable[[Any, tuple[int, ...] | None], None]:
    """Compares the size of a Keras model with what Keras says of it."""
    import keras

    from grader.probe.keras.describe import plain

    def compare(model: Any, shape: tuple[int, ...] | None) -> None:
        size = model_size(canonical_model(plain(keras.saving.serialize_keras_object(model)), shape), shape)
        assert size.shape == tuple(model.output_shape[1:])
        assert size.parameters == model.count_params()

    return compare


@pytest.mark.long
@pytest.mark.parametrize(("name", "config", "shape"), LAYERS, ids=lambda value: str(value)[:40])
def test_layers_have_the_size_that_keras_gives_them(
    measured: Any, name: str, config: dict[str, Any], shape: tuple[int, ...]
) -> None:
    """Shape and weights of every kind of layer."""
    import keras

    measured(keras.Sequential([keras.Input(shape), getattr(keras.layers, name)(**config)]), shape)


@pytest.mark.long
def test_wrapped_layers_have_their_size(measured: Any) -> None:
    """Bidirectional, TimeDistributed and recurrent cells are measured through their wrapper."""
    import keras
    from keras import layers

    for layer, shape in (
        (layers.Bidirectional(layers.LSTM(3, return_sequences=True)), STEPS),
        (layers.Bidirectional(layers.GRU(3), merge_mode="sum"), STEPS),
        (layers.TimeDistributed(layers.Dense(3)), STEPS),
        (layers.TimeDistributed(keras.Sequential([layers.Dense(3), layers.Dense(2)])), STEPS),
        (layers.RNN([layers.LSTMCell(3), layers.GRUCell(4)]), STEPS),
        (layers.SpectralNormalization(layers.Conv2D(3, 2)), IMAGE),
    ):
        measured(keras.Sequential([keras.Input(shape), layer]), shape)


@pytest.mark.long
def test_branched_models_have_their_size(measured: Any) -> None:
    """Branches, a shared layer, attention and a model inside a model; a shared layer's weights count once."""
    import keras
    from keras import layers

    given = keras.Input(STEPS)
    shared = layers.Dense(5)
    left, right = shared(given), shared(layers.Activation("relu")(given))
    attended = layers.MultiHeadAttention(2, 3, value_dim=4)(left, right)
    mixed = layers.Attention(use_scale=True)([attended, left])
    added = layers.AdditiveAttention()([mixed, right])
    both = layers.Concatenate()([layers.Add()([left, added]), right])
    inner_input = keras.Input((8, 10))
    inner = keras.Model(inner_input, layers.Dense(4)(layers.Flatten()(inner_input)))
    dotted = layers.Dot(axes=1)([inner(both), inner(both)])
    measured(keras.Model(given, layers.Dense(2)(dotted)), STEPS)


def test_every_layer_of_the_allow_list_is_measured() -> None:
    """No layer that may be trained escapes the budget."""
    special = """
        InputLayer Average Maximum Minimum Add Subtract Multiply Concatenate Dot MultiHeadAttention Attention
        AdditiveAttention SpectralNormalization Bidirectional TimeDistributed SimpleRNNCell LSTMCell GRUCell
        StackedRNNCells
    """.split()
    assert not STANDARD - set(_SINGLE) - set(special)
