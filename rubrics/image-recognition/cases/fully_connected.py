"""Question 24: the fully connected layer."""

from __future__ import annotations

import re

import numpy as np
from numpy.testing import assert_allclose

from grader.functions import FunctionTests, Partly, credit, layout

from .inputs import FEATURE_MAP, drawn


class TestFullyConnected(FunctionTests):
    """A fully connected layer: any number of outputs, each a weighted sum of all inputs and a bias.

    A function may take its weights, which lets its values be checked, or draw them itself: then what can be known is
    checked, as two calls draw the same numbers.
    """

    question = "24"
    names = (
        *("fully connected", "fully connected layer", "connected layer", "dense", "dense layer", "fc", "fc layer"),
        *("linear layer", "fullyconnected", "fc forward", "dense forward", "volledig verbonden", "affine", "perceptron"),
    )
    arguments = {
        "x": (*FEATURE_MAP, "flat", "vector", "v", "activations", "h"),
        "outputs": (
            *("outputs", "n_outputs", "noutput", "num_outputs", "n_out", "nout", "units", "neurons", "n_neurons", "nodes"),
            *("output_size", "out_features", "output_dim", "classes", "n_classes", "n_nodes", "n_units", "out", "n"),
        ),
        "weights": ("weights", "w", "weight", "kernel", "theta", "weight_matrix"),
        "bias": ("bias", "b", "biases", "bias_vector"),
    }
    optional = ("outputs", "weights", "bias")
    fillers = {
        ("n_inputs", "inputs", "input_size", "in_features", "n_in", "input_dim"): lambda given: given["x"].size,
        ("activation",): [None, "linear"],
        ("seed",): 0,
    }

    def ask(self, call, x, outputs=3, bias=1.0):
        """The layer's answer to `x`, flat; of a layer with weights of a known size, for as many outputs."""
        weights = drawn(99, x.size, outputs, low=-1, high=1)
        return np.reshape(call(x, outputs, weights, np.full(outputs, bias) if call.takes("weights") else bias), -1)

    def probe(self, call):
        """Shape, and the value where it can be known."""
        x = drawn(1, 2, 3, 2)
        answer = self.ask(call, x)
        if call.takes("weights"):
            self.assert_values(call, x)
        elif call.takes("outputs"):
            assert answer.shape == (3,), f"It gives {answer.size} values where 3 outputs were asked for."
        else:
            changed = x.copy()
            changed.flat[0] += 1.0
            assert np.all(self.ask(call, changed) != answer), "Not every output depends on every input."
        self.assert_affine(call)

    @credit(1)
    def test_number_of_outputs(self, call):
        """One value for each output, however many are asked for"""
        for outputs in (3, 5):
            answer = self.ask(call, drawn(2, 2, 2, 2), outputs)
            if call.takes("outputs") or call.takes("weights"):
                said = f"It gives {answer.size} values where {outputs} outputs were asked for."
                assert answer.shape == (outputs,), said
        if not (call.takes("outputs") or call.takes("weights")):
            raise Partly(0.5, "The number of outputs cannot be chosen when the function is called.")

    @credit(1.5)
    def test_weighted_sum(self, call):
        """Each output is a weighted sum of the inputs"""
        self.assert_affine(call)
        if call.takes("weights"):
            self.assert_values(call, drawn(4, 2, 2, 2))

    def assert_values(self, call, x):
        """Ask for the right weighted sums; the bias is a case of its own."""
        nothing = self.ask(call, 0 * x)
        assert_allclose(self.ask(call, x) - nothing, x.reshape(-1) @ drawn(99, x.size, 3, low=-1, high=1), atol=1e-6)

    def assert_affine(self, call):
        """f(2x − 3y) has to be 2 f(x) − 3 f(y) + 2 f(0) under the same weights."""
        x, y = drawn(5, 2, 2, 2), drawn(6, 2, 2, 2)
        first = self.ask(call, x)
        if not np.allclose(first, self.ask(call, x)):
            return
        nothing, second, both = self.ask(call, 0 * x), self.ask(call, y), self.ask(call, 2 * x - 3 * y)
        wanted = 2 * first - 3 * second + 2 * nothing
        if np.allclose(both, wanted, rtol=1e-4, atol=1e-5):
            return
        large = np.array([self.ask(call, scale * value) for scale in (10, -10) for value in (x, y)])
        if np.allclose(large.sum(axis=1), 1) and large.min() >= 0:
            raise Partly(0.5, "The outputs always sum to 1: a softmax is applied inside the layer, which is a step of its own.")
        if large.min() >= 0:
            raise Partly(0.5, "No output is ever negative: an activation such as the rectifier is applied inside the layer, which is a step of its own.")
        assert_allclose(both, wanted, rtol=1e-4, atol=1e-5,
                        err_msg="It is no weighted sum: with f(x), f(y) and f(0) known, f(2x − 3y) is another than it has to be.")

    @credit(0.5)
    def test_every_input(self, call):
        """Every input counts"""
        x = drawn(7, 2, 2, 2)
        before = self.ask(call, x)
        idle = []
        for place in range(x.size):
            changed = x.copy()
            changed.flat[place] += 1.0
            if np.allclose(self.ask(call, changed), before, rtol=1e-9, atol=1e-12):
                idle.append(place + 1)
        assert not idle, f"Of {x.size} inputs {len(idle)} make no difference to any output (number {idle[0]}, for one)."

    @credit(0.5)
    def test_own_weights(self, call):
        """Each output has weights of its own"""
        answer = self.ask(call, drawn(8, 2, 2, 2), 4)
        assert answer.size == 1 or np.ptp(answer) > 1e-9, "All outputs are the same: they share their weights."

    @credit(1)
    def test_bias(self, call):
        """A bias is added"""
        nothing = np.zeros((2, 2, 2))
        if call.takes("bias"):
            gained = self.ask(call, nothing, bias=2.0) - self.ask(call, nothing, bias=0.0)
            assert np.any(gained), "The bias is ignored: it makes no difference to the outputs."
            assert_allclose(gained, np.full(gained.shape, 2.0), atol=1e-6,
                            err_msg="The bias is not just added: a bias of 2 changes the outputs by something else.")
        elif not np.any(self.ask(call, nothing)) and not self.names_bias(call):
            raise AssertionError("There is no bias: an input of zeros gives zeros.")

    def names_bias(self, call):
        """Whether the code speaks of a bias, which may be drawn as zero."""
        return any(name.lower() in ("b", "b0", "b1", "theta0") or "bias" in name.lower() for name in call.names)

    @credit(0.25)
    def test_keeps_argument(self, call):
        """The input is left as it was"""
        self.ask(call, drawn(9, 2, 2, 2))
        call.assert_arguments_kept()

    @layout()
    def flat(self, call, x, outputs, weights, bias):
        """It takes a flat vector."""
        return call(x.reshape(-1), outputs, weights, bias)

    @layout()
    def turned_weights(self, call, x, outputs, weights, bias):
        """It takes weights with a row for each output."""
        return call(x.reshape(-1), outputs, weights.T, bias)

    @layout()
    def row(self, call, x, outputs, weights, bias):
        """It takes a batch: one row for each example."""
        return call(x.reshape(1, -1), outputs, weights, bias)

    @layout()
    def column(self, call, x, outputs, weights, bias):
        """It takes column vectors, and weights with a row for each output."""
        return call(x.reshape(-1, 1), outputs, weights.T, np.reshape(bias, (-1, 1)) if np.ndim(bias) else bias)

    @layout()
    def fixed_size(self, call, x, outputs, weights, bias):
        """Its weights are drawn once, for inputs of a fixed size."""
        try:
            return call(x.reshape(-1), outputs, weights, bias)
        except AssertionError as fault:
            sizes = dict.fromkeys(int(text) for text in re.findall(r"(?<![\w.])\d{1,5}(?!\w)", str(fault)))
            for size in [size for size in sizes if 1 < size <= 20_000 and size != x.size][:4]:
                try:
                    return call(np.resize(x.reshape(-1), size), outputs, weights, bias)
                except AssertionError:
                    continue
            raise
