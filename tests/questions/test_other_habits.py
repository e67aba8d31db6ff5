"""Habits of writing ids and answers that hand-ins of strangers showed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from grader.questions.cues import RubricTexts, Unit, cue_scores
from grader.questions.placing import answer_text, find_passages
from grader.records import Rubric, Submission

Made = Callable[..., Submission]


def answers(submission: Submission, rubric: Rubric) -> dict[str, str]:
    """Question -> the group's own words."""
    passages = find_passages(submission, rubric)
    return {question.id: answer_text(submission, passages, question, rubric) for question in rubric.questions}


@pytest.mark.parametrize("mark", ["**2-1-2)** ", "2-1-2) ", "2-1-2: ", "**2_1_2)** "])
def test_dashed_ids_stand_by_themselves(mark: str, lab: Rubric, hand_in: Made) -> None:
    """Numbers joined by dashes are an id without a word before them, where they end like one."""
    found = answers(hand_in("# Lab", f"**2-1-1)** Two hidden ones.\n\n{mark}Sixty and ten.", "Lines 2-1 of it"), lab)
    assert found["2.1.1"] == "Two hidden ones."
    assert found["2.1.2"].startswith("Sixty and ten.")


@pytest.mark.parametrize("style", ["{}. {}", "({}) {}", "**{})** {}"])
def test_roman_numbers_count_the_questions_of_a_chapter(style: str, lab: Rubric, hand_in: Made) -> None:
    """`i.` to `iv.` below a chapter of four questions are these questions."""
    said = ("Cross-entropy of the classes.", "Minus the sum of logarithms.", "As surprise.", "Classes exclude others.")
    text = "\n\n".join(style.format(n, words) for n, words in zip(("i", "ii", "iii", "iv"), said, strict=True))
    found = answers(hand_in("## 2.2 Loss", text), lab)
    assert [found[f"2.2.{n}"] for n in range(1, 5)] == list(said)


@pytest.mark.parametrize(("chapter", "task"), [("Teil", "Aufgabe"), ("Part", "Exercise"), ("Del", "Uppgift")])
def test_chapters_of_a_groups_own_are_no_questions(
    chapter: str, task: str, numbered_lab: Rubric, hand_in: Made
) -> None:
    """`Part 3` heads a chapter where every task is called `Exercise 7`, whatever the language."""
    tasks = [f"### {task} {n}\nWords on thing number {n} of the lab." for n in range(1, 9)]
    found = answers(hand_in(f"## {chapter} 3: objects\nAn introduction of ours.", *tasks), numbered_lab)
    assert "introduction" not in found["3"]
    assert "number 3" in found["3"]


def test_a_range_may_repeat_its_letter(numbered_lab: Rubric, hand_in: Made) -> None:
    """`Q20-Q25:` stands for six questions."""
    found = answers(
        hand_in("Q19: Longer.", "Q20-Q25: all six functions stand in the file beside this one."), numbered_lab
    )
    assert all("six functions" in found[str(n)] for n in range(20, 26))


def test_an_import_tells_no_question(lab: Rubric) -> None:
    """What a cell imports serves the whole file; what it calls tells what it is about."""
    (question,) = (q for q in lab.questions if q.id == "1.1")
    source = "from keras.utils import to_categorical\nimport preprocessing\n"
    units = [Unit(0, 0, 1, source, True), Unit(1, 0, 1, "y = to_categorical(y)", True)]
    imported, called = cue_scores(units, [question], RubricTexts(lab))
    assert not imported
    assert called["1.1"] > 0


def test_paragraphs_of_a_docstring_answer_several_questions(lab: Rubric, hand_in: Made) -> None:
    """A docstring of several paragraphs is shared out like prose, each with its first, indented line."""
    source = '''@def part():
    """2.4

    The network has 500 and 300 hidden units here.

    It comes close to Hinton and his 0.9847, though it stays a little below that for all its units and epochs.
    """
    model = build()
'''
    found = answers(hand_in("# Lab", source), lab)
    assert found["2.4-hinton"].strip().startswith("It comes close to Hinton")
    assert "hidden units" not in found["2.4-hinton"]


def test_of_two_like_questions_the_next_one_is_answered(lab: Rubric, hand_in: Made) -> None:
    """Without ids, a paragraph with words of two questions belongs to the one that follows in the lab."""
    text = (
        "What loss function is used to train the network? Cross-entropy it is.\n\n"
        "What is its functional form? With y from to_categorical it is minus the sum of y log p."
    )
    found = answers(hand_in("# Our notebook", "## Loss", text), lab)
    assert "minus the sum" in found["2.2.2"]
