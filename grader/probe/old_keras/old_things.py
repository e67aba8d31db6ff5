"""What Keras 1 and 2 had and Keras 3 has not, made of what it has: a maker for each, by public module and name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np

from grader.facts.versions.keras_names import MADE
from grader.probe.old_keras.old_sessions import BACKEND
from grader.probe.versions.noting import Note

Maker = Callable[[Note], object]


def _alias(name: str, make: Callable[..., object], target: type) -> object:
    """A class that makes another one of other arguments, and whose objects are that one's."""

    class Alias(type):
        def __call__(cls, *arguments: object, **more: object) -> object:
            return make(*arguments, **more)

        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, target)

    return Alias(name, (), {})


def _convolution(axes: int) -> Maker:
    target = getattr(keras.layers, f"Conv{axes}D")

    def maker(note: Note) -> object:
        def make(*arguments: object, **more: object) -> object:
            if len(arguments) == axes + 1 and all(isinstance(item, int) for item in arguments):
                note(f"layers.Convolution{axes}D")
                more["kernel_size"] = arguments[1:]
                arguments = arguments[:1]
            return target(*arguments, **more)

        return _alias(f"Convolution{axes}D", make, target)

    return maker


def _atrous(axes: int) -> Maker:
    target = getattr(keras.layers, f"Conv{axes}D")

    def maker(note: Note) -> object:
        def make(*arguments: object, atrous_rate: object = 1, **more: object) -> object:
            if len(arguments) == axes + 1 and axes > 1:
                more["kernel_size"] = arguments[1:]
                arguments = arguments[:1]
            return target(*arguments, dilation_rate=atrous_rate, **more)

        return _alias(f"AtrousConvolution{axes}D", make, target)

    return maker


def _thresholded(note: Note) -> object:
    def make(theta: float = 1.0, **more: object) -> object:
        return keras.layers.ReLU(threshold=theta, **more)

    return _alias("ThresholdedReLU", make, keras.layers.ReLU)


def _time_distributed_dense(note: Note) -> object:
    def make(*arguments: object, **more: object) -> object:
        outer = {name: more.pop(name) for name in ("input_shape", "batch_input_shape", "name") if name in more}
        if "input_dim" in more:
            outer["input_shape"] = (more.pop("input_length", None), more.pop("input_dim"))
        return keras.layers.TimeDistributed(keras.layers.Dense(*arguments, **more), **outer)

    return _alias("TimeDistributedDense", make, keras.layers.TimeDistributed)


def _joining(mode: str, concat_axis: int = -1, dot_axes: object = -1) -> keras.layers.Layer:
    layers = keras.layers
    if mode in ("dot", "cos"):
        return layers.Dot(axes=dot_axes, normalize=mode == "cos")
    if mode == "concat":
        return layers.Concatenate(axis=concat_axis)
    known = {"sum": layers.Add, "mul": layers.Multiply, "ave": layers.Average, "max": layers.Maximum}
    if mode not in known:
        raise ValueError(f"Invalid merge mode: {mode}")
    return known[mode]()


def _merge(note: Note) -> object:
    def merge(
        inputs: Sequence[object], mode: str = "sum", concat_axis: int = -1, dot_axes: object = -1, **more: object
    ) -> object:
        return _joining(mode, concat_axis, dot_axes)(list(inputs))

    return merge


def _merge_layer(note: Note) -> object:
    def make(
        layers: Sequence[keras.Model] = (),
        mode: str = "sum",
        concat_axis: int = -1,
        dot_axes: object = -1,
        **more: object,
    ) -> object:
        """Branches of Keras 1, each a model of its own, as one model of all their inputs."""
        joining = _joining(mode, concat_axis, dot_axes)
        if not layers:
            return joining
        inputs = [tensor for branch in layers for tensor in branch.inputs]
        return keras.Model(inputs, joining([branch.outputs[0] for branch in layers]))

    return _alias("Merge", make, keras.Model)


def _l1_l2(l1: float, l2: float) -> Maker:
    def maker(note: Note) -> object:
        def make(l1: float = l1, l2: float = l2, **more: float) -> object:
            kept = more.get("l")
            first = kept if kept is not None and l1 else l1
            second = kept if kept is not None and l2 else l2
            return keras.regularizers.L1L2(l1=first, l2=second)

        return make

    return maker


def _l2_alone(note: Note) -> object:
    return lambda l=0.01: keras.regularizers.L2(l)  # noqa: E741 - its name in Keras 1


def _l1_alone(note: Note) -> object:
    return lambda l=0.01: keras.regularizers.L1(l)  # noqa: E741 - its name in Keras 1


def _classes(note: Note) -> object:
    def classes(outputs: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> object:
        outputs = np.asarray(outputs)
        return outputs.argmax(axis=-1) if outputs.shape[-1] > 1 else (outputs > 0.5).astype("int32")

    return classes


def _summary(note: Note) -> object:
    def print_summary(model: keras.Model, *arguments: object, **more: object) -> None:
        model.summary()

    return print_summary


def _one_model(note: Note) -> object:
    return lambda model, *arguments, **more: model


def _from_config(note: Note) -> object:
    def model_from_config(config: dict[str, object], custom_objects: dict[str, object] | None = None) -> object:
        return keras.saving.deserialize_keras_object(config, custom_objects=custom_objects)

    return model_from_config


class _Reduction:
    """The words of `losses.Reduction`."""

    AUTO = SUM_OVER_BATCH_SIZE = "sum_over_batch_size"
    NONE = "none"
    SUM = "sum"


def _wrapper(kind: str) -> Maker:
    def maker(note: Note) -> object:
        from grader.probe.old_keras import old_wrappers

        return getattr(old_wrappers, kind)

    return maker


THINGS: dict[tuple[str, str], Maker] = {
    **{("layers", f"Convolution{axes}D"): _convolution(axes) for axes in (2, 3)},
    **{("layers", f"AtrousConvolution{axes}D"): _atrous(axes) for axes in (1, 2)},
    ("layers", "ThresholdedReLU"): _thresholded,
    ("layers", "TimeDistributedDense"): _time_distributed_dense,
    ("layers", "merge"): _merge,
    ("layers", "Merge"): _merge_layer,
    ("regularizers", "l1l2"): _l1_l2(0.01, 0.01),
    ("regularizers", "L1L2Regularizer"): _l1_l2(0.0, 0.0),
    ("regularizers", "WeightRegularizer"): _l1_l2(0.0, 0.0),
    ("regularizers", "ActivityRegularizer"): _l1_l2(0.0, 0.0),
    ("regularizers", "activity_l1l2"): _l1_l2(0.01, 0.01),
    ("regularizers", "activity_l1"): _l1_alone,
    ("regularizers", "activity_l2"): _l2_alone,
    ("losses", "Reduction"): lambda note: _Reduction,
    ("utils", "probas_to_classes"): _classes,
    ("utils", "categorical_probas_to_classes"): _classes,
    ("utils", "print_summary"): _summary,
    ("utils", "multi_gpu_model"): _one_model,
    ("models", "model_from_config"): _from_config,
    ("wrappers", "KerasClassifier"): _wrapper("KerasClassifier"),
    ("wrappers", "KerasRegressor"): _wrapper("KerasRegressor"),
    **{("backend", name): maker for name, maker in BACKEND.items()},
}

assert set(THINGS) == {(path, name) for path, names in MADE.items() for name in names}
