"""What the generator states of its own hand-ins: they are Python, reproducible, and their truth is consistent."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from pathlib import Path

import pytest
from generator.compose import Recipe, compose, fitting, pairs, recipe
from generator.nouns import Handin, Heading, Prose, Step
from generator.render import cells, write
from generator.solution import RUBRICS, load_lab, read_solution
from generator.transforms import PHASES, all_transforms, compatible

LABS = ("dat405-neural-networks", "image-recognition", "mnist-dropout")
LAB = LABS[0]
STATUSES = {"passed", "partial", "failed", "absent", "review"}
EACH = [(lab, name) for lab in LABS for name in fitting(lab)]


def alone(lab: str, name: str) -> Handin:
    """The hand-in with this one transform."""
    return compose(Recipe(lab, 1, 1, (name,)))


def code_of(handin: Handin) -> Iterator[ast.Module]:
    """The code of each cell, magics left out."""
    for cell in cells(handin):
        if cell.kind == "code":
            yield ast.parse("\n".join(line for line in cell.source.split("\n") if not line.startswith("%")))


def unbound(handin: Handin) -> set[str]:
    """Names that are read and that nothing in the hand-in binds."""
    read: set[str] = set()
    bound = set(dir(builtins))
    for module in code_of(handin):
        for node in ast.walk(module):
            if isinstance(node, ast.Name):
                (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                bound.add(node.name)
            elif isinstance(node, ast.arg):
                bound.add(node.arg)
            elif isinstance(node, ast.alias):
                bound.add((node.asname or node.name).split(".")[0])
    return read - bound


def assert_consistent(handin: Handin) -> None:
    """The truth names the rubric's criteria, in bounds that can be met."""
    criteria = {(one.question, one.position): one for question in handin.lab.questions for one in question.criteria}
    assert handin.truth.verdicts.keys() == criteria.keys()
    for key, expected in handin.truth.verdicts.items():
        assert 0.0 <= expected.least <= expected.most <= criteria[key].points
        assert expected.statuses <= STATUSES
        if not expected.statuses & {"passed", "partial", "review"} and not expected.exempt:
            assert expected.most == 0.0
    for question in handin.truth.absent:
        assert not any(question in block.answers for block in handin.prose if len(block.answers) == 1)


@pytest.mark.parametrize("lab", LABS)
def test_the_identity_gives_the_solution(lab: str) -> None:
    """The hand-in to which nothing was done has the solution's words and code, cell by cell."""
    source = (RUBRICS / lab / "solution.py").read_text(encoding="utf-8")
    written = cells(compose(recipe(lab, 1, 0)))
    code = [part.partition("\n")[2] for part in source.split("# %%")[1:] if not part.startswith(" [markdown]")]
    ours = [ast.dump(ast.parse(cell.source)) for cell in written if cell.kind == "code"]
    assert ours == [ast.dump(ast.parse(body)) for body in code]
    words = "".join(cell.source for cell in written if cell.kind == "prose").split()
    theirs = "".join(
        line.removeprefix("#").removeprefix(" ") + "\n"
        for part in source.split("# %%")[1:]
        if part.startswith(" [markdown]")
        for line in part.split("\n")[1:]
    ).split()
    assert "".join(words) == "".join(theirs)


@pytest.mark.parametrize("lab", LABS)
def test_the_solution_gets_full_marks(lab: str) -> None:
    """Everything in it passes, but what a person reads, and what only a whole training tells."""
    for expected in read_solution(load_lab(lab)).truth.verdicts.values():
        assert expected.exempt or expected.statuses in ({"passed"}, {"review"})
        assert expected.exempt or expected.least == expected.most > 0.0


@pytest.mark.parametrize("lab", LABS)
def test_networks_and_questions_are_known(lab: str) -> None:
    """Every model that the rubric asks about stands in the solution's code, and every question over a part of it."""
    solution = read_solution(load_lab(lab))
    asked = {question.model for question in solution.lab.questions if question.model}
    assert asked == solution.truth.networks.keys()
    headed = {block.question for block in solution.blocks if isinstance(block, Heading)} - {None}
    assert headed == {question.id for question in solution.lab.questions}


@pytest.mark.parametrize(("lab", "name"), EACH)
def test_each_transform_does_what_it_states(lab: str, name: str) -> None:
    """It changes the hand-in and leaves code that can be read, with no name unbound and a truth that can be met."""
    handin = alone(lab, name)
    assert handin.applied == [name]
    assert unbound(handin) == set()
    assert_consistent(handin)
    one = all_transforms()[name]
    assert one.says.endswith(".")
    costs = {expected.why for expected in handin.truth.verdicts.values() if expected.why and not expected.exempt}
    assert bool(costs or handin.truth.must) == (one.kind == "mistakes" or "missing" in one.groups or one.sole)


@pytest.mark.parametrize("lab", LABS)
def test_combinations_are_hand_ins_too(lab: str) -> None:
    """Two, three or four transforms together leave code that can be read, and what excludes each other is not drawn."""
    known = all_transforms()
    for number in range(len(fitting(lab)) + 1, len(fitting(lab)) + 41):
        drawn = recipe(lab, 3, number)
        handin = compose(drawn)
        assert compatible([known[name] for name in drawn.names])
        assert unbound(handin) == set(), drawn
        assert_consistent(handin)


def test_numbers_give_the_same_hand_in_again() -> None:
    """Lab, seed and number decide everything: nothing is left to chance or to the order in which sets are walked."""
    number = len(fitting(LAB)) + 7
    assert cells(compose(recipe(LAB, 5, number))) == cells(compose(recipe(LAB, 5, number)))
    assert recipe(LAB, 5, number) != recipe(LAB, 6, number)


def test_all_pairs_are_listed_once() -> None:
    """Each pair that can stand together is one hand-in; those of one transform are the pairs that name it."""
    every = pairs(LAB, 1)
    assert len({frozenset(one.names) for one in every}) == len(every)
    mine = pairs(LAB, 1, ["functional_api"])
    assert {one.names for one in mine} == {one.names for one in every if "functional_api" in one.names}


def test_phases_are_used() -> None:
    """Each phase is some transform's, so that the list says what happens in which order."""
    assert {one.phase for one in all_transforms().values()} == set(PHASES)


@pytest.mark.parametrize("form", ["as_notebook", "as_plain_script", "as_report_and_script"])
def test_files_are_written(form: str, tmp_path: Path) -> None:
    """Each form comes as files that hold every text and every step."""
    handin = alone(LAB, form)
    folder = write(handin, tmp_path / "group")
    everything = " ".join(file.read_text(encoding="utf-8") for file in folder.iterdir())
    everything = everything.encode().decode("unicode_escape") if form == "as_notebook" else everything
    for block in handin.blocks:
        if isinstance(block, Prose):
            last = block.text.split("\n")[-1]
            assert max(last.split("$"), key=len).strip() in everything
        if isinstance(block, Step) and block.role == "sweep":
            assert "decayed.fit" in everything
