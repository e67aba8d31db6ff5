"""Tests for the functions of questions 20 to 25: the steps of a convolutional network in plain NumPy.

An image or feature map has the shape (height, width, channels) here; other layouts are translated. Inputs are drawn
from seeded generators, so that everybody gets the same.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.testing import assert_allclose

from grader.functions import FunctionTests, Partly, assert_agrees, credit, layout, mistake

IMAGE = ("image", "img", "input", "inp", "x", "picture", "photo", "matrix", "data", "volume", "a", "bild", "imagen", "in")
FEATURE_MAP = (*IMAGE, "fmap", "feature_map", "featuremap", "input_map", "inputmap", "maps", "feature", "features", "array")


def drawn(seed: int, *shape: int, low: float = -3.0, high: float = 3.0) -> np.ndarray:
    """Numbers between `low` and `high`, to two decimals so that a report can show them."""
    return np.round(np.random.default_rng(seed).uniform(low, high, shape), 2)


def whole(seed: int, *shape: int, low: int = -9, high: int = 10) -> np.ndarray:
    """Whole numbers from `low` up to, but not, `high`."""
    return np.random.default_rng(seed).integers(low, high, shape)


class TestConvolution(FunctionTests):
    """Convolution of an image with a filter of as many channels: valid, stride 1, not flipped."""

    question = "20"
    names = (
        *("convolution", "convolve", "conv", "conv2d", "convolutional filter", "cross correlation", "correlate"),
        *("apply filter", "apply kernel", "filter image", "feature maps", "faltung", "faltning", "convolucion"),
        *("convolutie", "konvolution", "convoluzione", "conv layer", "conv forward"),
    )
    arguments = {
        "image": IMAGE,
        "kernel": ("kernel", "filter", "filt", "filters", "kernels", "k", "f", "w", "weights", "mask", "filtro", "flt"),
    }
    fillers = {
        ("stride", "strides", "step", "s"): 1,
        ("padding", "pad", "p", "mode"): [0, "valid"],
        ("bias", "b", "biases"): 0.0,
        ("kernel_size", "filter_size", "size", "fsize", "ksize"): lambda given: given["kernel"].shape[0],
        ("n_filters", "num_filters", "nfilters", "number_of_filters"): 1,
        ("channels", "n_channels", "depth"): lambda given: given["kernel"].shape[-1],
    }

    def right(self, image, kernel):
        """Sum of products over the window and all channels."""
        windows = sliding_window_view(image, kernel.shape)[:, :, 0]
        return np.einsum("ijabc,abc->ij", windows, kernel)

    def probe(self, call):
        """Two channels, oblong image."""
        self.agree(call, drawn(1, 5, 7, 2), drawn(2, 3, 3, 2))

    def agree(self, call, image, kernel):
        """Ask for the right feature map."""
        assert_agrees(call(image, kernel), self.right(image, kernel))

    @credit(1)
    def test_one_channel(self, call):
        """One channel, 3 × 3 filter"""
        self.agree(call, whole(3, 5, 6, 1).astype(float), whole(4, 3, 3, 1, low=-2, high=3).astype(float))

    @credit(2)
    def test_two_channels(self, call):
        """Two channels, 3 × 3 filter: the products are summed over both"""
        self.agree(call, whole(5, 4, 5, 2).astype(float), whole(6, 3, 3, 2, low=-2, high=3).astype(float))

    @credit(1.5)
    def test_colour_image(self, call):
        """Three channels, higher than wide"""
        self.agree(call, drawn(7, 7, 5, 3), drawn(8, 3, 3, 3))

    @credit(1)
    def test_large_filter(self, call):
        """5 × 5 filter"""
        self.agree(call, drawn(9, 6, 7, 2), drawn(10, 5, 5, 2))

    @credit(1)
    def test_even_filter(self, call):
        """2 × 2 filter"""
        self.agree(call, drawn(11, 4, 5, 2), drawn(12, 2, 2, 2))

    @credit(0.5)
    def test_whole_image(self, call):
        """A filter as large as the image gives one value"""
        self.agree(call, drawn(13, 3, 3, 2), drawn(14, 3, 3, 2))

    @credit(0.5)
    def test_integers(self, call):
        """An image of whole numbers with a filter of fractions"""
        self.agree(call, whole(15, 4, 4, 2), drawn(16, 3, 3, 2, low=-1, high=1))

    @credit(0.5)
    def test_keeps_arguments(self, call):
        """Image and filter are left as they were"""
        call(drawn(17, 4, 5, 2), drawn(18, 3, 3, 2))
        call.assert_arguments_kept()

    @layout()
    def filters_first(self, call, image, kernel):
        """It takes several filters at once, counted by the first axis."""
        return self.first_of_two(call(image, np.stack([kernel, 2 - kernel])))

    @layout()
    def filters_last(self, call, image, kernel):
        """It takes several filters at once, counted by the last axis, as Keras does."""
        return self.first_of_two(call(image, np.stack([kernel, 2 - kernel], axis=-1)))

    @layout()
    def channels_first(self, call, image, kernel):
        """It takes channels first."""
        return call(np.moveaxis(image, -1, 0), np.moveaxis(kernel, -1, 0))

    @layout()
    def filters_and_channels_first(self, call, image, kernel):
        """It takes several filters at once, and channels first, as PyTorch does."""
        kernel = np.moveaxis(kernel, -1, 0)
        return self.first_of_two(call(np.moveaxis(image, -1, 0), np.stack([kernel, 2 - kernel])))

    @layout()
    def batch(self, call, image, kernel):
        """It takes a batch of images and several filters, as Keras does."""
        return self.first_of_two(call(image[None], np.stack([kernel, 2 - kernel], axis=-1))[0])

    @layout(worth=0.5, piecewise=True)
    def channel_by_channel(self, call, image, kernel):
        """It takes a single channel: going over the channels and summing them is left to the caller."""
        return sum(call(image[:, :, channel], kernel[:, :, channel]) for channel in range(image.shape[2]))

    def first_of_two(self, maps):
        """The first of two feature maps, whichever axis counts them."""
        return maps[..., 0] if maps.ndim and maps.shape[-1] == 2 else maps[0] if maps.ndim else maps

    @mistake(worth=0.5)
    def flipped(self, image, kernel):
        """The filter is flipped in both directions: that is the convolution of mathematics; a convolutional layer slides the filter as it is (cross-correlation)."""
        return self.right(image, kernel[::-1, ::-1])

    @mistake(worth=0.4)
    def flipped_throughout(self, image, kernel):
        """The filter is flipped in all three directions, also over the channels; a convolutional layer slides it as it is (cross-correlation)."""
        return self.right(image, kernel[::-1, ::-1, ::-1])

    @mistake(worth=0.25)
    def flipped_sideways(self, image, kernel):
        """The filter is mirrored left to right."""
        return self.right(image, kernel[:, ::-1])

    @mistake(worth=0.25)
    def flipped_upside_down(self, image, kernel):
        """The filter is mirrored top to bottom."""
        return self.right(image, kernel[::-1])

    @mistake(worth=0.25)
    def turned(self, image, kernel):
        """The filter's rows and columns are exchanged."""
        return self.right(image, kernel.transpose(1, 0, 2))

    @mistake(worth=0.25)
    def first_channel(self, image, kernel):
        """Only the first channel is used."""
        return self.right(image[:, :, :1], kernel[:, :, :1])

    @mistake(worth=0.25)
    def last_channel(self, image, kernel):
        """Only the last channel counts: each channel overwrites the one before it instead of being added."""
        return self.right(image[:, :, -1:], kernel[:, :, -1:])

    @mistake(worth=0.25)
    def first_filter_channel(self, image, kernel):
        """The filter's first channel is used for all channels of the image."""
        return self.right(image, np.repeat(kernel[:, :, :1], kernel.shape[2], axis=2))

    @mistake(worth=0.5)
    def unsummed(self, image, kernel):
        """The channels are not summed: there is one map for each channel where a filter gives a single one."""
        depth = kernel.shape[2]
        return np.stack([self.right(image[:, :, c : c + 1], kernel[:, :, c : c + 1]) for c in range(depth)], axis=-1)

    @mistake(worth=0.5)
    def averaged_channels(self, image, kernel):
        """The channels are averaged instead of summed."""
        return self.right(image, kernel) / kernel.shape[2]

    @mistake(worth=0.5)
    def averaged(self, image, kernel):
        """The products are averaged instead of summed."""
        return self.right(image, kernel) / kernel.size

    @mistake(worth=0.4)
    def averaged_window(self, image, kernel):
        """The sum is divided by the number of values in a window."""
        return self.right(image, kernel) / kernel[:, :, 0].size

    @mistake(worth=0.5)
    def same(self, image, kernel):
        """The image is padded with zeros, so that the result is as large as the image; asked is a valid convolution without padding."""
        rows, columns = kernel.shape[0] - 1, kernel.shape[1] - 1
        around = ((rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2), (0, 0))
        return self.right(np.pad(image, around), kernel)

    @mistake(worth=0.25)
    def uncomputed_border(self, image, kernel):
        """The result is as large as the image with a border of zeros; asked is a valid convolution, which is smaller."""
        valid = self.right(image, kernel)
        return np.pad(valid, [((a - b) // 2, a - b - (a - b) // 2) for a, b in zip(image.shape[:2], valid.shape)])

    @mistake(worth=0.25)
    def uncomputed_end(self, image, kernel):
        """The result is as large as the image and its last rows and columns stay zero; a valid convolution is smaller."""
        valid = self.right(image, kernel)
        return np.pad(valid, [(0, a - b) for a, b in zip(image.shape[:2], valid.shape)])

    @mistake(worth=0.25)
    def full(self, image, kernel):
        """The image is padded on all sides (a full convolution); asked is a valid one without padding."""
        edge = (kernel.shape[0] - 1,) * 2
        return self.right(np.pad(image, (edge, edge, (0, 0))), kernel)

    @mistake(worth=0.5)
    def one_short(self, image, kernel):
        """The last row and column of the result are missing: the loops end one step early."""
        return self.right(image, kernel)[:-1, :-1]

    @mistake(worth=0.5)
    def one_short_zero(self, image, kernel):
        """The last row and column of the result stay zero: the loops end one step early."""
        short = self.right(image, kernel)
        short[-1], short[:, -1] = 0, 0
        return short

    @mistake(worth=0.25)
    def stepped(self, image, kernel):
        """The filter moves two pixels at a time; asked is a stride of 1."""
        return self.right(image, kernel)[::2, ::2]

    @mistake(worth=0.5)
    def rectified(self, image, kernel):
        """Negative values are set to zero: the activation is a step of its own."""
        return np.maximum(self.right(image, kernel), 0)

    @mistake(worth=0.25)
    def absolute(self, image, kernel):
        """Signs are lost: the values are absolute ones."""
        return np.abs(self.right(image, kernel))

    @mistake(worth=0.5)
    def truncated(self, image, kernel):
        """The values are cut to whole numbers: the result is kept in an array of integers."""
        return np.trunc(self.right(image, kernel))

    @mistake(worth=0.25)
    def limited(self, image, kernel):
        """The values are clipped to the range from 0 to 255."""
        return np.clip(self.right(image, kernel), 0, 255)

    @mistake(worth=0.25)
    def matrix_product(self, image, kernel):
        """The window is multiplied with the filter as a matrix, where each value is to be multiplied with its own weight."""
        windows = sliding_window_view(image, kernel.shape)[:, :, 0]
        return np.einsum("ijabc,bdc->ij", windows, kernel)

    @mistake()
    def unweighted(self, image, kernel):
        """The filter's values are not used: the window is just summed."""
        return self.right(image, np.ones_like(kernel))


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


class TestMaxPooling(FunctionTests):
    """Max pooling of each feature map, with a size and a stride."""

    question = "22"
    names = (
        *("max pooling", "maxpool", "max pool", "pooling", "pool", "maxpooling", "pool forward", "maxpool2d"),
        *("downsample", "poolen", "pool layer", "max pooling layer"),
    )
    arguments = {
        "fmap": FEATURE_MAP,
        "size": ("size", "pool_size", "poolsize", "kernel_size", "kernel", "k", "f", "window", "filter_size", "pool", "ksize"),
        "stride": ("stride", "strides", "step", "s", "stepsize", "skip"),
    }
    optional = ("size", "stride")
    fillers = {("padding", "pad", "mode"): [0, "valid"]}

    def right(self, fmap, size, stride):
        """Largest value of each whole window."""
        windows = sliding_window_view(fmap, (size, size), axis=(0, 1))[::stride, ::stride]
        return windows.max(axis=(-2, -1))

    def cut(self, fmap, size, stride):
        """The same with windows that reach over the edge, cut off there."""
        rows, columns = -(-fmap.shape[0] // stride), -(-fmap.shape[1] // stride)
        starts = [(i * stride, j * stride) for i in range(rows) for j in range(columns)]
        values = [fmap[i : i + size, j : j + size].max(axis=(0, 1)) for i, j in starts]
        return np.reshape(values, (rows, columns, *fmap.shape[2:]))

    def padded(self, fmap, size, stride):
        """The same as Keras with padding "same": the windows are centred."""
        rows, columns = -(-fmap.shape[0] // stride), -(-fmap.shape[1] // stride)
        over = [max((n - 1) * stride + size - m, 0) for n, m in zip((rows, columns), fmap.shape)]
        around = [(n // 2, n - n // 2) for n in over] + [(0, 0)] * (fmap.ndim - 2)
        return self.right(np.pad(fmap.astype(float), around, constant_values=-np.inf), size, stride)

    def agree(self, call, fmap, size, stride):
        """Ask for the right maxima; what happens at the edge is open."""
        ways = (self.right, self.cut, self.padded)
        assert_agrees(call(fmap, size, stride), *(way(fmap, size, stride) for way in ways))

    def probe(self, call):
        """Two maps, wider than high."""
        self.agree(call, drawn(1, 4, 8, 3, low=0, high=9), 2, 2)

    @credit(1)
    def test_one_map(self, call):
        """One map, size 2, stride 2"""
        self.agree(call, whole(2, 4, 4, 1, low=0).astype(float), 2, 2)

    @credit(1.5)
    def test_several_maps(self, call):
        """Three maps, wider than high, size 2, stride 2"""
        self.agree(call, drawn(3, 4, 6, 3, low=0, high=9), 2, 2)

    @credit(1)
    def test_odd_size(self, call):
        """Odd height and width (incomplete windows may be dropped or kept)"""
        self.agree(call, drawn(4, 5, 7, 2, low=0, high=9), 2, 2)

    @credit(1)
    def test_size_three(self, call):
        """Size 3, stride 3"""
        self.agree(call, drawn(5, 6, 6, 2, low=0, high=9), 3, 3)

    @credit(1)
    def test_overlapping(self, call):
        """Overlapping windows: size 3, stride 2"""
        self.agree(call, drawn(6, 9, 9, 1, low=0, high=9), 3, 2)

    @credit(0.5)
    def test_stride_one(self, call):
        """Size 2, stride 1"""
        self.agree(call, drawn(7, 4, 6, 2, low=0, high=9), 2, 1)

    @credit(1)
    def test_negative(self, call):
        """Nothing but negative values"""
        self.agree(call, drawn(8, 4, 4, 2, low=-9, high=-1), 2, 2)

    @credit(0.5)
    def test_integers(self, call):
        """Whole numbers"""
        self.agree(call, whole(9, 4, 6, 2), 2, 2)

    @credit(0.5)
    def test_keeps_argument(self, call):
        """The feature maps are left as they were"""
        call(drawn(10, 4, 4, 2), 2, 2)
        call.assert_arguments_kept()

    @layout()
    def pairs(self, call, fmap, size, stride):
        """It takes size and stride as pairs."""
        return call(fmap, (size, size), (stride, stride))

    @layout()
    def size_as_pair(self, call, fmap, size, stride):
        """It takes the size as a pair."""
        return call(fmap, (size, size), stride)

    @layout(piecewise=True)
    def single_map(self, call, fmap, size, stride):
        """It takes one feature map at a time."""
        return np.stack([call(fmap[:, :, m], size, stride) for m in range(fmap.shape[2])], axis=-1)

    @layout()
    def channels_first(self, call, fmap, size, stride):
        """It takes channels first."""
        pooled = call(np.moveaxis(fmap, -1, 0), size, stride)
        return np.moveaxis(pooled, 0, -1) if pooled.ndim == 3 else pooled

    @layout()
    def batch(self, call, fmap, size, stride):
        """It takes a batch."""
        return call(fmap[None], size, stride)[0]

    @mistake(worth=0.25)
    def average(self, fmap, size, stride):
        """It takes the mean of each window instead of its largest value: average pooling."""
        return sliding_window_view(fmap, (size, size), axis=(0, 1))[::stride, ::stride].mean(axis=(-2, -1))

    @mistake(worth=0.25)
    def smallest(self, fmap, size, stride):
        """It takes the smallest value of each window."""
        return -self.right(-fmap, size, stride)

    @mistake(worth=0.25)
    def total(self, fmap, size, stride):
        """It takes the sum of each window."""
        return sliding_window_view(fmap, (size, size), axis=(0, 1))[::stride, ::stride].sum(axis=(-2, -1))

    @mistake(worth=0.25)
    def stride_ignored(self, fmap, size, stride):
        """The stride is ignored: the windows move by their own size."""
        return self.right(fmap, size, size)

    @mistake(worth=0.25)
    def stride_ignored_cut(self, fmap, size, stride):
        """The stride is ignored: the windows move by their own size, up to the edge."""
        return self.cut(fmap, size, size)

    @mistake(worth=0.25)
    def stride_two(self, fmap, size, stride):
        """The stride is ignored: it is always 2."""
        return self.right(fmap, size, 2)

    @mistake(worth=0.25)
    def size_two(self, fmap, size, stride):
        """The size is ignored: it is always 2."""
        return self.right(fmap, 2, stride)

    @mistake(worth=0.25)
    def size_ignored(self, fmap, size, stride):
        """The size is ignored: the windows are as large as the stride."""
        return self.right(fmap, stride, stride)

    @mistake(worth=0.25)
    def both_two(self, fmap, size, stride):
        """Size and stride are ignored: both are always 2."""
        return self.right(fmap, 2, 2)

    @mistake(worth=0.4)
    def from_zero(self, fmap, size, stride):
        """Negative maxima come out as zero: the search for the largest value starts from zero."""
        return np.maximum(self.right(fmap, size, stride), 0)

    @mistake(worth=0.25)
    def across_maps(self, fmap, size, stride):
        """The largest value is taken over all feature maps together; each map is pooled by itself."""
        return self.right(fmap, size, stride).max(axis=-1)

    @mistake(worth=0.25)
    def across_maps_repeated(self, fmap, size, stride):
        """The largest value is taken over all feature maps together; each map is pooled by itself."""
        pooled = self.right(fmap, size, stride)
        return np.broadcast_to(pooled.max(axis=-1, keepdims=True), pooled.shape)

    @mistake(worth=0.25)
    def first_map(self, fmap, size, stride):
        """Only the first feature map is pooled."""
        return self.right(fmap[:, :, :1], size, stride)

    @mistake(worth=0.25)
    def first_map_alone(self, fmap, size, stride):
        """Only the first feature map is pooled; the others stay zero."""
        pooled = self.right(fmap, size, stride)
        pooled[:, :, 1:] = 0
        return pooled

    @mistake()
    def corner(self, fmap, size, stride):
        """It takes the value in the corner of each window instead of the largest one."""
        windows = sliding_window_view(fmap, (size, size), axis=(0, 1))[::stride, ::stride]
        return windows[..., 0, 0]

    @mistake()
    def largest_of_all(self, fmap, size, stride):
        """It takes the largest value of each whole map."""
        return fmap.max(axis=(0, 1))

    @mistake(worth=0.5)
    def truncated(self, fmap, size, stride):
        """The values are cut to whole numbers: the result is kept in an array of integers."""
        return np.trunc(self.right(fmap, size, stride))

    @mistake(worth=0.5)
    def one_short(self, fmap, size, stride):
        """The last row and column of the result are missing: the loops end one step early."""
        return self.right(fmap, size, stride)[:-1, :-1]

    @mistake(worth=0.5)
    def one_short_zero(self, fmap, size, stride):
        """The last row and column of the result stay zero: the loops end one step early."""
        pooled = np.array(self.right(fmap, size, stride))
        pooled[-1], pooled[:, -1] = 0, 0
        return pooled


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
