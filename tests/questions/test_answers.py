from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.questions.placing import answer_text, find_passages
from grader.records import Rubric, Submission
from grader.submissions.read import read_submission

Made = Callable[..., Submission]


def answer(submission: Submission, rubric: Rubric, id: str) -> str:  # noqa: A002
    question = next(question for question in rubric.questions if question.id == id)
    return answer_text(submission, find_passages(submission, rubric), question, rubric)


@pytest.mark.parametrize(
    ("source", "own"),
    [
        ("2.1.1 How many layers does the network have?\n\nFour.", "Four."),
        ("**2.1.1 Answer:** Four.", "Four."),
        ("2.1.1 How many layers does the network have? Four.", "Four."),
        ("### 2.1.1 How many layers?\n\n**Answer:**\n\nFour.", "Four."),
        ("2.1.1 Count them all, please.\n\nAnswer: Four.", "Four."),
        ("2.1.1 The network has four layers.", "The network has four layers."),
        ("2.1.1 4, all of them dense", "4, all of them dense"),
        ("2.1.1 How many layers does the network have?", ""),
        ("@# 2.1.1 There are four layers here", "There are four layers here"),
        ("@# 2.1.1\nmodel.summary()  # shows the layers", ""),
        ('@"""\n2.1.1 How many layers does the network have?\nThere are four layers.\n"""', "There are four layers."),
    ],
)
def test_own_words(source: str, own: str, lab: Rubric, hand_in: Made) -> None:
    """What is left is the group's own words, without id, question and label."""
    assert answer(hand_in(source), lab, "2.1.1") == own


def test_restated_question_is_an_answer(lab: Rubric, hand_in: Made) -> None:
    """An answer in the question's own words is no copy of it."""
    stated = "The total number of parameters of the network is 55050."
    assert answer(hand_in(f"2.1.5 {stated}"), lab, "2.1.5") == stated
    named = "The loss function used to train the network is categorical cross-entropy."
    assert answer(hand_in(f"2.2.1 {named}"), lab, "2.2.1") == named


def test_shared_answer(lab: Rubric, hand_in: Made) -> None:
    """One paragraph under two ids is the answer to both."""
    submission = hand_in("2.1.3 What activation functions are used?\n\n2.1.4 and why?\n\nReLU, as it is fast.")
    assert answer(submission, lab, "2.1.3") == answer(submission, lab, "2.1.4") == "ReLU, as it is fast."


def test_comments_pointed_to(lab: Rubric, hand_in: Made) -> None:
    """Comments to which the prose points are part of the answer, those that are code are not."""
    code = "@x = x.astype('float32')  # floats can be divided\n# y = 3\ny = to_categorical(y)  # a column per class"
    text = answer(hand_in(code, "1.1 See the comments above."), lab, "1.1")
    assert "floats can be divided" in text
    assert "a column per class" in text
    assert "y = 3" not in text


@pytest.mark.parametrize(
    ("source", "id", "own"),
    [
        ('@"""\n2.1.2 784, 64 and 10\n2.1.3 relu and softmax\n"""', "2.1.2", "784, 64 and 10"),
        ('@"""\n2.1.2 784, 64 and 10\n2.1.3 relu and softmax\n"""', "2.1.3", "relu and softmax"),
        ('@"""\n2.1.5 55,050\n"""', "2.1.5", "55,050"),
        ("@# 2.1.5 55050\nmodel.summary()", "2.1.5", "55050"),
        ("@# 2.2.2 -sum(y * log(p))\nx = 1", "2.2.2", "-sum(y * log(p))"),
        ("@# 2.2.2 -sum(y * log(p))", "2.2.2", "-sum(y * log(p))"),
        ("2.2.2 - the sum of the logs", "2.2.2", "the sum of the logs"),
    ],
)
def test_short_answers_in_code(source: str, id: str, own: str, lab: Rubric, hand_in: Made) -> None:  # noqa: A002
    """Beside an id a few words or a number are an answer, even where they could be code; a formula keeps its minus."""
    assert answer(hand_in(source), lab, id) == own


def test_bold_question_of_several_sentences(lab: Rubric, hand_in: Made) -> None:
    """A bold paragraph that ends in a question and holds a copy is the sheet's, also where the rubric words it anew."""
    asked = "**Train three networks for each factor. How close do you get to Hinton's result?**"
    assert answer(hand_in(f"## 2.4\n{asked}\n\nWe are quite near."), lab, "2.4-hinton") == "We are quite near."


def test_sample(sample: Path, lab: Rubric) -> None:
    """The real hand-in's answers come without the questions that it copies."""
    submission = read_submission(sample)
    assert answer(submission, lab, "2.4-best") == "The best is 0.9205"
    assert "55050" in answer(submission, lab, "2.1.5")
    assert answer(submission, lab, "2.2.4").startswith("This will")
    assert not any("?" in answer(submission, lab, f"2.1.{part}") for part in range(1, 7))


@pytest.mark.parametrize("points", [", 3 points)", ", 5 points).", ", 2.5 pts)", ")", "; 4 poäng)"])
def test_points_behind_an_id(numbered_lab: Rubric, hand_in: Made, points: str) -> None:
    """Points in brackets behind an id are no part of the answer."""
    submission = hand_in(f"Please do this thing. (Question 2{points}\n\nWe did it in our own words.")
    assert answer(submission, numbered_lab, "2") == "We did it in our own words."
