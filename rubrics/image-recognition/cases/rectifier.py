"""Question 21: the rectifier."""

from __future__ import annotations

import numpy as np

from grader.functions import FunctionTests, assert_agrees, credit, layout, mistake

from .inputs import FEATURE_MAP, drawn, whole


class TestRectifier(FunctionTests):
    """Rectified linear activation."""

    question = "21"
    names = ("relu", "rectified linear", "rectified", "rectifier", "rectify", "activation", "relu activation", "relu layer")
    arguments = {"x": (*FEATURE_MAP, "z", "t", "value")}

    def right(self, x):
        """Negative values become zero."""
        return np.maximum(x, 0)

    def probe(self, call):
        """Feature maps of both signs."""
        self.agree(call, drawn(1, 3, 4, 2))

    def agree(self, call, x):
        """Ask for the right values."""
        assert_agrees(call(x), self.right(x), atol=1e-9)

    @credit(1)
    def test_signs(self, call):
        """Negative numbers, zero and positive numbers"""
        self.agree(call, np.array([[-2.5, -1.0, -0.1, 0.0], [0.1, 1.0, 7.5, -7.5]])[:, :, None])

    @credit(1)
    def test_feature_maps(self, call):
        """Feature maps with two channels"""
        self.agree(call, drawn(2, 3, 4, 2))

    @credit(0.5)
    def test_integers(self, call):
        """Whole numbers"""
        self.agree(call, whole(3, 4, 4, 1))

    @credit(0.25)
    def test_large(self, call):
        """Very large and very small values"""
        self.agree(call, np.array([[-1e6, -1e-6], [1e-6, 1e6]])[:, :, None])

    @credit(0.25)
    def test_all_negative(self, call):
        """Nothing but negative numbers"""
        self.agree(call, -1 - np.abs(drawn(4, 3, 3, 2)))

    @credit(0.3)
    def test_keeps_argument(self, call):
        """The argument is left as it was"""
        call(drawn(5, 3, 4, 2))
        call.assert_arguments_kept()

    @layout(worth=0.5)
    def one_by_one(self, call, x):
        """It takes a single number: applying it to a whole map is left to the caller."""
        return np.array([call(float(value)) for value in x.reshape(-1)[:24]]).reshape(x.shape)

    @layout(piecewise=True)
    def single_map(self, call, x):
        """It takes one feature map at a time."""
        return np.stack([call(x[..., map_]) for map_ in range(x.shape[-1])], axis=-1)

    @layout(piecewise=True)
    def flat(self, call, x):
        """It takes a vector."""
        return call(x.reshape(-1)).reshape(x.shape)

    @mistake()
    def unchanged(self, x):
        """Negative values are kept."""
        return x

    @mistake()
    def absolute(self, x):
        """Negative values lose their sign where they should become zero."""
        return np.abs(x)

    @mistake()
    def reversed(self, x):
        """The wrong half is kept: positive values become zero."""
        return np.minimum(x, 0)

    @mistake(worth=0.25)
    def step(self, x):
        """It returns 1 for positive numbers instead of the numbers themselves: a step function."""
        return (x > 0).astype(float)

    @mistake()
    def sigmoid(self, x):
        """This is the logistic (sigmoid) function."""
        return 1 / (1 + np.exp(-x))

    @mistake()
    def tangent(self, x):
        """This is the hyperbolic tangent."""
        return np.tanh(x)

    @mistake(worth=0.25)
    def softplus(self, x):
        """This is softplus, log(1 + exp(x)), a smooth relative of the rectifier."""
        return np.log1p(np.exp(x))

    @mistake(worth=0.25)
    def limited(self, x):
        """Values above 1 are cut off."""
        return np.clip(x, 0, 1)

    @mistake(worth=0.5)
    def limited_at_six(self, x):
        """Values above 6 are cut off (ReLU6)."""
        return np.clip(x, 0, 6)

    @mistake(worth=0.5)
    def leaky(self, x):
        """Negative values are multiplied by 0.01 instead of set to zero: a leaky rectifier."""
        return np.where(x > 0, x, 0.01 * x)

    @mistake(worth=0.5)
    def leaky_tenth(self, x):
        """Negative values are multiplied by 0.1 instead of set to zero: a leaky rectifier."""
        return np.where(x > 0, x, 0.1 * x)

    @mistake(worth=0.25)
    def first_map(self, x):
        """Only the first feature map is rectified."""
        changed = np.array(x)
        changed[..., 0] = np.maximum(changed[..., 0], 0)
        return changed

    @mistake(worth=0.25)
    def scaled(self, x):
        """The result is also divided by its largest value."""
        return np.maximum(x, 0) / np.max(x)
