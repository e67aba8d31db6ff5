"""How a student's array lays out the pixels of a data set's images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

LayoutName: TypeAlias = Literal["rows", "channels_first", "grey_as_colour", "padded"]
"""`rows`: the original order of the pixels under any shape; `channels_first`: colour moved to the front;
`grey_as_colour`: a grey image three times; `padded`: 28x28 with a border to 32x32."""

_PADDED = 32


@dataclass(frozen=True)
class PixelLayout:
    """One way from a data set's images to a student's."""

    name: LayoutName
    image: tuple[int, ...]
    """Shape of the data set's image."""
    shape: tuple[int, ...]
    """Shape of the student's example."""

    def flat(self, given: NDArray[Any]) -> NDArray[Any]:
        """The given examples (n, *shape) as rows (n, pixels) in the data set's own order."""
        count = len(given)
        if self.name == "channels_first":
            given = np.moveaxis(given, 1, -1)
        elif self.name == "grey_as_colour":
            given = given[..., 0]
        elif self.name == "padded":
            edge = (_PADDED - self.image[0]) // 2
            given = given.reshape(count, _PADDED, _PADDED)[:, edge:-edge, edge:-edge]
        return given.reshape(count, -1)

    def shaped(self, rows: NDArray[np.float32], ground: float) -> NDArray[np.float32]:
        """Rows (n, pixels) in the student's shape; `ground` is the value of a border pixel."""
        count = len(rows)
        if self.name == "rows":
            return rows.reshape(count, *self.shape)
        images = rows.reshape(count, *self.image)
        if self.name == "channels_first":
            return np.ascontiguousarray(np.moveaxis(images, -1, 1))
        if self.name == "grey_as_colour":
            return np.repeat(images[..., None], self.shape[-1], axis=-1)
        edge = (_PADDED - self.image[0]) // 2
        border = ((0, 0), (edge, edge), (edge, edge))
        return np.pad(images, border, constant_values=ground).reshape(count, *self.shape)


def pixel_layouts(image: tuple[int, ...], shape: tuple[int, ...]) -> tuple[PixelLayout, ...]:
    """The layouts that could lead from a data set's `image` shape to an example of `shape`, likeliest first."""
    names: list[LayoutName] = []
    pixels = int(np.prod(image))
    if len(image) == 3 and shape == (image[2], image[0], image[1]):
        names.append("channels_first")
    if int(np.prod(shape)) == pixels:
        names.append("rows")
    if len(image) == 2 and len(shape) == 3 and shape[:2] == image and shape[2] > 1:
        names.append("grey_as_colour")
    if len(image) == 2 and image[0] < _PADDED and shape in ((_PADDED, _PADDED), (_PADDED, _PADDED, 1)):
        names.append("padded")
    return tuple(PixelLayout(name, image, shape) for name in names)
