"""Everything of older versions, in the order in which one lies over the other."""

from __future__ import annotations

from collections.abc import Callable

from grader.facts.versions.keras_behaviour import OLD_ACCURACY
from grader.probe.keras import own_functions
from grader.probe.keras.fitting import HistoryTable
from grader.probe.link import Link
from grader.probe.old_keras import (
    old_arguments,
    old_files,
    old_layers,
    old_logs,
    old_methods,
    old_names,
    old_optimizers,
    old_tensorflow,
)
from grader.probe.versions import libraries
from grader.probe.versions.noting import note_of


def before_hooks(link: Link) -> None:
    """What lies under labgrade's own wrappers: names, classes, arguments, files."""
    note = note_of(link)
    old_tensorflow.install(note)
    old_arguments.install(note)
    own_functions.install(note)
    old_layers.install(note)
    old_optimizers.install(note)
    old_names.install(note)
    old_logs.install(note)
    old_files.install(note)
    libraries.install(note)
    HistoryTable.note = staticmethod(lambda: note(OLD_ACCURACY))


def after_hooks(link: Link, fit: Callable[..., object]) -> None:
    """What lies over them: methods of models by their old arguments. `fit` is Keras' own."""
    old_methods.install(note_of(link), fit)
