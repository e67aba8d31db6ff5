"""Idioms of older versions: Keras 1 and 2 as courses of 2016 to 2022 wrote them."""

from __future__ import annotations

import ast
from random import Random

from generator.code import argument, callee, expression, places, rename_argument, set_argument, statements, text
from generator.nouns import Handin, UnfitError
from generator.transforms import transform


@transform("idioms", "epochs_name")
def nb_epoch(handin: Handin, rng: Random) -> None:
    """Epochs are given as `nb_epoch`, as Keras 1 called them."""
    for place in places(handin, "fit"):
        rename_argument(place.call, "epochs", "nb_epoch")


@transform("idioms", "units_name")
def output_dim(handin: Handin, rng: Random) -> None:
    """Units are given as `output_dim`, as Keras 1 called them."""
    found = 0
    for node in handin.nodes():
        if isinstance(node, ast.Call) and callee(node) == "Dense" and node.args:
            set_argument(node, "output_dim", node.args.pop(0))
            found += 1
    if not found:
        raise UnfitError("no dense layers")


@transform("idioms", "metric_name")
def acc_for_accuracy(handin: Handin, rng: Random) -> None:
    """The metric is `acc`, and histories are read by `acc` and `val_acc`."""
    names = {"accuracy": "acc", "val_accuracy": "val_acc"}
    for node in handin.nodes():
        if isinstance(node, ast.Subscript | ast.keyword | ast.List):
            for part in (getattr(node, "slice", None), *getattr(node, "elts", ())):
                if isinstance(part, ast.Constant) and part.value in names:
                    part.value = names[str(part.value)]
        if isinstance(node, ast.keyword) and node.arg == "monitor" and isinstance(node.value, ast.Constant):
            node.value.value = names.get(str(node.value.value), node.value.value)


@transform("idioms", "metric_name")
def acc_keys_alone(handin: Handin, rng: Random) -> None:
    """The metric is `accuracy`, but histories are read by `acc` and `val_acc`, as Keras 2.2 named them."""
    names = {"accuracy": "acc", "val_accuracy": "val_acc"}
    changed = 0
    for node in handin.nodes():
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and node.slice.value in names:
            node.slice.value = names[str(node.slice.value)]
            changed += 1
    if not changed:
        raise UnfitError("no history is read by its key")


@transform("idioms", "checkpoint")
def hdf5_checkpoint(handin: Handin, rng: Random) -> None:
    """The best weights go to `weights.hdf5`, watched by `val_acc`."""
    found = [place for place in places(handin, "fit") if place.step.role == "fit"]
    if not found:
        raise UnfitError("no training")
    callback = "[keras.callbacks.ModelCheckpoint('weights.hdf5', monitor='val_acc', save_best_only=True)]"
    set_argument(rng.choice(found).call, "callbacks", expression(callback))
    handin.truth.may.add("chosen_on_test")


@transform("idioms", "rate_name")
def lr_for_learning_rate(handin: Handin, rng: Random) -> None:
    """The learning rate is given as `lr`."""
    for node in handin.nodes():
        if isinstance(node, ast.Call):
            rename_argument(node, "learning_rate", "lr")


@transform("idioms", "optimizers")
def legacy_optimizers(handin: Handin, rng: Random) -> None:
    """Optimizers come from `tf.keras.optimizers.legacy`."""
    changed = 0
    for node in handin.nodes():
        if isinstance(node, ast.Attribute) and text(node.value) == "keras.optimizers":
            node.value = expression("tf.keras.optimizers.legacy")
            changed += 1
    if not changed:
        raise UnfitError("no optimizers by class")
    handin.step("imports").statements += statements("import tensorflow as tf")


@transform("idioms", "input_shape")
def input_shape_argument(handin: Handin, rng: Random) -> None:
    """The first layer gets the input's shape; there is no `Input`."""
    _shape_in_first_layer(handin, "input_shape", "{shape}")


@transform("idioms", "input_shape")
def batch_input_shape(handin: Handin, rng: Random) -> None:
    """The first layer gets the shape of a batch, as Keras 2 allowed."""
    _shape_in_first_layer(handin, "batch_input_shape", "(None, *{shape})")


