"""How much faster the engine's whole-epoch graph is than Keras' own `fit`, as a ratio in one run.

    python benchmarks/epoch_graph.py [--epochs 6] [--rows 6000]

Both train the same networks on the same random rows; the first epoch, which traces, is left out.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from grader.training.keras.engine import Engine, run_epochs

BATCH = 128
AT_ONCE = 1_000
"""Rows that a validation would take at once; none is made here."""
PATIENCE = 3600
"""Seconds after which the engine would give up: longer than anyone waits for a benchmark."""


def dense() -> keras.Model:
    layers = [keras.layers.Flatten(), keras.layers.Dense(500, "relu"), keras.layers.Dense(300, "relu")]
    return keras.Sequential([keras.Input((28, 28, 1)), *layers, keras.layers.Dense(10, "softmax")])


def convolutional() -> keras.Model:
    layers = [keras.layers.Conv2D(32, 3, activation="relu"), keras.layers.MaxPooling2D()]
    return keras.Sequential(
        [keras.Input((28, 28, 1)), *layers, keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
    )


def compile_model(model: keras.Model) -> None:
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)


def compare(epochs: int, rows: int) -> None:
    """Print, for each network, how many times the engine's time per epoch Keras' `fit` takes, by medians."""
    random = np.random.default_rng(0)
    x = random.random((rows, 28, 28, 1), dtype=np.float32)
    y = random.integers(0, 10, rows)
    train = (tf.constant(x), tf.constant(y))
    fit = {"initial_epoch": 0, "epochs": epochs, "shuffle": True, "batch_size": BATCH}
    for build in (dense, convolutional):
        engine = Engine(build, compile_model)
        engine.reset(1, tuple(part[:BATCH] for part in train))
        deadline = time.monotonic() + PATIENCE
        _, ours = run_epochs(engine, fit, train, None, [], 1, lambda *_: None, deadline, AT_ONCE)
        model = build()
        compile_model(model)
        theirs = []
        for _ in range(epochs):
            started = time.perf_counter()
            model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0)
            theirs.append(time.perf_counter() - started)
        ratio = statistics.median(theirs[1:]) / statistics.median(ours[1:])
        print(f"{build.__name__}: Keras' fit takes {ratio:.2f} times the engine's time per epoch")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=6, help="2 or more: the first is left out")
    parser.add_argument("--rows", type=int, default=6_000)
    chosen = parser.parse_args()
    if chosen.epochs < 2:
        parser.error("--epochs: at least 2, as the first is left out")
    compare(chosen.epochs, chosen.rows)


if __name__ == "__main__":
    main()
