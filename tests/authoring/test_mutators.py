"""Where mistakes can be made in a solution. Nothing is run: the recording is written by hand."""

from __future__ import annotations

from textwrap import dedent

import pytest

from grader.authoring.mutants import every_mutant
from grader.authoring.mutation import Mutant, Solution
from grader.criteria.answers.function import FunctionCriterion
from grader.criteria.answers.states_number import StatesNumberCriterion
from grader.criteria.answers.written import WrittenCriterion
from grader.criteria.figures.history_plot import HistoryPlotCriterion
from grader.criteria.models.architecture import ArchitectureCriterion
from grader.criteria.models.compiled import CompiledCriterion
from grader.criteria.trainings.accuracy import AccuracyCriterion
from grader.criteria.trainings.trained import TrainedCriterion
from grader.questions.placing import find_passages
from grader.records import (
    Architecture,
    Cell,
    CompileArguments,
    DataUse,
    FitArguments,
    FunctionTested,
    History,
    Match,
    Question,
    QuestionMatch,
    Recording,
    Reference,
    ReferenceModel,
    Rubric,
    Submission,
    Trained,
)

CODE = """\
net = keras.Sequential(
    [layers.Conv2D(32, (3, 3), padding="same"), layers.Dropout(0.2), layers.Dense(64, "relu"), layers.Dense(10)],
    name="net",
)
net.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.SGD(learning_rate=0.1))
past = net.fit(x, y, epochs=4, batch_size=128, validation_data=(x_test, y_test))
plt.plot(past.history["accuracy"])
plt.plot(past.history["val_accuracy"])
plt.xlabel("Größe")
plt.legend(["training", "validation"])
plt.show()
"""
FUNCTION = """\
def softmax(z):
    e = np.exp(z - np.max(z))
    return e / e.sum(axis=0)
"""
QUESTIONS = (
    Question(
        id="1",
        title="A network",
        model="net",
        criteria=(
            ArchitectureCriterion(points=1),
            CompiledCriterion(points=1),
            TrainedCriterion(points=1),
            HistoryPlotCriterion(points=1, labelled=("x", "legend")),
        ),
    ),
    Question(id="2", title="Softmax", criteria=(FunctionCriterion(points=1),)),
    Question(id="3", title="Size", criteria=(StatesNumberCriterion(points=1, equals=650), WrittenCriterion(points=1))),
)


def _trained(model: str, cell: int) -> Trained:
    data = DataUse(split="train", rows=100, used_rows=100, shape=(28, 28, 1), scale=1 / 255)
    return Trained(
        seq=0,
        cell=cell,
        model="m0",
        name=model,
        architecture="a",
        compile=CompileArguments(optimizer="SGD"),
        fit=FitArguments(batch_size=128, epochs=4, validation="data"),
        history=History(metrics={}),
        train=data,
    )


def solution(code: str = CODE, questions: tuple[Question, ...] = QUESTIONS) -> Solution:
    sources = (
        ("prose", "### Question 1"),
        ("code", code),
        ("prose", "### Question 2"),
        ("code", FUNCTION),
        ("prose", "### Question 3\n\nIt has 650 weights."),
    )
    cells = tuple(
        Cell(index=index, kind=kind, source=source, file="solution.py", number=index + 1)  # type: ignore[arg-type]
        for index, (kind, source) in enumerate(sources)
    )
    submission = Submission(name="lab", files=("solution.py",), cells=cells, digest="")
    rubric = Rubric(version=1, name="lab", title="Lab", questions=questions)
    passages = find_passages(submission, rubric)
    matches = tuple(
        QuestionMatch(
            question=question,
            passages=tuple(passage for passage in passages if passage.question == question.id),
            cells=tuple(sorted({passage.cell for passage in passages if passage.question == question.id})),
        )
        for question in questions
    )
    tested = FunctionTested(seq=1, cell=3, question="2", function="softmax")
    rerun = Recording(testimony="rerun", events=(_trained("net", 1), tested))
    empty = Recording(testimony="saved")
    match = Match(rubric=rubric, submission=submission, saved=empty, rerun=rerun, questions=matches)
    architecture = Architecture(id="a", kind="sequential", layers=(), input_shape=(28, 28, 1))
    models = {"net": ReferenceModel(name="net", architecture=architecture)}
    return Solution(match, Reference(rubric="lab", recording=rerun, models=models))


