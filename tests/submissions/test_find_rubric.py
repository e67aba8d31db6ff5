from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.errors import UserError
from grader.records import Submission
from grader.submissions.read import read_submission
from grader.submissions.rubric_choice import find_rubric

Made = Callable[..., Submission]
RUBRIC = """\
version: 1
title: {name}
datasets: [{data}]
recognise: [{phrase}]
questions:
  - id: "{id}"
    title: x
    cues: [{phrase}]
    criteria:
      - written: {{points: 1}}
"""


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    for name, phrase, number, data in (
        ("digits", "weight decay", "1.1", "mnist"),
        ("text", "bag of words", "7.7", "imdb"),
    ):
        place = tmp_path / "rubrics" / name
        place.mkdir(parents=True)
        (place / "rubric.yaml").write_text(RUBRIC.format(name=name, phrase=phrase, id=number, data=data))
    (tmp_path / "class" / "group").mkdir(parents=True)
    return [tmp_path / "rubrics"]


def test_explicit_choice(folders: list[Path], tmp_path: Path, hand_in: Made) -> None:
    """A name or a folder on the command line is taken as it is."""
    by_name, _ = find_rubric(hand_in("x"), tmp_path, "text", folders)
    by_path, _ = find_rubric(hand_in("x"), tmp_path, str(folders[0] / "text"), [])
    assert by_name == by_path


def test_unknown_choice(folders: list[Path], tmp_path: Path, hand_in: Made) -> None:
    """An unknown name gets the nearest one."""
    with pytest.raises(UserError, match=r"No rubric is called 'digit'\. Did you mean 'digits'\?"):
        find_rubric(hand_in("x"), tmp_path, "digit", folders)


@pytest.mark.parametrize("place", ["class/group", "class"])
def test_settings_file(place: str, folders: list[Path], tmp_path: Path, hand_in: Made) -> None:
    """A `labgrade.yaml` beside the submission or above it names the rubric, whatever fits best."""
    (tmp_path / place / "labgrade.yaml").write_text("rubric: text\n")
    rubric, why = find_rubric(hand_in("weight decay of mnist"), tmp_path / "class" / "group", None, folders)
    assert rubric.name == "text"
    assert "labgrade.yaml" in why


def test_a_group_does_not_choose_its_rubric(folders: list[Path], tmp_path: Path, hand_in: Made) -> None:
    """Where a class's folder names the rubric, a file in a group's own folder does not change it."""
    (tmp_path / "class" / "labgrade.yaml").write_text("rubric: digits\n")
    (tmp_path / "class" / "group" / "labgrade.yaml").write_text("rubric: text\n")
    assert find_rubric(hand_in("x"), tmp_path / "class" / "group", None, folders)[0].name == "digits"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("rubrik: text\n", ":1: unknown key 'rubrik'. Did you mean 'rubric'?"),
        ("\nrubric: texts\n", ":2: no rubric is called 'texts'. Did you mean 'text'?"),
        ("rubric: ../evil\n", ":1: no rubric is called"),
        ("text\n", ":1: expected a line such as"),
        ("rubric: [a\n", "labgrade.yaml:2: "),
    ],
)
def test_bad_settings(content: str, says: str, folders: list[Path], tmp_path: Path, hand_in: Made) -> None:
    """A mistake in `labgrade.yaml` names its line, and a path in it is no rubric."""
    (tmp_path / "class" / "group" / "labgrade.yaml").write_text(content)
    with pytest.raises(UserError) as caught:
        find_rubric(hand_in("x"), tmp_path / "class" / "group", None, folders)
    assert says in str(caught.value)


def test_best_fitting(folders: list[Path], tmp_path: Path, hand_in: Made) -> None:
    """Otherwise the rubric whose words, ids and data the submission has, with the reasons."""
    rubric, why = find_rubric(hand_in("## 1.1 Weight decay", "@mnist.load_data()"), tmp_path, None, folders)
    assert rubric.name == "digits"
    assert "weight decay" in why
    assert "mnist" in why


def test_nothing_fits(folders: list[Path], tmp_path: Path, hand_in: Made) -> None:
    """Where nothing fits, the choices are listed."""
    with pytest.raises(UserError, match="Choose one with --rubric: digits, text"):
        find_rubric(hand_in("a recipe for pancakes"), tmp_path, None, folders)


def test_another_lab_is_stopped_with_figures(folders: list[Path], tmp_path: Path, hand_in: Made) -> None:
    """A lab that shares the data set and a number is not graded as this one, and the message says how far it fits."""
    place = folders[0] / "digits" / "rubric.yaml"
    more = "".join(
        f'  - {{id: "{n}", title: x, cues: [word {n}], criteria: [{{written: {{points: 1}}}}]}}\n' for n in range(2, 9)
    )
    place.write_text(
        place.read_text().replace("[weight decay]\nq", "[weight decay, momentum, first sheet, second sheet]\nq") + more
    )
    with pytest.raises(UserError, match=r"The nearest, digits, reaches 2\.1 of 9, and 2\.5 are needed: .*1 of 8"):
        find_rubric(hand_in("## 1.1 Momentum", "@mnist.load_data()"), tmp_path, None, folders)


