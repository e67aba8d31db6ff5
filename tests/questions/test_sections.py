from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.criteria.answers.written import WrittenCriterion
from grader.questions.placing import answer_text, find_passages
from grader.records import Cell, Question, Rubric, Submission
from grader.submissions.read import read_submission

Made = Callable[..., Submission]
FIT = "@history = model.fit(x_train, y_train)"
PLOT = "@plt.plot(history.history['accuracy'])\nplt.show()"
BIG = "@model.add(Dense(500))\nmodel.add(Dense(300))"


def placed(submission: Submission, rubric: Rubric) -> dict[str, list[int]]:
    """Question -> cells."""
    cells: dict[str, list[int]] = {}
    for passage in find_passages(submission, rubric):
        assert submission.text(passage).strip()
        cells.setdefault(passage.question, []).append(passage.cell)
    return cells


@pytest.mark.parametrize(
    "marker",
    [
        *(
            "2.3",
            "2.3.",
            "2.3)",
            "2.3: Train",
            "### 2.3 Train",
            "##2.3. Train",
            "**2.3**",
            "**2.3 Answer:**",
            "[2.3] x",
        ),
        *("Question 2.3", "**Question 2.3:** x", "Q2.3", "Q 2.3: x", "Task 2.3", "## Uppgift 2.3", "**Svar 2.3:**"),
        *("### Frage 2.3", "Aufgabe 2.3", "Pregunta 2.3", "### Exercice 2.3", "Del 2.3", "Answer to question 2.3:"),
        *("- 2.3 Train the network", "<h3>2.3 Training</h3>", "\\section*{2.3 Training}", "2.3 train the network"),
        *("### Training (2.3)", "Plot it (Question 2.3, 2 points)", "@# 2.3 Train", "@#2.3", "@# Question 2.3: Train"),
        *('@"""\n2.3 Train\n"""', "@def f():\n    '''Q2.3'''", "## 2c) x", "## Question 2\n### c) x", "**Q2_3**"),
    ],
)
def test_markers(marker: str, lab: Rubric, hand_in: Made) -> None:
    """A question id counts in each of the forms in which students write it, and what follows belongs to it."""
    cells = placed(hand_in("# Lab", marker, FIT), lab)
    assert 2 in cells["2.3"]
    assert 0 not in cells["2.3"]


@pytest.mark.parametrize(
    "text",
    [
        *("2.3 seconds per epoch", "2.3.2021", "2.3% of it", "2.35 is more", "2.3x faster", "2.3e-5", "In version 2.3"),
        *("We saw in figure\n2.3 that it works", "The loss is 2.3", "12.3 is it", "#DAT405 Introduction", "2.3 GB"),
        *(
            "1. First\n2. Second\n3. Third",
            "@x = 2.3",
            "@x = 1  # 2.3",
            "@print('2.3 x')",
            "@# 2.3 s per epoch",
            "1/2.3",
        ),
        *("| 2.1 | 2.3 |", "$2.3$", "@# version\n# 2.3.1.4.1 of it", "v2.3", "0.5", "```\n# 2.3 x\n```", "@'2.3' + x"),
    ],
)
def test_other_numbers(text: str, lab: Rubric, hand_in: Made) -> None:
    """Measurements, dates, versions, list numbers and running text are no question ids."""
    assert placed(hand_in(text, FIT), lab) == {}


def test_runs_to_the_next_marker(lab: Rubric, hand_in: Made) -> None:
    """A passage runs across cells to the next id, and later cells are found by following."""
    submission = hand_in("## 2.3 Train", FIT, "some text", PLOT, "## 3.1 Convolution", "@conv = 1")
    passages = [passage for passage in find_passages(submission, lab) if passage.question == "2.3"]
    assert [passage.cell for passage in passages] == [1, 2, 3]
    assert {passage.found_by for passage in passages} == {"following"}


def test_higher_heading_ends_a_passage(lab: Rubric, hand_in: Made) -> None:
    """A heading of a higher level ends it, one of a lower level does not."""
    submission = hand_in("## 3.2 Comparison", "They differ.", "### Details", "More.", "# References", "[1] A book")
    assert placed(submission, lab)["3.2"] == [1, 2, 3]


def test_several_ids_in_a_cell(lab: Rubric, hand_in: Made) -> None:
    """Ids within one cell, of prose or code, share it among them."""
    submission = hand_in(
        "2.1.1 Four layers.\n\n2.1.2 There are 64.", "@# 2.2.1 It is categorical.\nx = 1\n# 2.2.2 A sum.\ny = 2"
    )
    passages = {passage.question: submission.text(passage) for passage in find_passages(submission, lab)}
    assert passages["2.1.1"].strip() == "2.1.1 Four layers."
    assert passages["2.1.2"] == "2.1.2 There are 64."
    assert passages["2.2.1"].strip() == "# 2.2.1 It is categorical.\nx = 1"
    assert passages["2.2.2"] == "# 2.2.2 A sum.\ny = 2"


