"""Hand-ins written to mislead: odd ids, chapters that look like questions, lists, several answers in a cell, no ids."""

from __future__ import annotations

from fictional_recordings import Stage, mlp, question_of, reference_of, rubric_of

from grader.matching import match_submission
from grader.questions.placing import answer_text, find_passages
from grader.records import Cell, Recording, Rubric, Submission

WRITTEN = {"kind": "written", "points": 1}
TRAINED = {"kind": "trained", "points": 1}


def notebook(*cells: tuple[str, str]) -> Submission:
    """Cells as (`prose` or `code`, source)."""
    return Submission(
        name="group00",
        files=("lab.ipynb",),
        cells=tuple(
            Cell.model_validate({"index": n, "kind": kind, "source": source, "file": "lab.ipynb", "number": n + 1})
            for n, (kind, source) in enumerate(cells)
        ),
        digest="0" * 64,
    )


def answers(work: Submission, rubric: Rubric) -> dict[str, str]:
    """Question -> the group's own words."""
    passages = find_passages(work, rubric)
    return {question.id: answer_text(work, passages, question, rubric) for question in rubric.questions}


CHAPTERS = rubric_of(
    *(question_of(f"2.1.{n}", WRITTEN) for n in range(1, 7)),
    *(question_of(f"2.2.{n}", WRITTEN) for n in range(1, 5)),
    question_of("2.3", TRAINED),
)
PLAIN = rubric_of(*(question_of(str(n), WRITTEN, cues=[f"subject {n} of the lab"]) for n in range(1, 26)))


def test_letters_below_a_chapter_within_a_chapter() -> None:
    """`b)` under `### 2.2` under `## Question 2` is 2.2.2, though a chapter 2.1 stands before."""
    work = notebook(
        ("prose", "## Question 2\n### 2.1\n2.1.1 Four layers stand there."),
        ("prose", "### 2.2\na) The first loss.\n\nb) A formula here.\n\nc) A reading of it.\n\nd) Several classes."),
    )
    found = answers(work, CHAPTERS)
    assert [found[f"2.2.{n}"] for n in range(1, 5)] == [
        *("The first loss.", "A formula here.", "A reading of it.", "Several classes.")
    ]
    assert "first loss" not in found["2.1.1"]


def test_a_numbered_list_of_all_answers() -> None:
    """`1.` to `6.` in one cell under 2.1, which has six parts, are their answers; a list of three is a list."""
    lines = [f"{n}. The answer number {word}." for n, word in enumerate("one two three four five six".split(), 1)]
    found = answers(notebook(("prose", "### 2.1\n" + "\n".join(lines))), CHAPTERS)
    assert [found[f"2.1.{n}"] for n in range(1, 7)] == [line[3:] for line in lines]
    found = answers(notebook(("prose", "### 2.1\n" + "\n".join(lines[:3]))), CHAPTERS)
    assert "number two" in found["2.1.1"]


def test_parts_of_a_report_are_no_questions() -> None:
    """`Part 1` and `## 2 Data` of a report on a lab of 25 plain numbers are chapters; twenty tasks are questions."""
    work = notebook(
        ("prose", "## Part 1: Digits\n\nWe write about subject 4 of the lab, and subject 4 of the lab again."),
        ("prose", "## 2 Data\n\nNothing that was asked."),
    )
    found = answers(work, PLAIN)
    assert (found["1"], found["2"]) == ("", "")
    tasks = notebook(*(("prose", f"## Task {n}\n\nThe answer to number {n}.") for n in range(1, 21)))
    assert answers(tasks, PLAIN)["7"] == "The answer to number 7."


def test_several_questions_in_one_cell() -> None:
    """Bold, lettered and joined ids in one cell are told apart."""
    work = notebook(("prose", "### Q6 + Q7\n\nQ6: Not for a bank.\n\n**Q7** One linear map.\n\n(Question 9) Higher."))
    found = answers(work, PLAIN)
    assert (found["6"], found["7"]) == ("Not for a bank.", "One linear map.")


def test_text_behind_a_model_where_no_ids_stand() -> None:
    """Without any ids the free text behind a model answers what is asked about it; a heading alone does not."""
    rubric = rubric_of(
        question_of("1", TRAINED, model="small"),
        question_of("2", WRITTEN, model="small"),
        question_of("3", WRITTEN, model="deep"),
    )
    stage, trained = Stage("reference"), Stage()
    names = {"small": [stage.train(0, mlp(64, 64))], "deep": [stage.train(1, mlp(500, 300))]}
    work = notebook(
        ("code", "small()"),
        ("prose", "Die Genauigkeit steigt auf beiden Mengen, der Abstand zwischen ihnen bleibt klein."),
        ("code", "deep()"),
        ("prose", "## Ende"),
    )
    trained.train(0, mlp(64, 64))
    trained.train(2, mlp(500, 300))
    match = match_submission(
        *(work, rubric, (), {}, Recording(testimony="saved"), trained.recording(), reference_of(stage, names))
    )
    assert match.question("2").answer.startswith("Die Genauigkeit")
    assert match.question("2").placed_by == "model"
    assert match.question("3").answer == ""
