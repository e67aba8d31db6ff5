"""Gradescope: a `results.json` for each submission.

The form is that of Gradescope's autograder specification, section "Output format"
(https://gradescope-autograders.readthedocs.io/en/latest/specs/): `score` stands above the sum of the tests; each test
has `score`, `max_score`, `name`, `number`, `output`, `output_format`, `status` (`passed` or `failed`) and `visibility`.
"""

from __future__ import annotations

import json

from pydantic import JsonValue

from grader.exports.platform import Export, Grade, Platform
from grader.records import Deduction, QuestionResult, Result

_VISIBILITY = "after_published"


def gradescope_export(grades: list[Grade]) -> Export:
    """`NAME/results.json` for each submission that was graded."""
    export = Export()
    for grade in {grade.entry.name: grade for grade in grades}.values():
        if grade.result is None:
            export.blank.append(grade.called)
            continue
        text = json.dumps(results_json(grade.result), indent=2, ensure_ascii=False) + "\n"
        export.files[f"{grade.entry.name}/results.json"] = text.encode("utf-8", "replace")
        if grade.result.score.awaiting:
            export.provisional.append(grade.called)
    return export


def results_json(result: Result) -> dict[str, JsonValue]:
    """What Gradescope shows of one submission: a test for each question, and one for each deduction."""
    tests: list[JsonValue] = [_test(question) for question in result.questions]
    tests += [_deduction(deduction) for deduction in result.deductions]
    score = result.score
    awaiting = f"; {score.awaiting:g} of {score.points:g} await the teacher" if score.awaiting else ""
    return {
        "score": result.final,
        "output": f"{score.awarded:g} of {score.decided:g} decided points{awaiting}.",
        "output_format": "text",
        "visibility": _VISIBILITY,
        "stdout_visibility": "hidden",
        "tests": tests,
    }


def _deduction(deduction: Deduction) -> dict[str, JsonValue]:
    return {
        "score": -deduction.points,
        "max_score": 0,
        "name": "Handed in late",
        "output": deduction.explanation,
        "output_format": "text",
        "visibility": _VISIBILITY,
    }


def _test(question: QuestionResult) -> dict[str, JsonValue]:
    lines = []
    for verdict in question.verdicts:
        points = (
            f"{verdict.awarded:g} / {verdict.points:g}" if verdict.decided else f"awaits a person, {verdict.points:g}"
        )
        lines.append(f"[{points}] {verdict.criterion.replace('_', ' ')}: {verdict.explanation}")
        if verdict.marked and verdict.marked.comment:
            lines.append(f"    {verdict.marked.by}: {verdict.marked.comment}")
    test: dict[str, JsonValue] = {
        "score": question.awarded,
        "max_score": question.points,
        "name": question.title,
        "number": question.id,
        "output": "\n".join(lines),
        "output_format": "text",
        "visibility": _VISIBILITY,
    }
    if all(verdict.decided for verdict in question.verdicts):
        test["status"] = "passed" if question.status == "passed" else "failed"
    return test


PLATFORM = Platform(
    name="gradescope",
    writes="`NAME/results.json`, a test per question",
    export=lambda request: gradescope_export(request.grades),
)
