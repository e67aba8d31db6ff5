"""The class report: scores, questions, mistakes and models of many results, with or without names."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pypdf import PdfReader
from report_records import result

from grader.records import Reason, Result
from grader.reports.class_report import class_view, common_mistakes, write_class
from grader.reports.class_statistics import definitions, distribution, item_statistics, sharing
from grader.reports.files import GradedClass

MADE = date(2026, 3, 1)


def graded(name: str, shares: dict[str, float]) -> Result:
    """The fictional result, with a share of the decided points of each named question awarded."""
    made = result(name)
    questions = []
    for question in made.questions:
        share = shares.get(question.id)
        verdicts = question.verdicts
        if share is not None:
            verdicts = tuple(
                one.model_copy(update={"awarded": one.points * share}) if one.decided else one for one in verdicts
            )
        awarded = sum(one.awarded for one in verdicts)
        questions.append(question.model_copy(update={"verdicts": verdicts, "awarded": awarded}))
    total = sum(question.awarded for question in questions)
    score = made.score.model_copy(update={"awarded": total})
    return made.model_copy(update={"questions": tuple(questions), "score": score})


def a_class(size: int = 12) -> dict[str, Result]:
    """Groups that rise in 2.3 and 2.1.5 together and fall in 2.4a."""
    return {
        f"group{number:02}": graded(
            f"group{number:02}",
            {"2.3": number / size, "2.1.5": number / size, "2.4b": number / size, "2.4a": 1 - number / size},
        )
        for number in range(size)
    }


def test_quartiles_and_reach_are_of_all_results() -> None:
    """The median lies between the extremes; what awaits is only ever on top."""
    scores = distribution(a_class())
    low, middle, high = scores.quartiles
    assert scores.final[0] <= low < middle < high <= scores.final[-1]
    assert all(reach >= final for final, reach in zip(scores.final, scores.reachable, strict=True))


def test_a_question_against_the_grain_has_negative_discrimination() -> None:
    """The question that the strong groups lose has a correlation below zero; the others above."""
    found = {item.id: item for item in item_statistics(a_class())}
    assert found["2.3"].discrimination is not None
    assert found["2.3"].discrimination > 0.5
    assert found["2.4a"].discrimination is not None
    assert found["2.4a"].discrimination < 0
    assert found["2.3"].difficulty == pytest.approx(sum(range(12)) / 144)


def test_nine_submissions_have_no_discrimination() -> None:
    """Below ten a correlation says nothing, and none is given."""
    assert all(item.discrimination is None for item in item_statistics(a_class(9)))


def test_mistakes_with_the_same_reasons_are_one_mistake() -> None:
    """Too few epochs are the same mistake whatever their number; one of a kind does not count."""
    first, second, third = (result(name) for name in ("a", "b", "c"))

    def saying(made: Result, code: str, text: str) -> Result:
        question = made.questions[3]
        verdict = question.verdicts[0].model_copy(
            update={
                "status": "failed",
                "awarded": 0.0,
                "reasons": (Reason(code=code, values={"said": text}),),
                "explanation": text,
                "criterion": "accuracy",
            }
        )
        changed = question.model_copy(update={"verdicts": (verdict,)})
        return made.model_copy(update={"questions": (changed,), "observations": ()})

    found = common_mistakes(
        {
            "a": saying(first, "accuracy.too_low", "Test accuracy is 0.91 instead of 0.97."),
            "b": saying(second, "accuracy.too_low", "Test accuracy is 0.88 instead of 0.97."),
            "c": saying(third, "shared.not_found", "The model was never trained."),
        }
    )
    assert [(one.count, one.example) for one in found] == [(2, "Test accuracy is 0.91 instead of 0.97.")]


def test_equal_histories_are_one_training() -> None:
    """Two groups with the same histories trained once; a third with another did not."""
    results = {name: result(name) for name in ("a", "b")}
    alone, both = sharing({"a": results["a"]}), sharing(results)
    assert both.asked == 2 * alone.asked
    assert both.distinct == alone.distinct
    assert all(row.groups == 2 for row in definitions(results))


def test_an_anonymous_report_names_nobody(tmp_path: Path) -> None:
    """Neither HTML nor PDF holds the name of a submission."""
    problems = {"group99": "group99.ipynb cannot be read"}
    files = write_class(GradedClass("Lab", a_class(), problems), tmp_path, MADE, anonymous=True)
    html = files.html.read_text()
    assert not any(name in html for name in (*a_class(), "group99"))
    assert "1 of the submissions could not be graded" in html
    named = write_class(GradedClass("Lab", a_class(), problems), tmp_path, MADE, anonymous=False, stem="named")
    assert all(name in named.html.read_text() for name in (*a_class(), "group99"))


def test_the_class_report_is_written_whole_and_repeats(tmp_path: Path) -> None:
    """The same results give the same bytes; the PDF has pages."""
    one = write_class(GradedClass("Lab", a_class()), tmp_path / "1", MADE, anonymous=False)
    two = write_class(GradedClass("Lab", a_class()), tmp_path / "2", MADE, anonymous=False)
    assert one.pdf is not None
    assert two.pdf is not None
    assert one.pdf.read_bytes() == two.pdf.read_bytes()
    assert len(PdfReader(one.pdf).pages) >= 2


def test_a_single_result_makes_a_report() -> None:
    """One submission, nothing common, no spread: still a report."""
    view = class_view(GradedClass("Lab", {"solo": result("solo")}), MADE, anonymous=False)
    assert view.graded == "1 submission"
    assert all(item.discrimination == "–" for item in view.items)