@pytest.mark.parametrize("label", ["## 2.1.1 - 2.1.3", "2.1.1, 2.1.2 and 2.1.3:", "Questions 2.1.1 & 2.1.2 & 2.1.3"])
def test_lists_and_ranges(label: str, lab: Rubric, hand_in: Made) -> None:
    """One answer under a list or range of ids belongs to all of them."""
    assert placed(hand_in(f"{label}\nFour dense layers."), lab) == {"2.1.1": [0], "2.1.2": [0], "2.1.3": [0]}


def test_scoped_letters(lab: Rubric, hand_in: Made) -> None:
    """Letters below a question stand for its parts."""
    submission = hand_in("# Question 3", "### a)", "@conv = 1", "### b)\nThey share weights.")
    assert placed(submission, lab) == {"3.1": [2], "3.2": [3]}


def test_letters_of_a_plain_list(lab: Rubric, hand_in: Made) -> None:
    """A list by letters within an answer opens no other question."""
    submission = hand_in("## 2.2.1\nTwo reasons:\n\na) it is smooth\n\nb) it is usual")
    assert placed(submission, lab) == {"2.2.1": [0]}


def test_listed_ids_before_one_answer(lab: Rubric, hand_in: Made) -> None:
    """Ids with nothing but their question share the answer of the next."""
    submission = hand_in("2.1.3 What activation functions are used?\n\n2.1.4 and why?\n\nReLU and softmax, because.")
    assert placed(submission, lab) == {"2.1.3": [0], "2.1.4": [0]}
    texts = [submission.text(passage) for passage in find_passages(submission, lab)]
    assert all("because" in text for text in texts)


def test_announced_but_empty_answer(lab: Rubric, hand_in: Made) -> None:
    """A question left empty does not take the answer of the next one."""
    source = "2.1.1 How many layers does the network have?\n\nAnswer:\n\n2.1.2 How many?\n\nAnswer: There are 64."
    submission = hand_in(source)
    texts = {passage.question: submission.text(passage) for passage in find_passages(submission, lab)}
    assert "64" not in texts["2.1.1"]
    assert "64" in texts["2.1.2"]


def test_copied_sheet(lab: Rubric, hand_in: Made) -> None:
    """Where a list of questions comes first and the answers later, only the answers count."""
    sheet = "1.1 Explain the data pre-processing.\n\n2.1.1 How many layers does the network have?\n\n3.2 Discuss it?"
    submission = hand_in(sheet, "## 1.1", "We scale.", "## 2.1.1", "Four.", "## 3.2", "They share weights.")
    assert placed(submission, lab) == {"1.1": [2], "2.1.1": [4], "3.2": [6]}


def test_shared_section(lab: Rubric, hand_in: Made) -> None:
    """Questions of one section are told apart by their words; cells without any follow the one before."""
    submission = hand_in(
        "## 2.4",
        BIG,
        "@model.fit(x, y, epochs=40)",
        "@print(1)",
        "The best accuracy was 0.98.",
        "Weight decay:",
        "@l2(0.1)",
        "We are close to Hinton.",
    )
    assert placed(submission, lab) == {
        "2.4-model": [1],
        "2.4-train": [2, 3],
        "2.4-best": [4],
        "2.4-sweep": [5, 6],
        "2.4-hinton": [7],
    }


def test_chapter_answered_as_a_whole(lab: Rubric, hand_in: Made) -> None:
    """An answer under `2.1` belongs to all parts of 2.1, and to no part of 2.2."""
    submission = hand_in("### 2.1", "Four layers with 64 neurons and relu.", "### 2.2", "Cross-entropy.")
    cells = placed(submission, lab)
    assert all(cells[f"2.1.{part}"] == [1] for part in range(1, 7))
    assert all(cells[f"2.2.{part}"] == [3] for part in range(1, 5))


def test_one_answer_below_several_questions(lab: Rubric, hand_in: Made) -> None:
    """One paragraph below a paragraph of questions answers those too whose words stand in the questions alone."""
    asked = "How many layers does the network have? How many neurons does each layer have?"
    source = f"## 2.1\n{asked}\n\nFlatten, 64, 64 and 10."
    passages = find_passages(hand_in(source), lab)
    start = source.index("Flatten")
    for question in ("2.1.1", "2.1.2", "2.1.5"):
        assert any(p.question == question and p.start <= start < p.end for p in passages)


def test_answers_in_a_docstring_end_with_it(lab: Rubric, hand_in: Made) -> None:
    """The last answer of a docstring full of answers does not take the code below; a lone id there does."""
    sheet = '@"""\n3.1 We use one.\n3.2 They share weights.\n"""'
    assert placed(hand_in(sheet, "@import keras", FIT), lab)["3.2"] == [0]
    assert placed(hand_in('@"""\n2.3 Train\n"""', FIT), lab)["2.3"] == [0, 1]


