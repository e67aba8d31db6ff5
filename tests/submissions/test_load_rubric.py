from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from grader.assets import rubrics_folder
from grader.commands.command_line import budget_choices
from grader.criteria.answers.written import WrittenCriterion
from grader.criteria.trainings.accuracy import AccuracyCriterion
from grader.errors import UserError
from grader.submissions.rubric_file import load_rubric, rubrics
from grader.training.budget import Budget, chosen_budget

GOOD = """\
version: 1
title: A lab
datasets: [mnist]
questions:
  - id: "2.3"
    title: Train it
    cues: [ten epochs]
    criteria:
      - accuracy: {points: 2, within: 0.01}
      - written: {points: 2, mentions: [[a, b], c]}
  - id: "2.4"
    title: Plot it
    criteria:
      - history_plot: {points: 2, shows: [accuracy], labelled: [x, y]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "rubrics" / "lab"
    path.mkdir(parents=True)
    (path / "rubric.yaml").write_text(GOOD)
    return path


def test_good_rubric(folder: Path) -> None:
    """A rubric bears its folder's name, and criteria their types."""
    rubric = load_rubric(folder)
    assert (rubric.name, rubric.points) == ("lab", 6)
    assert rubric.questions[0].criteria == (
        AccuracyCriterion(points=2, within=0.01),
        WrittenCriterion(points=2, mentions=(("a", "b"), ("c",))),
    )


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("accuracy:", "acuracy:", "9: unknown criterion 'acuracy'. Did you mean 'accuracy'?"),
        ("within", "withn", "9: unknown option 'withn' of 'accuracy'. Did you mean 'within'?"),
        ("title: A lab", "titel: A lab", "2: unknown key 'titel'. Did you mean 'title'?"),
        ("cues:", "cue:", "7: unknown key 'cue' of a question. Did you mean 'cues'?"),
        ("points: 2,", "points: two,", "9: questions[2.3].criteria[1].points must be a number."),
        ("points: 2,", "points: -2,", "9: questions[2.3].criteria[1].points must not be negative."),
        ("{points: 2, within", "{within", "9: questions[2.3].criteria[1].points is missing."),
        ("within: 0.01", "within: 0.01, at_least: 0.9", "9: questions[2.3].criteria[1]: accuracy takes exactly one"),
        ('"2.3"', "2.3", "5: questions[2.3].id must be text: write it in quotes."),
        ('"2.4"', '"2.3"', "11: question '2.3' is there twice (see line 5)."),
        (
            "within: 0.01",
            "within: 1.5",
            "9: questions[2.3].criteria[1].within: 1.5 is no share of the test images between 0 and 0.5. Did you "
            "mean 0.015?",
        ),
        (
            "within: 0.01",
            "within: 2",
            "9: questions[2.3].criteria[1].within: 2 is no share"
            " of the test images between 0 and 0.5. Did you mean 0.02?",
        ),
        ("within: 0.01", "within: -0.1", "9: questions[2.3].criteria[1].within: -0.1 is no share"),
        (
            "within: 0.01",
            "at_least: 99",
            "9: questions[2.3].criteria[1].at_least: 99 is no share"
            " of the test images between 0 and 1. Did you mean 0.99?",
        ),
        (
            "within: 0.01",
            "at_least: 98.5",
            "9: questions[2.3].criteria[1].at_least: 98.5 is no share"
            " of the test images between 0 and 1. Did you mean 0.985?",
        ),
        (
            "accuracy: {points: 2, within: 0.01}",
            "compiled: {points: 2, loss: categorical_crosentropy}",
            "9: questions[2.3].criteria[1].loss: Keras has no loss 'categorical_crosentropy'."
            " Did you mean 'categorical_crossentropy'?",
        ),
        (
            "accuracy: {points: 2, within: 0.01}",
            "compiled: {points: 2, optimizer: Adamm}",
            "9: questions[2.3].criteria[1].optimizer: Keras has no optimizer 'Adamm'. Did you mean 'Adam'?",
        ),
        ("[ten epochs]", "ten epochs", "7: questions[2.3].cues must be a list"),
        ("[[a, b], c]", "[[a, 3], c]", "10: questions[2.3].criteria[2].mentions[1][2] must be text"),
        ("labelled: [x, y]", "labelled: [x, z]", "14: questions[2.4].criteria[1].labelled[2] input should be"),
        ("- accuracy: {points: 2, within: 0.01}", "- accuracy", "9: questions[2.3].criteria[1] must be one criterion"),
        ("{points: 2, within: 0.01}", "2", "9: questions[2.3].criteria[1] needs its points"),
        ("version: 1", "version: 2", "1: version 2 was written for a newer labgrade"),
        ("version: 1\n", "", "1: 'version: 1' is missing."),
        ("    title: Train it", "   title: Train it", "6: "),
        ("title: Train it", "title: Train it\n    title: again", "7: found duplicate key"),
        (GOOD, "- a\n", "1: a rubric is a mapping"),
        (GOOD, "version: 1\ntitle: x\nquestions: []\n", "3: questions must be a list"),
    ],
)
def test_mistakes(folder: Path, old: str, new: str, says: str) -> None:
    """Each mistake of a teacher gives one line with file, line and what is meant."""
    assert old in GOOD
    (folder / "rubric.yaml").write_text(GOOD.replace(old, new, 1))
    with pytest.raises(UserError) as caught:
        load_rubric(folder)
    message = str(caught.value)
    assert f"rubrics/lab/rubric.yaml:{says}" in message
    assert "\n" not in message


