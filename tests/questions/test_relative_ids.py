"""Letters and numbers that count within a question, chapters that the sheet has not, and what is no answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from grader.questions.placing import answer_texts, find_passages
from grader.records import Rubric, Submission

Made = Callable[..., Submission]
LOSS = "It is the categorical cross-entropy: minus the sum over classes."
LAYERS = "Four layers; 64 neurons in each hidden one, in all 55050 parameters."


def answers(submission: Submission, lab: Rubric) -> dict[str, str]:
    """The answer to each question."""
    return answer_texts(submission, find_passages(submission, lab), lab)


def cells_of(submission: Submission, lab: Rubric, question: str) -> set[int]:
    """The cells of one question."""
    return {passage.cell for passage in find_passages(submission, lab) if passage.question == question}


@pytest.mark.parametrize("style", ["#### {})", "**{})**", "#### {}.", "{})", "#### ({})"])
@pytest.mark.parametrize("signs", ["ABCD", "abcd", ("i", "ii", "iii", "iv")])
@pytest.mark.parametrize("chapter", ["### Question 2", "## 2", "## Exercise 2: a network"])
def test_signs_below_a_question_are_its_parts(
    style: str, signs: tuple[str, ...], chapter: str, lab: Rubric, hand_in: Made
) -> None:
    """`B)` below `Question 2` is 2.2, however it is written and whatever `A)` holds."""
    first, second, third, fourth = (style.format(sign) for sign in signs)
    work = hand_in(chapter, f"{first}\n{LAYERS}", f"{second}\n{LOSS}", third, "@model.fit(x, y)", f"{fourth}\nLower.")
    found = answers(work, lab)
    assert "64 neurons" in found["2.1.2"]
    assert "categorical" in found["2.2.1"]
    assert "categorical" not in found["2.1.2"]
    assert 4 in cells_of(work, lab, "2.3")
    assert "Lower" in found["2.4-hinton"]


def test_one_text_is_shown_for_each_question_that_it_answers(lab: Rubric, hand_in: Made) -> None:
    """A paragraph under a chapter answers all of its parts."""
    found = answers(hand_in("## 2.2", "Cross-entropy, as labels are one-hot and outputs sum to 1."), lab)
    assert len({found[f"2.2.{n}"] for n in range(1, 5)}) == 1
    assert "one-hot" in found["2.2.3"]


@pytest.mark.parametrize("chapter", ["Question 4: outlook", "7. Conclusion", "Part 5", "Uppgift 9", "6) Teamwork"])
def test_a_chapter_of_another_number_ends_the_one_above(chapter: str, lab: Rubric, hand_in: Made) -> None:
    """What stands under a question that the sheet does not have belongs to none above it."""
    other = "Transfer learning would be the next thing to try on these pictures, with a larger set."
    found = answers(hand_in("## Question 3.2", "They share weights.", f"## {chapter}\n{other}"), lab)
    assert "share weights" in found["3.2"]
    assert "Transfer" not in found["3.2"]


@pytest.mark.parametrize(
    "heading",
    [
        "#### 1. First of all",
        "### Question 9 of ours",
        "## 40 epochs more",
        "## 99.1 % is reached",
        "## Why so",
        "### 5) x",
    ],
)
def test_a_heading_that_ends_nothing(heading: str, lab: Rubric, hand_in: Made) -> None:
    """Headings further down, numbers that count something, and headings without any."""
    other = "Shared weights see a stroke wherever it stands."
    found = answers(hand_in("## Question 3.2", "They share weights.", f"{heading}\n{other}"), lab)
    assert "stroke" in found["3.2"]


@pytest.mark.parametrize("level", ["##", "###"])
def test_parts_of_a_groups_own_end_nothing(level: str, numbered_lab: Rubric, hand_in: Made) -> None:
    """`3.1` and `3.2` below question 3, which has no parts on the sheet, belong to it; question 26 does not."""
    work = hand_in("## Question 3", f"{level} 3.1 First\nOne.", f"{level} 3.2 Then\nTwo.", "## Question 26\nThree.")
    found = answers(work, numbered_lab)
    assert "One" in found["3"]
    assert "Two" in found["3"]
    assert "Three" not in found["3"]


def test_letters_below_another_chapter_are_not_the_sheets(lab: Rubric, hand_in: Made) -> None:
    """`A)` below `Question 7` is no part of question 2."""
    found = answers(hand_in("## Question 2", f"#### A)\n{LAYERS}", "## Question 7", "#### A)\nSomething else."), lab)
    assert "Something" not in found["2.1.1"]


@pytest.mark.parametrize("written", ["x: the input", "v. the speed", "e.g. digits", "a network", "(see below) d"])
def test_words_that_are_no_signs(written: str, lab: Rubric, hand_in: Made) -> None:
    """A letter in running text counts nothing."""
    found = answers(hand_in("### Question 2.2.1", f"We name\n{written}\nand the loss, cross-entropy."), lab)
    assert "cross-entropy" in found["2.2.1"]


def test_a_break_is_no_word(lab: Rubric, hand_in: Made) -> None:
    """`<br/>` breaks a line, and alone it is no answer."""
    found = answers(hand_in("## 3.2", "<br/>", "## 2.2.1", "One.<br>Two.<br />Three."), lab)
    assert found["3.2"] == ""
    assert found["2.2.1"] == "One.\nTwo.\nThree."


REMARK = "@# Here the weights of both hidden layers are set to small random numbers before training begins anew.\nx = 1"
ANSWER = (
    "Convolutional layers share their weights over the picture, have far fewer of them, and find a stroke wherever it "
    "stands, which dense layers cannot."
)


def test_comments_beside_an_answer_are_none(lab: Rubric, hand_in: Made) -> None:
    """Where prose answers, a comment explains the code; where there is none, it may be the answer."""
    assert answers(hand_in("## 3.2", ANSWER, REMARK), lab)["3.2"] == ANSWER
    assert "random numbers" in answers(hand_in("## 3.2", REMARK), lab)["3.2"]
    assert "random numbers" in answers(hand_in("## 3.2", "Our code:", REMARK), lab)["3.2"]


def test_a_docstring_beside_an_answer_counts(lab: Rubric, hand_in: Made) -> None:
    """A text in quotes was written to be read."""
    found = answers(hand_in("## 3.2", ANSWER, f'@"""{LOSS} {LOSS}"""\nx = 1'), lab)
    assert LOSS in found["3.2"]