def test_answer_written_together_with_its_neighbours() -> None:
    """A text that names what a written question asks for answers it, where nothing else in its section does."""
    rate = WrittenCriterion(points=1, mentions=(("learning rate",), ("seed", "random"), ("augmentation",)))
    near = Question(
        id="2.4-near",
        title="Near",
        asks="How near?",
        section="2.4",
        cues=("Hinton",),
        criteria=(WrittenCriterion(points=1),),
    )
    why = Question.model_validate(
        {"id": "2.4-why", "title": "Why", "asks": "Why is it so?", "section": "2.4", "cues": (), "criteria": (rate,)}
    )
    rubric = Rubric(version=1, name="lab", title="A lab", questions=(near, why))

    def cells(text: str) -> list[str]:
        cell = Cell(index=0, kind="prose", source=f"## 2.4\n{text}", file="lab.ipynb", number=1)
        work = Submission(name="group", files=("lab.ipynb",), cells=(cell,), digest="0")
        return sorted(passage.question for passage in find_passages(work, rubric))

    assert cells("Hinton is nearer, by his learning rate or at random.") == ["2.4-near", "2.4-why"]
    assert cells("Hinton is nearer.") == ["2.4-near"]


def test_template_cell_before_any_id(lab: Rubric, hand_in: Made) -> None:
    """The template's own training, before the first id, belongs to no question."""
    submission = hand_in("@model = Sequential()", FIT, "## 1.1", "We scale.", "## 2.3", FIT)
    cells = {cell for cells in placed(submission, lab).values() for cell in cells}
    assert cells == {3, 5}


def test_pointer_to_comments_above(lab: Rubric, hand_in: Made) -> None:
    """An answer that only points to comments above brings the cell with them along."""
    above = "@x = x.astype('float32')  # we need floats here\ny = to_categorical(y)  # one column for each class"
    assert placed(hand_in(above, FIT, "## 1.1\nSee the comments above."), lab)["1.1"] == [0, 2]


def test_no_ids(lab: Rubric, hand_in: Made) -> None:
    """Without any id, cells go to questions whose words they clearly have, and others to none."""
    submission = hand_in(
        "# My lab", "@import keras", "## 500 and 300 hidden units", BIG, "## Weight decay", "@l2(0.1)", "Thanks!"
    )
    cells = placed(submission, lab)
    assert cells["2.4-model"] == [3]
    assert 5 in cells["2.4-sweep"]
    assert 0 not in {cell for found in cells.values() for cell in found}


def test_plain_numbers(numbered_lab: Rubric, hand_in: Made) -> None:
    """With plain numbers for ids, exercises and list numbers are not mistaken for questions."""
    submission = hand_in(
        "# Exercise 1: digits",
        "List them. (Question 1, 3 points)\n\n- post\n- banks",
        "# Exercise 2: objects",
        "Show it (Question 16)",
        "1. one\n2. two",
        "@# Question 20: convolution\ndef f(): ...",
        "@# 3. scale\nx = 1",
    )
    assert placed(submission, numbered_lab) == {"1": [1], "16": [4], "20": [5, 6]}


def test_many_ids_are_read_in_time(lab: Rubric, hand_in: Made) -> None:
    """A cell made of nothing but ids is no trap."""
    cells = placed(hand_in("2.1.1 How many layers?\n" * 20_000), lab)
    assert cells["2.1.1"][0] == 0


def test_sample(sample: Path, lab: Rubric) -> None:
    """Every question of the real hand-in is placed where a person would look, and the template's cell nowhere."""
    cells = placed(read_submission(sample), lab)
    truth = json.loads((sample / "truth.json").read_text())
    for question in truth["questions"]:
        # 2.1.1 and 2.1.5 share a summary that stands below the last part of their cell.
        wanted = set(question["evidence"]["cells"]) - {12}
        assert wanted <= set(cells[question["id"]]) <= wanted | {12}, question["id"]
    assert not any(8 in found for found in cells.values())


def test_bold_lead_opens_another_part_of_a_shared_section() -> None:
    """A paragraph that opens with another part's name in bold belongs to that part, with what follows it."""
    questions = (
        Question(
            id="4-near", section="4", title="Near", cues=("how close", "0.9847"), criteria=(WrittenCriterion(points=1),)
        ),
        Question(id="4-why", section="4", title="Why", cues=("reflection",), criteria=(WrittenCriterion(points=1),)),
    )
    lab = Rubric(version=1, name="lab", title="Lab", questions=questions)
    source = (
        "## 4\n\n**How close to 0.9847?** We reached 0.97, how close is that.\n\nIt is near.\n\n"
        "**Reflection.** The seed is not told.\n\nNor is the batch size."
    )
    cell = Cell(index=0, kind="prose", source=source, file="a.ipynb", number=1)
    submission = Submission(name="a", files=("a.ipynb",), cells=(cell,), digest="")
    found = find_passages(submission, lab)
    texts = {q.id: answer_text(submission, found, q, lab) for q in questions}
    assert "near" in texts["4-near"]
    assert "seed" not in texts["4-near"]
    assert "seed" in texts["4-why"]
    assert "batch size" in texts["4-why"]
