"""Tests for the functions of the tiny lab."""

from __future__ import annotations

import numpy as np

from grader.functions import FunctionTests, assert_agrees, credit


class TestSoftmax(FunctionTests):
    """Softmax of a vector."""

    question = "1"
    names = ("softmax",)
    arguments = {"x": ("x", "z", "scores")}

    def right(self, x):
        """Shares of the powers."""
        powers = np.exp(x - x.max())
        return powers / powers.sum()

    def probe(self, call):
        """Three scores."""
        x = np.array([0.5, 1.5, 2.0])
        assert_agrees(call(x), self.right(x))

    @credit(2)
    def test_scores(self, call):
        """Five scores"""
        x = np.random.default_rng(3).normal(size=5)
        assert_agrees(call(x), self.right(x))

    def test_large(self, call):
        """Scores around 1000"""
        x = np.array([1000.0, 1001.0])
        assert_agrees(call(x), self.right(x))

    def test_kept(self, call):
        """The scores are left as they were"""
        call(np.array([1.0, 2.0]))
        call.assert_arguments_kept()


class TestRelu(FunctionTests):
    """The rectifier."""

    question = "2"
    names = ("relu", "rectifier")
    arguments = {"x": ("x", "z")}

    def right(self, x):
        """Nothing below 0."""
        return np.maximum(x, 0)

    def probe(self, call):
        """Mixed signs."""
        x = np.array([-1.0, 2.0, -3.5])
        assert_agrees(call(x), self.right(x))

    def test_signs(self, call):
        """Mixed signs in two dimensions"""
        x = np.random.default_rng(4).normal(size=(3, 4))
        assert_agrees(call(x), self.right(x))
