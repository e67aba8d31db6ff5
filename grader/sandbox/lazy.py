"""Touches what Keras and TensorFlow load at first use, so that the warm server has it loaded. Runs no operation."""

from __future__ import annotations

import keras
import tensorflow as tf

TOUCHED = (
    keras.layers.Dense,
    keras.callbacks.Callback,
    keras.datasets.mnist,
    keras.utils.to_categorical,
    keras.optimizers.Adam,
    tf.keras.layers.Dense,
    tf.keras.datasets.mnist,
    tf.data.Dataset,
    tf.config.threading,
    tf.math.confusion_matrix,
)
"""Names whose first use imports something."""