def test_digest_covers_the_folder(folder: Path) -> None:
    """The digest changes with any file of the folder, but not with caches and hidden files."""
    before = load_rubric(folder).digest
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.pyc").touch()
    (folder / ".notes").touch()
    assert load_rubric(folder).digest == before
    (folder / "solution.py").touch()
    assert load_rubric(folder).digest != before


def test_list_of_rubrics(folder: Path) -> None:
    """Folders with a rubric are listed by name; the first of two of the same name counts."""
    (folder.parent / "empty").mkdir()
    assert rubrics([folder.parent, folder.parent, folder / "nowhere"]) == (folder,)


def test_shipped_rubrics() -> None:
    """Every rubric that ships with labgrade can be loaded."""
    shipped = [place for place in rubrics([rubrics_folder()]) if (place / "solution.py").is_file()]
    assert all(load_rubric(place).points > 0 for place in shipped)


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ("limits: 15 min", "4: limits must be a mapping"),
        ("limits: {wal: 15 min}", "4: unknown limit 'wal'. Did you mean 'wall'?"),
        ("limits:\n  wall: 15 min\n  memory: 4", "6: limits.memory: 4 bytes are too few"),
        ("limits: {memory: lots}", "4: limits.memory: 'lots' is no limit; write it like 512 MB or 6 GiB."),
        ("limits: {processes: 2}", "4: limits.processes: 2 is out of range"),
    ],
)
def test_wrong_limits_are_named(folder: Path, limits: str, says: str) -> None:
    """A limit that makes no sense is one line with its place in the file."""
    (folder / "rubric.yaml").write_text(GOOD.replace("questions:", limits + "\nquestions:", 1))
    with pytest.raises(UserError, match="yaml:") as error:
        load_rubric(folder)
    assert says in str(error.value)


def test_limits_of_a_rubric(folder: Path) -> None:
    """A rubric's limits take units; what it leaves out stays open."""
    text = GOOD.replace("questions:", "limits: {wall: 15 min, memory: 4 GiB}\nquestions:", 1)
    (folder / "rubric.yaml").write_text(text)
    limits = load_rubric(folder).limits
    assert (limits.wall, limits.memory, limits.cpu) == (900.0, 4 << 30, None)