def changed(mutants: tuple[Mutant, ...], kind: str) -> list[str]:
    """The sources that mutants of one kind have in place of the solution's."""
    own = [cell.source for cell in solution().cells]
    return [
        cell.source
        for mutant in mutants
        if mutant.mutation.kind == kind
        for cell in mutant.submission.cells
        if cell.source not in own
    ]


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("a missing layer", "layers.Dropout(0.2), ", ""),
        ("another loss", "categorical_crossentropy", "binary_crossentropy"),
        ("another optimizer", "keras.optimizers.SGD(learning_rate=0.1)", '"adam"'),
        ("another learning rate", "learning_rate=0.1", "learning_rate=0.01"),
        ("other units", "Dense(64", "Dense(32"),
        ("another activation", '"same")', '"same", activation="relu")'),
        ("other filters", "Conv2D(32", "Conv2D(16"),
        ("another kernel", "(3, 3)", "(5, 5)"),
        ("wrong padding", 'padding="same"', 'padding="valid"'),
        ("another rate", "Dropout(0.2)", "Dropout(0.5)"),
        ("fewer epochs", "epochs=4", "epochs=2"),
        ("another batch size", "batch_size=128", "batch_size=32"),
        ("validation on the training rows", "(x_test, y_test)", "(x, y)"),
        ("training on the validation rows", "fit(x, y,", "fit(x_test, y_test,"),
        ("missing scaling", "fit(x, y, ", "fit(x * 255, y, "),
        ("a missing x label", 'plt.xlabel("Größe")', "pass"),
        ("a missing legend", 'plt.legend(["training", "validation"])', "pass"),
        ("a missing curve", 'plt.plot(past.history["val_accuracy"])', "pass"),
    ],
)
def test_one_place_is_changed(kind: str, old: str, new: str) -> None:
    """The mistake stands where the right thing stood, and all around it is as it was."""
    wanted = CODE.replace(old, new, 1)
    if kind == "missing scaling":
        wanted = wanted.replace("(x_test, y_test)", "(x_test * 255, y_test)")
    assert wanted != CODE
    plain = [source.replace(" ", "") for source in changed(every_mutant(solution()), kind)]
    assert wanted.replace(" ", "") in plain


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("a step left out", "z - np.max(z)", "z"),
        ("a missing division", "e / e.sum(axis=0)", "e"),
        ("axes exchanged", "axis=0", "axis=1"),
        ("another function", "np.exp(", "np.abs("),
    ],
)
def test_functions_are_changed(kind: str, old: str, new: str) -> None:
    """One mistake of each kind in a function that the cases try."""
    assert FUNCTION.replace(old, new, 1) in changed(every_mutant(solution()), kind)


def test_an_argument_is_changed_after_the_answer() -> None:
    """The answer is still right; the argument is not what it was."""
    (source,) = changed(every_mutant(solution()), "an argument changed in place")
    namespace: dict[str, object] = {}
    exec(dedent(f"import numpy as np\n{source}\nz = np.array([1.0, 1.0])\nanswer = softmax(z)"), namespace)
    assert list(namespace["answer"]) == [0.5, 0.5]  # type: ignore[call-overload]
    assert list(namespace["z"]) == [0.0, 0.0]  # type: ignore[call-overload]


def test_answers_are_left_out_and_numbers_changed() -> None:
    """The heading of a question stays; its words go, or say another number."""
    mutants = every_mutant(solution())
    assert changed(mutants, "another number") == ["### Question 3\n\nIt has 585 weights."]
    assert "### Question 3" in changed(mutants, "a missing answer")


def test_numbers_stay_and_no_change_is_there_twice() -> None:
    """The same solution gives the same mutants, numbered in the order of the questions."""
    one, other = every_mutant(solution()), every_mutant(solution())
    assert one == other
    assert [mutant.number for mutant in one] == list(range(1, len(one) + 1))
    assert [mutant.question for mutant in one] == sorted(mutant.question for mutant in one)
    assert len({tuple(cell.source for cell in mutant.submission.cells) for mutant in one}) == len(one)


def test_what_is_left_to_the_group_is_no_mistake() -> None:
    """Where the design is free, only the layers that have to be there are left out."""
    free = Question(
        id="1",
        title="Own design",
        model="net",
        criteria=(ArchitectureCriterion(points=1, must_have=("Conv2D",)), AccuracyCriterion(points=1, at_least=0.9)),
    )
    kinds = {mutant.mutation.kind for mutant in every_mutant(solution(questions=(free, *QUESTIONS[1:])))}
    assert "a missing layer" in kinds
    assert "another loss" in kinds
    assert not kinds & {"other units", "another optimizer", "fewer epochs", "another batch size"}


def test_a_model_that_no_criterion_looks_at_is_left_alone() -> None:
    """Questions that ask for words alone do not mind the model."""
    words = Question(id="1", title="Words", model="net", criteria=(WrittenCriterion(points=1),))
    kinds = {mutant.mutation.kind for mutant in every_mutant(solution(questions=(words, *QUESTIONS[1:])))}
    assert "another loss" not in kinds


def test_layers_that_are_added_one_by_one() -> None:
    """A layer is left out with the statement that adds it."""
    layers = "net.add(layers.Dense(8))\nnet.add(layers.Dropout(0.5))\nnet.add(layers.Dense(2))\n"
    code = f'net = keras.Sequential(name="net")\n{layers}'
    found = changed(every_mutant(solution(code)), "a missing layer")
    assert code.replace("net.add(layers.Dropout(0.5))", "pass") in found
