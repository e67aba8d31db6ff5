"""Pyplot, wrapped so that every figure is described once, when it is shown, saved or its cell ends."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import matplotlib.pyplot as plt
from matplotlib._pylab_helpers import Gcf
from matplotlib.figure import Figure

from grader.recorder.probe.drawing.figures import figure_description
from grader.recorder.probe.link import Link

_MAX_FIGURES = 200
_MAX_DRAFTS = 20
_SAVED = "_labgrade_saved"


class FigureWatch:
    """Describes figures to the host."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._count = 0
        self._drawing = False
        self._drafted = False

    def install(self) -> None:
        """Wrap `show`, `close` and `savefig`."""
        close, savefig = plt.close, Figure.savefig

        def show(*arguments: Any, **more: Any) -> None:
            self.collect()

        def closing(fig: Any = None) -> None:
            self._before_close(fig)
            close(fig)

        def saving(figure: Any, *arguments: Any, **more: Any) -> Any:
            if not self._drawing:
                setattr(figure, _SAVED, True)
            return savefig(figure, *arguments, **more)

        pyplot: Any = plt
        figure_class: Any = Figure
        pyplot.show, pyplot.close = show, closing
        figure_class.savefig, figure_class.show = saving, show
        self._close = close

    def collect(self) -> None:
        """Describe and close all open figures."""
        for number in plt.get_fignums():
            self._describe(plt.figure(number))
        self._close("all")
        if self._drafted:
            self._drafted = False
            self._link.event("drafts", figures=[])

    def draft(self) -> None:
        """Describe, without pictures, what the open figures show so far: that counts if the run ends here."""
        figures = [Gcf.figs[number].canvas.figure for number in sorted(Gcf.figs)[:_MAX_DRAFTS]]
        # A figure that cannot be described or is too large for a message is told, or fails, when it is shown.
        with suppress(Exception):
            drafts = [figure_description(figure, pictured=False) for figure in figures if figure.get_axes()]
            if drafts or self._drafted:
                self._link.event("drafts", figures=drafts)
                self._drafted = bool(drafts)

    def _before_close(self, which: Any) -> None:
        """A figure that was saved to a file and is closed unseen was shown in its way."""
        numbers: list[Any] = plt.get_fignums()
        if which is None:
            numbers = [plt.gcf().number] if numbers else []
        elif isinstance(which, Figure):
            numbers = [number for number in numbers if plt.figure(number) is which]
        elif isinstance(which, int):
            numbers = [number for number in numbers if number == which]
        for number in numbers:
            figure = plt.figure(number)
            if getattr(figure, _SAVED, False):
                self._describe(figure)

    def _describe(self, figure: Any) -> None:
        if not figure.get_axes() or self._count >= _MAX_FIGURES:
            return
        self._count += 1
        self._drawing = True
        try:
            self._link.event("figure", figure=figure_description(figure))
        finally:
            self._drawing = False
