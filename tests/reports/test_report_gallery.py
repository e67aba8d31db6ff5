"""The reference's own figures beside a group's, and figures that stand in other cells than the question's."""

from __future__ import annotations

from typing import Any

import pytest
from report_records import SVG, drawn, reference

from grader.criteria.registry import criterion_of
from grader.matching.matcher import question_matches
from grader.records import Axes, Figure, FigureDrawn, Line, Passage, Question, Recording, Reference, Rubric
from grader.reports.question_pages import reference_figures

MATRIX = ((5.0, 1.0), (0.0, 4.0))


def figure(seq: int, cell: int, *axes: Axes) -> FigureDrawn:
    return FigureDrawn(seq=seq, cell=cell, figure=Figure(axes=axes, svg=SVG))


def with_figures(*events: FigureDrawn) -> Reference:
    known = reference()
    return known.model_copy(update={"recording": Recording(testimony="reference", events=events)})


def asked(**criterion: Any) -> Question:
    fields = {"id": "5", "title": "Show it", "criteria": (criterion_of({"points": 1, **criterion}),)}
    return Question.model_validate(fields)


@pytest.mark.parametrize(
    ("kind", "alt"),
    [
        ("image_grid", "Title: sample"),
        ("prediction", "Title: predicted 3"),
        ("histogram", "Title: pixels"),
        ("confusion_matrix", "Title: matrix"),
    ],
)
def test_reference_figure_of_the_same_kind(kind: str, alt: str) -> None:
    """Of the solution's figures the one of the kind asked for is shown: samples come first, predictions last."""
    known = with_figures(
        figure(1, 1, Axes(images=((28, 28),), title="sample")),
        figure(2, 2, Axes(bars=10, title="pixels")),
        figure(3, 3, Axes(images=((2, 2),), matrices=(MATRIX,), title="matrix")),
        figure(4, 4, Axes(images=((28, 28),), title="predicted 3")),
    )
    (view,) = reference_figures(asked(kind=kind), known)
    assert view.alt.startswith("The reference's figure.")
    assert alt in view.alt


def test_reference_comparison() -> None:
    """The comparison shown is the one that plots all the models asked for."""
    known = reference()
    one, other = (known.models[name].trainings[0].history.metrics["accuracy"] for name in ("small_mlp", "conv"))
    lines = [Line(x=tuple(range(len(values))), y=values, points=len(values)) for values in (one, other)]
    known = with_figures(
        figure(1, 1, Axes(lines=(lines[0],), title="one")), figure(2, 2, Axes(lines=tuple(lines), title="both"))
    )
    (view,) = reference_figures(asked(kind="comparison_plot", models=["small_mlp", "conv"]), known)
    assert "Title: both" in view.alt
    assert reference_figures(asked(kind="comparison_plot", models=["small_mlp", "wide"]), known) == []


def test_nothing_to_lay_beside() -> None:
    """Questions on single histories, and solutions without such a figure, show none."""
    assert reference_figures(asked(kind="history_plot"), with_figures(drawn(1, 1))) == []
    assert reference_figures(asked(kind="histogram"), with_figures(drawn(1, 1))) == []


def test_figures_of_the_kind_asked_for_are_found_elsewhere() -> None:
    """Where a question's cells hold no such figure, those of other cells are taken; otherwise its own are enough."""
    rubric = Rubric(version=1, name="lab", title="Lab", questions=(asked(kind="confusion_matrix"),))
    matrix = figure(1, 7, Axes(matrices=(MATRIX,)))
    rerun = Recording(testimony="rerun", events=(matrix, drawn(2, 8)))
    (found,) = question_matches(rubric, (), {}, Recording(testimony="saved"), rerun, ())
    assert found.figures == (matrix,)


def test_figures_go_to_the_question_that_asks_for_them() -> None:
    """A question that asks for no figure leaves those in its cells to the one that does."""
    other = asked(kind="written").model_copy(update={"id": "4"})
    rubric = Rubric(version=1, name="lab", title="Lab", questions=(other, asked(kind="confusion_matrix")))
    events = (figure(1, 7, Axes(matrices=(MATRIX,))), drawn(2, 7))
    rerun = Recording(testimony="rerun", events=events)
    place = [Passage(question="4", cell=7, start=0, end=1, found_by="heading")]
    first, second = question_matches(rubric, tuple(place), {}, Recording(testimony="saved"), rerun, ())
    assert first.figures == events[1:]
    assert second.figures == events[:1]
