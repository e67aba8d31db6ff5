"""Figures drawn on a page, told from what LaTeX draws around code."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from grader.formats.pdf.characters import picture_boxes


def shape(x0: float, top: float, x1: float, bottom: float, points: int = 2, fill: bool = False) -> dict[str, Any]:
    """A line or curve as the PDF library tells of it."""
    return {"x0": x0, "top": top, "x1": x1, "bottom": bottom, "pts": [(x0, top)] * points, "fill": fill}


def page(lines: list[dict[str, Any]], curves: list[dict[str, Any]]) -> Any:
    """A letter page without text."""
    return SimpleNamespace(width=612, height=792, images=[], rects=[], lines=lines, curves=curves)


def test_marked_signs_in_a_code_box_are_no_figure() -> None:
    """LaTeX frames signs that it holds for errors, such as `!` of a shell line, within a rounded box: code, no plot."""
    boxes = [shape(72, 251, 540, 298, 13, True), shape(72, 305, 540, 555, 13, True)]
    frames = [shape(76, 267 + step, 82, 267 + step) for step in range(0, 40, 4)]
    assert picture_boxes(page(frames, boxes)) == []


def test_a_plot_beside_a_code_box_is_a_figure() -> None:
    """Curves and ticks below a code box are a figure, and the box is not in it."""
    ticks = [shape(120 + 20 * step, 500, 120 + 20 * step, 504) for step in range(12)]
    curve = shape(120, 350, 400, 500, 40)
    (found,) = picture_boxes(page(ticks, [shape(72, 251, 540, 340, 13, True), curve]))
    assert found[1] > 340
