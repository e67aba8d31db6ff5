"""Files of models and weights, under the names that Keras 2 took: Keras 3 insists on the ending of a name."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import h5py
import keras
import tensorflow as tf

from grader.facts.filetypes import suffixes
from grader.facts.keras import OLD_NAMES
from grader.probe.link import patch
from grader.probe.old_keras.old_modules import keras_modules
from grader.probe.versions.noting import Note

_WEIGHTS = ".weights.h5"
_MODEL = ".keras"
_LOOKED_AT = "_labgrade_period"


def install(note: Note) -> None:
    """Wrap what saves and loads models and weights."""
    _models(note)
    _weights(note)
    _checkpoints(note)
    _latest(note)


def _models(note: Note) -> None:
    """`model.save('folder')` and `load_model('folder')`: Keras 3 wants a file name."""
    save, load = keras.Model.save, keras.models.load_model

    def named(path: object) -> object:
        text = str(path)
        if text.endswith(suffixes("weights")):
            return path
        note("save to a folder")
        return text.rstrip("/\\") + _MODEL

    @functools.wraps(save)
    def save_to_file(self: object, filepath: object, *arguments: object, **more: object) -> object:
        for name in ("save_format", "include_optimizer"):
            if name in more:
                note(f"{name}=")
                del more[name]
        return save(self, named(filepath), *arguments[:1], **more)

    @functools.wraps(load)
    def load_from_file(filepath: object, *arguments: object, **more: object) -> object:
        return load(named(filepath), *arguments, **more)

    patch(keras.Model, save=save_to_file)
    for package in (*keras_modules("models"), *keras_modules("saving"), *keras_modules("saving.saving_api")):
        patch(package, load_model=load_from_file)


def _weights(note: Note) -> None:
    """`save_weights('w.h5')`: written as Keras 2 wrote it, under that name, so that it is found again."""
    from keras.src.legacy.saving import legacy_h5_format

    save, load = keras.Model.save_weights, keras.Model.load_weights

    @functools.wraps(save)
    def save_weights(self: object, filepath: object, *arguments: object, **more: object) -> object:
        if "save_format" in more:
            note("save_format=")
            del more["save_format"]
        more.pop("options", None)
        if str(filepath).endswith(_WEIGHTS):
            return save(self, filepath, *arguments, **more)
        note("save_weights of another ending")
        path = Path(str(filepath))
        path.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(path, "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, self)
        _remember(path)
        return None

    @functools.wraps(load)
    def load_weights(self: object, filepath: object, *arguments: object, **more: object) -> object:
        if more.get("by_name") is False:
            note("load_weights(by_name=)")
            del more["by_name"]
        more.pop("options", None)
        path = Path(str(filepath))
        if path.name.endswith(suffixes("weights")) or not h5py.is_hdf5(path):
            return load(self, filepath, *arguments, **more)
        note("load_weights of another ending")
        with h5py.File(path, "r") as file:
            group = file["model_weights"] if "model_weights" in file and "layer_names" not in file.attrs else file
            legacy_h5_format.load_weights_from_hdf5_group(group, self)
        return None

    patch(keras.Model, save_weights=save_weights, load_weights=load_weights)


_saved: list[Path] = []
"""Files of weights in the order in which they were written."""


def _remember(path: Path) -> None:
    if path in _saved:
        _saved.remove(path)
    _saved.append(path)


def _latest(note: Note) -> None:
    """`tf.train.latest_checkpoint(folder)`, of the weights that were saved below it."""
    original = tf.train.latest_checkpoint

    @functools.wraps(original)
    def latest_checkpoint(checkpoint_dir: object, *arguments: object, **more: object) -> object:
        folder = Path(str(checkpoint_dir)).resolve()
        below = [path for path in _saved if path.resolve().parent == folder]
        if not below:
            return original(checkpoint_dir, *arguments, **more)
        note("latest_checkpoint")
        return str(below[-1])

    patch(tf.train, latest_checkpoint=latest_checkpoint)


def _checkpoints(note: Note) -> None:
    """`ModelCheckpoint` with a file of any ending, every `period` epochs, and `{val_acc}` in the file's name."""
    cls = keras.callbacks.ModelCheckpoint
    init, path_of, end = cls.__init__, cls._get_file_path, cls.on_epoch_end

    @functools.wraps(init)
    def checkpoint(self: object, filepath: object, *arguments: object, **more: object) -> None:
        period = more.pop("period", None)
        more.pop("options", None)
        only = bool(more.get("save_weights_only", arguments[3] if len(arguments) > 3 else False))
        wanted = (_WEIGHTS,) if only else (_MODEL, ".h5")
        named = str(filepath)
        if named.endswith(wanted):
            init(self, filepath, *arguments, **more)
        else:
            note("ModelCheckpoint of another ending")
            init(self, named + wanted[0], *arguments, **more)
            self.filepath = named  # type: ignore[attr-defined]
        if isinstance(period, int) and period != 1:
            note("period=")
            setattr(self, _LOOKED_AT, period)

    def get_file_path(self: object, epoch: int, batch: object, logs: dict[str, float] | None) -> object:
        given = dict(logs or {})
        for old, new in OLD_NAMES.items():
            asked = re.search(rf"\{{{old}[:}}]", str(self.filepath))  # type: ignore[attr-defined]
            if asked and new in given and old not in given:
                note("{acc} in a file's name")
                given[old] = given[new]
        return path_of(self, epoch, batch, given)

    def on_epoch_end(self: object, epoch: int, logs: object = None) -> None:
        period = getattr(self, _LOOKED_AT, 1)
        if (epoch + 1) % period == 0:
            end(self, epoch, logs)

    patch(cls, __init__=checkpoint, _get_file_path=get_file_path, on_epoch_end=on_epoch_end)
