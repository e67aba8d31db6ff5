"""Question 23: normalisation."""

from __future__ import annotations

import numpy as np

from grader.functions import FunctionTests, assert_agrees, credit, layout, mistake

from .inputs import FEATURE_MAP, drawn, whole


class TestNormalisation(FunctionTests):
    """Normalisation of each feature map to mean 0 and standard deviation 1."""

    question = "23"
    names = (
        *("normalisation", "normalization", "normalise", "normalize", "norm", "batch norm", "standardise", "standardize"),
        *("standardization", "normalisierung", "normalizar", "normaliser", "normalisera", "feature norm", "zscore"),
    )
    arguments = {"fmap": FEATURE_MAP}
    fillers = {("eps", "epsilon"): 1e-8, ("gamma", "scale"): 1.0, ("beta", "shift"): 0.0, ("axis",): [(0, 1)]}

    def right(self, fmap):
        """Each map by itself, with the deviation of the population."""
        return (fmap - fmap.mean(axis=(0, 1))) / fmap.std(axis=(0, 1))

    def probe(self, call):
        """Maps of different means and scales."""
        self.agree(call, self.maps(1, 4, 5, 3))

    def agree(self, call, fmap):
        """Ask for the right values; a small number added to the deviation is allowed for."""
        assert_agrees(call(fmap), self.right(fmap), rtol=2e-3, atol=2e-3)

    def maps(self, seed, rows, columns, maps):
        """Feature maps, each with a mean and scale of its own."""
        return np.round(drawn(seed, rows, columns, maps) * (1 + np.arange(maps)) + 5 * np.arange(maps), 2)

    @credit(1)
    def test_one_map(self, call):
        """One map"""
        self.agree(call, self.maps(2, 3, 4, 1))

    @credit(2)
    def test_several_maps(self, call):
        """Three maps with means and scales of their own"""
        self.agree(call, self.maps(3, 3, 4, 3))

    @credit(1)
    def test_odd_size(self, call):
        """Two maps of odd height and width"""
        self.agree(call, self.maps(4, 5, 3, 2))

    @credit(0.75)
    def test_integers(self, call):
        """Whole numbers"""
        self.agree(call, whole(5, 4, 4, 2, low=0, high=20))

    @credit(0.5)
    def test_large(self, call):
        """Large values far from zero"""
        self.agree(call, 1000 + 100 * drawn(6, 3, 4, 2))

    @credit(0.5)
    def test_keeps_argument(self, call):
        """The feature maps are left as they were"""
        call(self.maps(7, 3, 4, 2))
        call.assert_arguments_kept()

    @layout(piecewise=True)
    def single_map(self, call, fmap):
        """It takes one feature map at a time."""
        return np.stack([call(fmap[:, :, m]) for m in range(fmap.shape[2])], axis=-1)

    @layout()
    def channels_first(self, call, fmap):
        """It takes channels first."""
        return np.moveaxis(call(np.moveaxis(fmap, -1, 0)), 0, -1)

    @layout()
    def batch(self, call, fmap):
        """It takes a batch."""
        return call(fmap[None])[0]

    @mistake(worth=0.75)
    def sample_deviation(self, fmap):
        """It divides by the deviation of a sample (n − 1): the deviation of the result is not exactly 1."""
        return (fmap - fmap.mean(axis=(0, 1))) / fmap.std(axis=(0, 1), ddof=1)

    @mistake(worth=0.25)
    def all_maps_together(self, fmap):
        """All feature maps are normalised together; each is to have mean 0 and deviation 1 by itself."""
        return (fmap - fmap.mean()) / fmap.std()

    @mistake(worth=0.25)
    def across_maps(self, fmap):
        """Each pixel is normalised over the feature maps; each map is to be normalised over its pixels."""
        return (fmap - fmap.mean(axis=-1, keepdims=True)) / fmap.std(axis=-1, keepdims=True)

    @mistake(worth=0.25)
    def by_columns(self, fmap):
        """Each column is normalised by itself instead of the whole map."""
        return (fmap - fmap.mean(axis=0)) / fmap.std(axis=0)

    @mistake(worth=0.25)
    def by_rows(self, fmap):
        """Each row is normalised by itself instead of the whole map."""
        return (fmap - fmap.mean(axis=1, keepdims=True)) / fmap.std(axis=1, keepdims=True)

    @mistake(worth=0.5)
    def centred(self, fmap):
        """Only the mean is subtracted: the deviation is not 1."""
        return fmap - fmap.mean(axis=(0, 1))

    @mistake(worth=0.25)
    def scaled(self, fmap):
        """It divides by the deviation without subtracting the mean."""
        return fmap / fmap.std(axis=(0, 1))

    @mistake(worth=0.5)
    def by_variance(self, fmap):
        """It divides by the variance instead of the standard deviation."""
        return (fmap - fmap.mean(axis=(0, 1))) / fmap.var(axis=(0, 1))

    @mistake(worth=0.25)
    def unbracketed(self, fmap):
        """Brackets are missing: only the mean is divided by the deviation."""
        return fmap - fmap.mean(axis=(0, 1)) / fmap.std(axis=(0, 1))

    @mistake(worth=0.25)
    def to_unit_range(self, fmap):
        """The values are scaled to the range from 0 to 1, not to mean 0 and deviation 1."""
        low, high = fmap.min(axis=(0, 1)), fmap.max(axis=(0, 1))
        return (fmap - low) / (high - low)

    @mistake()
    def to_unit_range_together(self, fmap):
        """The values of all maps are scaled to the range from 0 to 1, not to mean 0 and deviation 1."""
        return (fmap - fmap.min()) / (fmap.max() - fmap.min())

    @mistake()
    def by_largest(self, fmap):
        """The values are divided by the largest one; asked is mean 0 and deviation 1."""
        return fmap / fmap.max()

    @mistake()
    def by_255(self, fmap):
        """The values are divided by 255; asked is mean 0 and deviation 1."""
        return fmap / 255

    @mistake()
    def by_length(self, fmap):
        """The values are divided by their Euclidean length; asked is mean 0 and deviation 1."""
        return fmap / np.linalg.norm(fmap)

    @mistake(worth=0.25)
    def first_map(self, fmap):
        """Only the first feature map is normalised."""
        changed = fmap.astype(float)
        changed[..., 0] = (fmap[..., 0] - fmap[..., 0].mean()) / fmap[..., 0].std()
        return changed

    @mistake(worth=0.25)
    def truncated(self, fmap):
        """The values are cut to whole numbers: the result is written into an array of integers."""
        return np.trunc(self.right(fmap))
