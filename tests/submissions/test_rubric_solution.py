"""A rubric beside its solution: models that nobody makes, and an accuracy of numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.errors import UserError
from grader.records import (
    Architecture,
    CompileArguments,
    DataUse,
    FitArguments,
    History,
    Layer,
    ModelBuilt,
    Recording,
    Reference,
    ReferenceModel,
    Score,
    Trained,
)
from grader.submissions.read import read_submission
from grader.submissions.rubric_file import load_rubric
from grader.submissions.rubric_solution import check_models, check_reference

RUBRIC = """version: 1
title: A lab
questions:
  - id: "1"
    title: Wide
    model: wide_net
    criteria:
      - trained: {points: 1}
      - accuracy: {points: 1, within: 0.02}
"""
MADE = 'net = keras.Sequential([], name="wide_net")\n'


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    folder = tmp_path / "lab"
    folder.mkdir()
    (folder / "rubric.yaml").write_text(RUBRIC)
    (folder / "solution.py").write_text(MADE)
    return folder


def checked(lab: Path, solution: str, model: str = "wide_net") -> str:
    """What is said of a rubric with this model beside this solution; empty where nothing is certain."""
    (lab / "rubric.yaml").write_text(RUBRIC.replace("wide_net", model))
    (lab / "solution.py").write_text(solution)
    try:
        check_models(load_rubric(lab), read_submission(lab / "solution.py"), lab)
    except UserError as error:
        return str(error)
    return ""


def test_a_misspelt_model_is_named_with_its_line(lab: Path) -> None:
    """File, line and the name that was meant, without running anything."""
    said = checked(lab, MADE + 'print(f"{1}")\n', "wide_nett")
    assert "rubric.yaml:6: the solution makes no model 'wide_nett'. Did you mean 'wide_net'?" in said


@pytest.mark.parametrize(
    "solution",
    [
        'def make(name):\n    return keras.Sequential([], name=name)\nnet = make("wide" + "_net")\n',
        'for size in (1, 2):\n    keras.Sequential([], name=f"net_{size}")\n',
        "class WideNet(keras.Model):\n    pass\nnet = WideNet()\n",
        'net = keras.models.load_model("x.keras")\n',
        "net = keras.Model(**options)\n",
        "net = keras.applications.VGG16()\n",
        'net = keras.Sequential()\nnet.name = "wide" + suffix\n',
        "net = keras.Sequential([], 'wide_nett')\n",
        "net = = broken\n",
    ],
)
def test_names_that_text_does_not_tell(lab: Path, solution: str) -> None:
    """A name that is worked out, lent by a class or loaded may be any: only the run tells."""
    assert checked(lab, solution, "wide_nett") == ""


@pytest.mark.parametrize("model", ["sequential", "sequential_3", "functional_1", "wide_net"])
def test_names_that_are_given(lab: Path, model: str) -> None:
    """A name of Keras' own stands in no text."""
    assert checked(lab, MADE, model) == ""


def reference(
    name: str,
    metrics: dict[str, float] | None,
    loss: str | None = None,
    activation: str = "linear",
    compiled: tuple[str, ...] = (),
) -> Reference:
    """A reference with one model of this name, whose training scored `metrics`; `compiled` with these."""
    last = Layer(class_name="Dense", name="last", config={"units": 1, "activation": activation})
    arguments = CompileArguments(optimizer="Adam", optimizer_config={}, learning_rate=None, loss=loss, metrics=compiled)
    architecture = Architecture(id="a", kind="sequential", layers=(last,), input_shape=(4,), parameters=1)
    trained = Trained(
        seq=1,
        cell=0,
        model="m0",
        name=name,
        architecture="a",
        compile=arguments,
        fit=FitArguments(batch_size=32, epochs=1, validation="none", shuffle=True),
        history=History(metrics={}, epoch_seconds=()),
        train=DataUse(split="train", rows=4, used_rows=4, shape=(4,)),
        test=Score(dataset="houses", rows=4, metrics=metrics) if metrics is not None else None,
    )
    built = ModelBuilt(seq=0, cell=0, model="m0", name=name, architecture="a")
    recording = Recording(testimony="reference", events=(built, trained), architectures={"a": architecture})
    model = ReferenceModel(name=name, architecture=architecture, compile=arguments, trainings=(trained,))
    return Reference(rubric="lab", recording=recording, models={name: model})


def test_what_a_run_did_not_make(lab: Path) -> None:
    """Where names are worked out, the recording tells."""
    with pytest.raises(
        UserError, match=r"rubric.yaml:6: the solution makes no model 'wide_net'. Did you mean 'wide_nt'"
    ):
        check_reference(load_rubric(lab), reference("wide_nt", {"accuracy": 0.9}), lab)


def test_accuracy_of_numbers(lab: Path) -> None:
    """A network that gives numbers has no accuracy; one that was not measured may have."""
    with pytest.raises(UserError, match=r"rubric.yaml:9: 'wide_net' gives numbers, not classes"):
        check_reference(load_rubric(lab), reference("wide_net", {"mae": 2.0}), lab)
    check_reference(load_rubric(lab), reference("wide_net", {"accuracy": 0.9}), lab)
    check_reference(load_rubric(lab), reference("wide_net", None), lab)


def test_numbers_that_were_not_measured(lab: Path) -> None:
    """Without a score the loss and the last layer tell; each of them alone does not."""
    rubric = load_rubric(lab)
    with pytest.raises(UserError, match="gives numbers, not classes"):
        check_reference(rubric, reference("wide_net", None, "mean_squared_error"), lab)
    check_reference(rubric, reference("wide_net", None, "mean_squared_error", "softmax"), lab)
    check_reference(rubric, reference("wide_net", None, "mean_squared_error", "sigmoid"), lab)
    check_reference(rubric, reference("wide_net", None, "mean_squared_error", "linear", ("accuracy",)), lab)
    check_reference(rubric, reference("wide_net", None, "sparse_categorical_crossentropy", "linear"), lab)
    check_reference(rubric, reference("wide_net", None, "custom:own", "linear"), lab)
    check_reference(rubric, reference("wide_net", {"accuracy": 0.8}, "mean_squared_error"), lab)
