"""The answer key: every question with its model answer, its code, its model and the trainings over seeds."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pypdf import PdfReader
from report_records import ANSWER, HOSTILE, match, reference

from grader.reports.history_charts import reference_training_figure, test_accuracy
from grader.reports.key_pages import (
    code_html,
    key_model,
    key_view,
    requirement_view,
    write_key,
)

MADE = date(2026, 3, 1)


def test_every_question_stands_in_the_key_with_its_criteria() -> None:
    """All questions are there, each with its points and what each criterion asks for."""
    view = key_view(match(), reference(), MADE)
    assert [question.id for question in view.questions] == [question.id for question in match().rubric.questions]
    asked = view.questions[3]
    assert [one.title for one in asked.wanted][:2] == ["Architecture", "Loss and optimizer"]
    assert asked.points == "5 points"
    assert ANSWER.split("\n")[0][:20].replace("*", "") in str(view.questions[0].answer).replace("<em>", "").replace(
        "</em>", ""
    )


def test_a_model_and_a_figure_are_shown_once() -> None:
    """The second question about the same model points to the first."""
    view = key_view(match(), reference(), MADE)
    by_id = {question.id: question for question in view.questions}
    assert by_id["2.1.5"].model is not None
    assert by_id["2.3"].model is None
    assert any("2.1.5" in remark for remark in by_id["2.3"].remarks)
    assert len(by_id["2.3"].figures) == 1
    assert len(by_id["2.4b"].figures) == 1


def test_a_model_has_its_layers_and_its_spread_over_seeds() -> None:
    """Layers with parameters and a total; accuracy as mean and deviation with the number of trainings."""
    model = reference().models["small_mlp"]
    table = key_model(model)
    assert [row.layer for row in table.layers] == [
        "Flatten",
        "Dense 64, relu",
        "Dense 64, relu",
        "Dense 10, softmax",
        "Parameters in all",
    ]
    assert table.layers[-1].parameters == "55,050"
    assert "(2 trainings)" in test_accuracy(model)
    figure, rows = reference_training_figure(model)
    assert figure is not None
    assert "10 epochs" in figure.alt
    assert not rows


def test_a_sweep_has_a_row_per_factor() -> None:
    """Five factors, five rows, each with its mean."""
    figure, rows = reference_training_figure(reference().models["wide_l2"])
    assert figure is not None
    assert [row.factor for row in rows] == ["0.000001", "0.00001", "0.0001", "0.0005", "0.001"]
    assert all("±" in row.reference for row in rows)


def test_a_criterion_names_only_what_the_rubric_set() -> None:
    """Options left at their defaults are not listed."""
    questions = match().rubric.questions
    accuracy = next(one for one in questions[3].criteria if one.kind == "accuracy")
    assert "within 0.01" in requirement_view(accuracy).asks
    assert "at least" not in requirement_view(accuracy).asks.split("Asked for")[1]


def test_code_is_escaped_and_marked() -> None:
    """Code stays as it was typed, as text."""
    html = code_html(f"import keras  # {HOSTILE}")
    assert "<script" not in html
    assert 'class="kn"' in html


def test_the_key_is_written_whole_and_repeats(tmp_path: Path) -> None:
    """HTML and PDF; the same key has the same bytes."""
    first = write_key(match(), reference(), tmp_path / "one", MADE)
    again = write_key(match(), reference(), tmp_path / "two", MADE)
    assert first.pdf is not None
    assert again.pdf is not None
    assert first.pdf.read_bytes() == again.pdf.read_bytes()
    pages = PdfReader(first.pdf).pages
    assert len(pages) > 3
    html = first.html.read_text()
    assert all(question.title in html for question in match().rubric.questions)
