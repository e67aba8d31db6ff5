"""The range of the pixels at a model's first weights, by what a recording says of the model."""

from __future__ import annotations

from typing import Any

import pytest

from grader.code.pixel_arithmetic import Affine, ModelCode
from grader.criteria.input_scaling import PixelRange, range_at_weights
from grader.facts.keras import ARITHMETIC
from grader.recorder.keras.architectures import input_steps
from grader.records import Architecture, Layer

RAW = PixelRange(0.0, 255.0)
NO_CODE = ModelCode(())


def layer(name: str, **config: Any) -> Layer:
    return Layer(class_name=name, name=name.lower(), config=config, parameters=0)


def reached(*layers: Layer, given: PixelRange = RAW, code: ModelCode = NO_CODE) -> PixelRange:
    """The range behind layers of a sequential model that ends in a dense one."""
    row = (*layers, layer("Dense", units=10))
    return range_at_weights(Architecture(id="a", kind="sequential", layers=row), given, code)


@pytest.mark.parametrize(
    ("config", "low", "high"),
    [
        ({"scale": 1 / 255, "offset": 0.0}, 0.0, 1.0),
        ({"scale": 1 / 127.5, "offset": -1.0}, -1.0, 1.0),
        ({"scale": [1 / 255, 1 / 100], "offset": 0.0}, 0.0, 2.55),
        ({"scale": 1.0, "offset": 0.0}, 0.0, 255.0),
        ({"scale": 0.5}, 0.0, 127.5),
        ({"scale": -1 / 255}, -1.0, 0.0),
    ],
)
def test_rescaling_is_worked_out(config: dict[str, Any], low: float, high: float) -> None:
    """A `Rescaling` layer is believed for its numbers, not for its name; of channels the widest counts."""
    found = reached(layer("Flatten"), layer("Rescaling", **config))
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


def test_normalization_with_numbers_is_worked_out() -> None:
    """Mean and variance given as numbers say where 0 and 255 go; adapted ones fit whatever comes."""
    found = reached(layer("Normalization", mean=127.5, variance=127.5**2))
    assert (found.low, found.high) == (pytest.approx(-1.0), pytest.approx(1.0))
    assert reached(layer("Normalization")).scaled
    assert reached(layer("Normalization", mean=0.0, variance=1.0)) == RAW


def test_what_the_code_is_said_to_do_is_applied_in_order() -> None:
    """Scaled rows that a model scales back are wide again, whoever does what."""
    unit = PixelRange(0.0, 1.0)
    back = ModelCode(["keras.layers.Lambda(lambda x: x * 255)"])
    assert not reached(layer("Lambda"), given=unit, code=back).scaled
    assert reached(layer("Lambda"), layer("Rescaling", scale=1 / 255), given=unit, code=back).scaled


def test_a_layer_that_was_never_called_scales_nothing() -> None:
    """Of a class whose code is not at hand, a layer that scales counts once it was built, before the first weights."""

    def found(*layers: Layer) -> PixelRange:
        return range_at_weights(Architecture(id="a", kind="subclassed", layers=layers), RAW, NO_CODE)

    scaling, dense = layer("Rescaling"), layer("Dense")
    assert found(scaling, dense).scaled
    assert found(scaling.model_copy(update={"parameters": None}), dense).unknown
    assert found(dense, scaling).unknown


CALLS = [
    ("return self.out(x / 255)", Affine(1 / 255, ended=True)),
    ("x = x / 2\n  return self.out(x)", Affine(0.5, ended=True)),
    ("x = tf.cast(x, tf.float32)\n  x /= 256.\n  return self.out(x)", Affine(1 / 256, ended=True)),
    ("return self.out((x - 127.5) / 127.5)", Affine(1 / 127.5, -1.0, ended=True)),
    ("return self.out(1 - x / 255)", Affine(-1 / 255, 1.0, ended=True)),
    ("return self.out(ops.divide(x, 255))", Affine(1 / 255, ended=True)),
    ("return self.out(tf.image.per_image_standardization(x))", Affine(fitted=True, ended=True)),
    ("return self.out(x) / 255", Affine(ended=True)),
    ("return self.out(self.scale(x))", Affine(1 / 255, ended=True)),
    ("return self.unknown(x)", None),
    ("for layer in self.all:\n   x = layer(x)\n  return x", None),
    ("x = helper(x)\n  return self.out(x / 2)", None),
    ("x = helper(x)\n  return self.out(x / 255)", Affine(1 / 255)),
    ("x = helper(x)\n  return self.out(0.00392156862745098 * x)", Affine(1 / 255)),
    ("return self.out(255 / x)", None),
]


