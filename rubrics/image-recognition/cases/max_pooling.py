"""Question 22: max pooling."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from grader.functions import FunctionTests, assert_agrees, credit, layout, mistake

from .inputs import FEATURE_MAP, drawn, whole


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
