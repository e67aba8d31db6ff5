"""How much faster the engine's whole-epoch graph is than Keras' own `fit`, as a ratio in one run.

    python benchmarks/epoch_graph.py [epochs]

Both train the same networks on the same random rows; the first epoch, which traces, is left out.
"""

from __future__ import annotations

import os
import statistics
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from grader.training.engine import Engine, run_epochs

ROWS, BATCH = 6_000, 128


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


def main(epochs: int) -> None:
    random = np.random.default_rng(0)
    x = random.random((ROWS, 28, 28, 1), dtype=np.float32)
    y = random.integers(0, 10, ROWS)
    train = (tf.constant(x), tf.constant(y))
    for build in (dense, convolutional):
        engine = Engine(build, compile_model)
        engine.reset(1, tuple(part[:BATCH] for part in train))
        fit = {"initial_epoch": 0, "epochs": epochs, "shuffle": True, "batch_size": BATCH}
        _, ours = run_epochs(engine, fit, train, None, [], 1, lambda *_: None, time.monotonic() + 3600)
        model = build()
        compile_model(model)
        theirs = []
        for _ in range(epochs):
            started = time.perf_counter()
            model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0)
            theirs.append(time.perf_counter() - started)
        ratio = statistics.median(theirs[1:]) / statistics.median(ours[1:])
        print(f"{build.__name__}: Keras' fit takes {ratio:.2f} times the engine's time per epoch")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 6)