@pytest.mark.parametrize(
    "text",
    ["@keras.datasets.mnist.load_data()", "## 1.1 Introduction", "# Lab\n\nWe use mnist and imdb", "## 7.7\n\nmnist"],
)
def test_a_data_set_or_a_number_is_no_reason(text: str, folders: list[Path], tmp_path: Path, hand_in: Made) -> None:
    """Neither is enough to take a hand-in for one of a lab, unless a lab has nothing else."""
    for name in ("digits", "text"):
        place = folders[0] / name / "rubric.yaml"
        place.write_text(
            place.read_text()
            + f'  - {{id: "3", title: y, cues: [{name} cue], criteria: [{{written: {{points: 1}}}}]}}\n'
        )
    with pytest.raises(UserError, match="--rubric"):
        find_rubric(hand_in(text), tmp_path, None, folders)


@pytest.mark.parametrize(
    ("heading", "fits"),
    [
        ("## 1.1 Weight decay", True),
        ("**1.1** We chose the weight decay below.", True),
        ("## 1.1 Introduction", False),
        ("## 1.1 Data", False),
        ("## 9.9 Weight decay", False),
    ],
)
def test_an_id_beside_its_own_words(
    heading: str, fits: bool, folders: list[Path], tmp_path: Path, hand_in: Made
) -> None:
    """Few of a lab's questions are enough where ids and words agree; another lab's 1.1 is about something else."""
    place = folders[0] / "digits" / "rubric.yaml"
    more = "".join(
        f'  - {{id: "{n}", title: x, cues: [word {n}], criteria: [{{written: {{points: 1}}}}]}}\n' for n in (2, 3, 4)
    )
    place.write_text(place.read_text().replace("recognise: [weight decay]", "recognise: [a title, a course]") + more)
    work = hand_in(heading, "@mnist.load_data()", "The end.")
    if fits:
        assert find_rubric(work, tmp_path, None, folders)[0].name == "digits"
    else:
        with pytest.raises(UserError, match="--rubric"):
            find_rubric(work, tmp_path, None, folders)


def test_a_hand_in_of_the_lab_without_its_title(folders: list[Path], tmp_path: Path, hand_in: Made) -> None:
    """Ids and words of the questions are enough where the sheet's own phrases are missing."""
    place = folders[0] / "digits" / "rubric.yaml"
    place.write_text(place.read_text().replace("recognise: [weight decay]", "recognise: [a title, a course]"))
    assert find_rubric(hand_in("## 1.1", "We add weight decay."), tmp_path, None, folders)[0].name == "digits"


def test_tie(folders: list[Path], tmp_path: Path, hand_in: Made) -> None:
    """Two rubrics that fit equally well are the teacher's to choose from."""
    both = hand_in("## 1.1 weight decay, mnist", "## 7.7 bag of words, imdb")
    with pytest.raises(UserError, match=r"equally well\. Choose one with --rubric: digits, text"):
        find_rubric(both, tmp_path, None, folders)


def test_broken_rubric_does_not_hinder(folders: list[Path], tmp_path: Path, hand_in: Made) -> None:
    """A broken rubric of another lab is passed over, and named where nothing fits."""
    (folders[0] / "text" / "rubric.yaml").write_text("version: 1\n")
    rubric, _ = find_rubric(hand_in("## 1.1 weight decay, mnist"), tmp_path, None, folders)
    assert rubric.name == "digits"
    with pytest.raises(UserError, match=r"rubric\.yaml:1"):
        find_rubric(hand_in("pancakes"), tmp_path, None, folders)


IMAGES = Path(__file__).parents[2] / "../shared/samples/group-image-recognition"


RUBRICS = Path(__file__).parents[2] / "rubrics"


@pytest.mark.skipif(not IMAGES.exists(), reason="the real hand-in is not at hand")
def test_another_labs_hand_in_fits_no_rubric(tmp_path: Path) -> None:
    """A hand-in of another lab that shares the data set and Keras' vocabulary is refused, not graded as this one."""
    (tmp_path / "dat405-neural-networks").symlink_to((RUBRICS / "dat405-neural-networks").resolve())
    submission = read_submission(IMAGES)
    with pytest.raises(UserError, match="--rubric"):
        find_rubric(submission, IMAGES, None, [tmp_path])


@pytest.mark.skipif(not IMAGES.exists(), reason="the real hand-in is not at hand")
def test_real_code_alone_finds_its_lab() -> None:
    """The code of a real hand-in, without its report, is enough to tell the lab."""
    code = IMAGES / "code.py"
    assert find_rubric(read_submission(code), code, None, [RUBRICS])[0].name == "image-recognition"


@pytest.mark.parametrize("lab", sorted(path.name for path in RUBRICS.iterdir() if path.is_dir()))
def test_a_solution_finds_its_own_rubric(lab: str) -> None:
    """No two labs are so alike that one's solution could be taken for the other's."""
    solution = RUBRICS / lab / "solution.py"
    assert find_rubric(read_submission(solution), solution, None, [RUBRICS])[0].name == lab