def test_model_that_no_question_is_about(tmp_path: Path) -> None:
    """A criterion may compare models that questions are about, and no others."""
    compared = (
        "      - comparison_plot: {points: 1, models: [small, %s]}\n      - saved_model: {points: 1, model: any}\n"
    )
    for name, model in (("good", "large"), ("bad", "lorge")):
        (tmp_path / name).mkdir()
        text = GOOD.replace("    criteria:\n      - history", f"    criteria:\n{compared % model}      - history")
        text = text.replace("    title: Train it\n", "    title: Train it\n    model: small\n")
        text = text.replace("    title: Plot it\n", "    title: Plot it\n    model: large\n")
        (tmp_path / name / "rubric.yaml").write_text(text)
    assert len(load_rubric(tmp_path / "good").questions[1].criteria) == 3
    with pytest.raises(UserError, match=r"rubric\.yaml:\d+: 'comparison_plot' names the model 'lorge'.*'large'"):
        load_rubric(tmp_path / "bad")


@pytest.mark.parametrize(
    ("training", "says"),
    [
        ("training: 10 min", "4: training must be a mapping"),
        ("training: {tim: 10 min}", "4: unknown limit of trainings 'tim'. Did you mean 'time'?"),
        ("training: {memory: 4}", "4: training.memory: 4 bytes are too few"),
        ("training: {parameters: many}", "4: training.parameters: 'many' is no limit"),
        ("training: {trainings: 2.5}", "4: training.trainings: 2.5 is no whole number"),
    ],
)
def test_wrong_budgets_are_named(folder: Path, training: str, says: str) -> None:
    """A mistake in what trainings may cost is told with its line and what would be right."""
    (folder / "rubric.yaml").write_text(GOOD.replace("questions:", training + "\nquestions:", 1))
    with pytest.raises(UserError, match=re.escape(says)):
        load_rubric(folder)


def test_budget_of_a_rubric(folder: Path) -> None:
    """Trainings' costs take units; the command line stands above the rubric, and both above the defaults."""
    written = "training: {time: 10 min, parameters: 5 million, operations: 1e15, memory: 4 GB}"
    (folder / "rubric.yaml").write_text(GOOD.replace("questions:", f"{written}\nquestions:", 1))
    chosen = load_rubric(folder).training
    assert (chosen.time, chosen.parameters, chosen.operations, chosen.memory) == (600, 5_000_000, 1e15, 4 * 10**9)
    budget = chosen_budget(chosen, budget_choices(("time=90s", "trainings=20")))
    assert (budget.seconds, budget.parameters, budget.trainings) == (90, 5_000_000, 20)
    assert budget.all_seconds == Budget().all_seconds


@pytest.mark.parametrize(
    "threshold", ["within: 0", "within: 0.015", "within: 0.5", "at_least: 1", "at_least: 0.99", "at_least: 0"]
)
def test_thresholds_that_are_meant(folder: Path, threshold: str) -> None:
    """Shares at either end are a teacher's choice."""
    (folder / "rubric.yaml").write_text(GOOD.replace("within: 0.01", threshold))
    assert load_rubric(folder).points == 6


@pytest.mark.parametrize(
    ("written", "recorded"),
    [
        ("mse", "mean_squared_error"),
        ("MSE", "mean_squared_error"),
        ("MeanSquaredError", "mean_squared_error"),
        ("mae", "mean_absolute_error"),
        ("kld", "kl_divergence"),
        ("logcosh", "log_cosh"),
        ("bce", "binary_crossentropy"),
        ("Categorical_Crossentropy", "categorical_crossentropy"),
        ("custom:focal", "custom:focal"),
    ],
)
def test_a_loss_has_one_name(folder: Path, written: str, recorded: str) -> None:
    """However a rubric calls a loss, it is compared under the name that is recorded."""
    compiled = f"compiled: {{points: 2, loss: {json.dumps(written)}, optimizer: adam}}"
    (folder / "rubric.yaml").write_text(GOOD.replace("accuracy: {points: 2, within: 0.01}", compiled))
    assert load_rubric(folder).questions[0].criteria[0].loss == recorded  # type: ignore[attr-defined]