@pytest.mark.parametrize(("body", "found"), CALLS)
def test_a_call_is_followed_to_its_first_weights(body: str, found: Affine | None) -> None:
    """Arithmetic with numbers is worked out; what cannot be followed is unknown, but for a division by 255 in it."""
    source = (
        "class Net(keras.Model):\n def __init__(self):\n  self.scale = Rescaling(1 / 255)\n  self.out = Dense(10)\n"
        f" def call(self, x):\n  {body}\n"
    )
    told = ModelCode([source]).of_class("Net")
    if found is None:
        assert told is None
        return
    assert told is not None
    assert (told.scale, told.offset) == (pytest.approx(found.scale), pytest.approx(found.offset))
    assert (told.fitted, told.ended) == (found.fitted, found.ended)


def test_lambdas_that_disagree_tell_nothing() -> None:
    """Which of two `Lambda` lines made a layer is not recorded: the cell at hand goes first, else both must agree."""
    unit, half = "Lambda(lambda x: x / 255)", "Lambda(lambda x: x / 2)"
    assert ModelCode([unit, half, "fit()"]).of_lambda("lambda_1") is None
    assert ModelCode([unit, half]).of_lambda("lambda_1") == Affine(0.5)
    named = ModelCode([unit, "Lambda(lambda x: x / 2, name='half')", "fit()"])
    assert named.of_lambda("half") == Affine(0.5)
    assert named.of_lambda("lambda") == Affine(1 / 255)


def test_code_that_is_none_is_passed_over() -> None:
    """A cell that does not parse, or nests without end, leaves the others readable."""
    assert ModelCode(["%%time x", "(" * 5_000, "Lambda(lambda x: x / 255)"]).of_lambda("lambda") is not None


TENSOR = {"class_name": "__keras_tensor__", "config": {"keras_history": ["input", 0, 0]}}
ENTRY = {"class_name": "InputLayer", "name": "input", "config": {}, "inbound_nodes": []}


def graph(*layers: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": "Functional", "config": {"layers": [ENTRY, *layers]}}


def operation(name: str, *arguments: Any) -> dict[str, Any]:
    node = {"args": list(arguments), "kwargs": {}}
    return {"module": "keras.src.ops.numpy", "class_name": name, "name": name, "config": {}, "inbound_nodes": [node]}


def functional(steps: tuple[Layer, ...]) -> Architecture:
    return Architecture(id="a", kind="functional", layers=(), input_steps=steps)


@pytest.mark.parametrize("name", sorted(ARITHMETIC))
def test_an_operation_is_told_with_its_number(name: str) -> None:
    """`inputs / 255` and `1 - inputs` are told apart by the side on which the number stands."""
    right = input_steps(graph(operation(name, TENSOR, 255.0)))[1]
    assert (right.class_name, right.config) == (name, {"right": 255.0})
    assert input_steps(graph(operation(name, 1.0, TENSOR)))[1].config == {"left": 1.0}
    both = input_steps(graph(operation(name, TENSOR, TENSOR)))
    assert both[1].config == {}
    assert range_at_weights(functional(both), RAW, NO_CODE).unknown


def test_a_graph_that_parts_is_not_followed() -> None:
    """Where two ways lead on, neither is said to be the way of the pixels."""
    parted = input_steps(graph(operation("TrueDivide", TENSOR, 255.0), operation("Multiply", TENSOR, 2.0)))
    assert len(parted) == 1
    assert range_at_weights(functional(parted), RAW, NO_CODE).unknown


def test_weights_on_any_branch_meet_the_pixels() -> None:
    """A network that parts at once, as one with a bypass does, is told by the branch that has weights."""
    dense = {"class_name": "Dense", "name": "d", "config": {}, "inbound_nodes": [{"args": [TENSOR], "kwargs": {}}]}
    steps = input_steps(graph(operation("Multiply", TENSOR, 2.0), dense))
    found = range_at_weights(functional(steps), RAW, NO_CODE)
    assert found == RAW


@pytest.mark.parametrize(
    "config",
    [
        None,
        7,
        [],
        {"config": 3},
        {"class_name": "Sequential", "config": {"layers": [None, 4, {"class_name": []}]}},
        {"class_name": "Functional", "config": {"layers": [ENTRY, {"inbound_nodes": {"a": [[[[[{}]]]]]}, "name": []}]}},
        graph(operation("TrueDivide", TENSOR, True), operation("TrueDivide", TENSOR, {"a": 1})),
        graph(operation("TrueDivide", {"class_name": "__keras_tensor__", "config": {"keras_history": [[]]}}, 2.0)),
    ],
)
def test_forged_descriptions_are_survived(config: Any) -> None:
    """Whatever a sandbox sends in place of a configuration, the answer is a row of plain layers."""
    assert all(isinstance(step, Layer) for step in input_steps(config))
