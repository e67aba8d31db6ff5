"""Images in figures: how many a figure shows, what is written around each, and how many pixels one has."""

from __future__ import annotations

import math

from grader.criteria.case import Case
from grader.records import Axes, Figure

_SMALLEST = 21
"""Side in pixels from which a picture of another size than the data set's is an image: the filters of a network have
sides of 3 to 11, and confusion matrices 10 or 20."""
_MOST_TILES = 10_000
"""Tiles that one montage counts at most: it may show a whole test set, and more than that is no picture of images."""


def image_sizes(case: Case) -> frozenset[tuple[int, int]]:
    """Height and width, in pixels, of the images of the lab's data sets."""
    return frozenset((shape[0], shape[1]) for shape in case.image_shapes)


def pixel_counts(case: Case) -> frozenset[int]:
    """Numbers of values that one image of the lab may have: all of its channels, or one of them."""
    shapes = case.image_shapes
    return frozenset({math.prod(shape) for shape in shapes} | {shape[0] * shape[1] for shape in shapes})


def images_in(figure: Figure, sizes: frozenset[tuple[int, int]]) -> int:
    """Images that `figure` shows, a montage by its tiles; matrices, colour bars and the like are none."""
    return sum(_images(axes, sizes) for axes in figure.axes)


def titled_images(figure: Figure, sizes: frozenset[tuple[int, int]]) -> int:
    """Sets of axes with an image and a text of their own."""
    return sum(1 for axes in figure.axes if _images(axes, sizes) and text_of(axes))


def text_of(axes: Axes) -> str:
    """What is written around an image: its title, or its axes' labels."""
    return " ".join(text for text in (axes.title, axes.x_label, axes.y_label) if text.strip())


def _images(axes: Axes, sizes: frozenset[tuple[int, int]]) -> int:
    return sum(_tiles(shape, sizes) for shape in axes.images)


def _tiles(shape: tuple[int, ...], sizes: frozenset[tuple[int, int]]) -> int:
    """1 for an image, the number of tiles for a montage of the data set's images, 0 for what is none."""
    if len(shape) < 2:
        return 0
    for height, width in sorted(sizes):
        if shape[0] % height == 0 and shape[1] % width == 0:
            return min((shape[0] // height) * (shape[1] // width), _MOST_TILES)
    return int(min(shape[:2]) >= _SMALLEST)
