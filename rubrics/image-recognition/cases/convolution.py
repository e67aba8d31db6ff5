"""Question 20: convolution."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from grader.functions import FunctionTests, assert_agrees, credit, layout, mistake

from .inputs import IMAGE, drawn, whole


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