def _shape_in_first_layer(handin: Handin, name: str, template: str) -> None:
    changed = 0
    for node in handin.nodes():
        layers = getattr(node, "elts", None)
        if not isinstance(node, ast.List) or not layers or callee(layers[0]) != "Input":
            continue
        shape = argument(layers[0], "shape")
        if shape is None or len(layers) < 2:
            continue
        set_argument(layers[1], name, expression(template.format(shape=text(shape))))
        del layers[0]
        changed += 1
    if not changed:
        raise UnfitError("no sequential networks with an input layer")


@transform("idioms", "numpy_utils")
def np_utils(handin: Handin, rng: Random) -> None:
    """Labels are made one-hot by `keras.utils.np_utils`."""
    changed = 0
    for node in handin.nodes():
        if callee(node) == "to_categorical" and isinstance(node, ast.Call):
            node.func = expression("np_utils.to_categorical")
            changed += 1
    if not changed:
        raise UnfitError("labels are whole numbers")
    handin.step("imports").statements += statements("from keras.utils import np_utils")


@transform("idioms", "regularizer_name")
def w_regularizer(handin: Handin, rng: Random) -> None:
    """The penalty is given as `W_regularizer`, as Keras 1 called it."""
    seen: list[ast.Call] = []
    for step in handin.steps:
        for statement in step.statements:
            seen += [n for n in ast.walk(statement) if isinstance(n, ast.Call) and argument(n, "kernel_regularizer")]
    if not seen:
        raise UnfitError("no penalties")
    for call in seen:
        rename_argument(call, "kernel_regularizer", "W_regularizer")


@transform("idioms", "wrappers")
def wrapper_import(handin: Handin, rng: Random) -> None:
    """The wrapper for scikit-learn is imported from where Keras 2 had it, and not used."""
    handin.step("imports").statements += statements("from keras.wrappers.scikit_learn import KerasClassifier")


@transform("idioms", "activation_form")
def activation_functions(handin: Handin, rng: Random) -> None:
    """Activations are given as functions of TensorFlow's."""
    changed = 0
    for node in handin.nodes():
        value = argument(node, "activation") if isinstance(node, ast.Call) else None
        if isinstance(value, ast.Constant) and value.value in ("relu", "softmax", "tanh"):
            set_argument(node, "activation", expression(f"tf.nn.{value.value}"))  # type: ignore[arg-type]
            changed += 1
    if not changed:
        raise UnfitError("no activations")
    handin.step("imports").statements += statements("import tensorflow as tf")


@transform("idioms", "activation_form")
def activation_layers(handin: Handin, rng: Random) -> None:
    """Activations are layers of their own."""
    changed = 0
    for node in handin.nodes():
        listed = getattr(node, "elts", None)
        if not isinstance(node, ast.List) or not listed:
            continue
        apart: list[ast.expr] = []
        for layer in listed:
            apart.append(layer)
            value = argument(layer, "activation") if isinstance(layer, ast.Call) else None
            if value is not None and callee(layer) in ("Dense", "Conv2D"):
                set_argument(layer, "activation", None)
                apart.append(expression(f"layers.Activation({text(value)})"))
                changed += 1
        node.elts = apart
    if not changed:
        raise UnfitError("no activations in lists of layers")


@transform("idioms", "layer_modules")
def old_layer_modules(handin: Handin, rng: Random) -> None:
    """Layers are also imported from the modules that Keras 2 kept them in."""
    handin.step("imports").statements += statements(
        "from keras.layers.core import Dense, Dropout, Flatten\n"
        "from keras.layers.convolutional import Conv2D, MaxPooling2D\nfrom keras.models import Sequential"
    )


@transform("idioms", "convolution_name")
def convolution2d(handin: Handin, rng: Random) -> None:
    """Convolutions are `Convolution2D` with rows and columns apart and a `border_mode`, as in Keras 1."""
    changed = 0
    for node in handin.nodes():
        if callee(node) != "Conv2D" or not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        size = argument(node, "kernel_size", 1)
        side = text(size.elts[0]) if isinstance(size, ast.Tuple) else text(size) if size is not None else "3"
        node.args = [node.args[0], expression(side), expression(side)]
        set_argument(node, "kernel_size", None)
        rename_argument(node, "padding", "border_mode")
        node.func.attr = "Convolution2D"
        changed += 1
    if not changed:
        raise UnfitError("no convolutions")
