"""Figures as structure: what is plotted, and what is written around it."""

from __future__ import annotations

from grader.records.record import Record


class Line(Record):
    """One plotted line. NaN stands for a gap."""

    label: str = ""
    """Text in the legend, empty when none."""
    x: tuple[float, ...]
    y: tuple[float, ...]
    points: int
    """Points that the student plotted; `x` and `y` may be cut to the first few thousand."""


class ErrorBars(Record):
    """One `errorbar` series. `error` is half the bar's height at each point."""

    label: str = ""
    x: tuple[float, ...]
    y: tuple[float, ...]
    error: tuple[float, ...]


class Band(Record):
    """One `fill_between`: the lowest and highest drawn value at each place, in order of the places."""

    label: str = ""
    x: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


class Axes(Record):
    """One set of axes."""

    title: str = ""
    x_label: str = ""
    y_label: str = ""
    x_scale: str = "linear"
    y_scale: str = "linear"
    legend: tuple[str, ...] = ()
    """Texts shown in the legend, in order; empty when none is shown."""
    lines: tuple[Line, ...] = ()
    error_bars: tuple[ErrorBars, ...] = ()
    images: tuple[tuple[int, ...], ...] = ()
    """Shapes of pictures shown with `imshow`."""
    bars: int = 0
    """Rectangles and other patches (`bar`, `hist`)."""
    heights: tuple[float, ...] = ()
    """Of its upright rectangles, in order; cut to the first few thousand."""
    matrices: tuple[tuple[tuple[float, ...], ...], ...] = ()
    """Values, row by row, of what `imshow`, `matshow` or `pcolormesh` shows of at most 20 by 20 numbers."""
    scatters: int = 0
    scattered: tuple[Line, ...] = ()
    """Points of each `scatter`, in the order in which they were given."""
    bands: tuple[Band, ...] = ()


_SMALLEST_IMAGE = 21
"""Side in pixels from which a picture is an image: smaller ones are matrices or filters."""


class Figure(Record):
    """A figure as drawn, with a picture of it."""

    title: str = ""
    """The figure's own title (`suptitle`)."""
    axes: tuple[Axes, ...] = ()
    svg: str = ""
    """Vector picture, made inside the sandbox: untrusted. Empty when it was too large."""
    png: str = ""
    """Base64 PNG, made inside the sandbox: untrusted. Only where `svg` is empty."""

    @property
    def has_lines(self) -> bool:
        """Whether any line is plotted."""
        return any(axes.lines for axes in self.axes)

    @property
    def has_images(self) -> bool:
        """Whether it shows pictures that are large enough to be images."""
        return any(min(shape[:2], default=0) >= _SMALLEST_IMAGE for axes in self.axes for shape in axes.images)

    @property
    def has_bars(self) -> bool:
        """Whether it has bars, beside no picture."""
        return any(axes.bars > 2 and not axes.images for axes in self.axes)

    @property
    def has_square_matrix(self) -> bool:
        """Whether it shows a matrix with as many rows as columns."""
        return any(len(matrix) == len(matrix[0]) for axes in self.axes for matrix in axes.matrices)
