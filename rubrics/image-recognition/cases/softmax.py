"""Question 25: softmax."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from grader.functions import FunctionTests, credit, layout, mistake

from .inputs import FEATURE_MAP, drawn


class TestSoftmax(FunctionTests):
    """Softmax of a vector of scores."""

    question = "25"
    names = ("softmax", "soft max", "classification probabilities", "probabilities", "class probabilities", "softmax layer")
    arguments = {"x": (*FEATURE_MAP, "z", "scores", "logits", "vector", "values")}
    fillers = {("axis", "dim"): [-1, 0]}

    def right(self, x):
        """Exponentials over their sum, without overflow."""
        powers = np.exp(x - np.max(x))
        return powers / powers.sum()

    def probe(self, call):
        """Five scores of both signs."""
        self.agree(call, drawn(1, 5))

    def agree(self, call, x):
        """Ask for the right probabilities."""
        assert_allclose(call(x).reshape(-1), self.right(x), rtol=1e-5, atol=1e-7)

    @credit(1)
    def test_three_scores(self, call):
        """Three scores"""
        self.agree(call, np.array([1.0, 2.0, 3.0]))

    @credit(1)
    def test_ten_scores(self, call):
        """Ten scores of both signs"""
        self.agree(call, drawn(2, 10))

    @credit(0.5)
    def test_integers(self, call):
        """Whole numbers"""
        self.agree(call, np.array([3, -1, 0, 2]))

    @credit(0.5)
    def test_equal_scores(self, call):
        """Equal scores give equal probabilities"""
        self.agree(call, np.full(4, 0.5))

    @credit(0.75)
    def test_large(self, call):
        """Scores around 1000"""
        self.agree(call, np.array([1000.0, 1001.0, 1002.5]))

    @credit(0.25)
    def test_very_negative(self, call):
        """Scores around −1000"""
        self.agree(call, np.array([-1000.0, -1001.0, -1002.5]))

    @credit(0.25)
    def test_keeps_argument(self, call):
        """The scores are left as they were"""
        call(drawn(3, 4))
        call.assert_arguments_kept()

    @layout()
    def row(self, call, x):
        """It takes a batch: one row of scores for each example."""
        return call(x.reshape(1, -1)).reshape(-1)

    @layout()
    def column(self, call, x):
        """It takes scores as a column."""
        return call(x.reshape(-1, 1)).reshape(-1)

    @mistake(overflows=True)
    def overflowing(self, x):
        """It overflows: exp is infinite for scores above about 709 and zero for those below about −745. Subtracting the largest score first changes nothing else."""
        powers = np.exp(x)
        return powers / powers.sum()

    @mistake()
    def unnormalised(self, x):
        """The exponentials are not divided by their sum: the probabilities do not sum to 1."""
        return np.exp(x)

    @mistake()
    def shifted_unnormalised(self, x):
        """The exponentials are not divided by their sum, but at most by the largest one: the probabilities do not sum to 1."""
        return np.exp(x - x.max())

    @mistake(worth=0.25)
    def by_count(self, x):
        """The exponentials are divided by their number instead of by their sum."""
        return np.exp(x) / x.size

    @mistake()
    def without_powers(self, x):
        """The exponential is missing: the scores are divided by their sum."""
        return x / x.sum()

    @mistake()
    def by_sum_of_scores(self, x):
        """The exponentials are divided by the sum of the scores instead of by the sum of the exponentials."""
        return np.exp(x) / x.sum()

    @mistake(worth=0.25)
    def logistic(self, x):
        """This is the logistic (sigmoid) function of each score: the probabilities do not sum to 1."""
        return 1 / (1 + np.exp(-x))

    @mistake(worth=0.25)
    def largest_alone(self, x):
        """Only the largest score gets a 1: that is the class, not its probability."""
        return (x == x.max()).astype(float)

    @mistake(worth=0.5)
    def logarithm(self, x):
        """It returns the logarithm of the probabilities."""
        return x - x.max() - np.log(np.exp(x - x.max()).sum())

    @mistake(worth=0.25)
    def negated(self, x):
        """The sign is wrong: the smallest score gets the largest probability."""
        return self.right(-x)

    @mistake(worth=0.5)
    def base_two(self, x):
        """The base is 2 instead of e."""
        return 2.0**x / (2.0**x).sum()

    @mistake(worth=0.5)
    def rounded(self, x):
        """The probabilities are rounded to two decimals."""
        return np.round(self.right(x), 2)

    @mistake(worth=0.5)
    def in_per_cent(self, x):
        """The probabilities are in per cent: they sum to 100 instead of 1."""
        return 100 * self.right(x)
