"""Which libraries a process has loaded before student code runs in it or in a fork of it."""

from __future__ import annotations

PRELOAD = (
    "numpy",
    "scipy.stats",
    "scipy.ndimage",
    "pandas",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "seaborn",
    "sklearn.datasets",
    "sklearn.metrics",
    "sklearn.model_selection",
    "sklearn.preprocessing",
    "IPython.core.interactiveshell",
    "tensorflow",
    "keras",
    "grader.sandbox.lazy",
)
"""Imported by the server, besides the modules of the entry functions. `grader.sandbox.lazy` touches what Keras and
TensorFlow load lazily."""
