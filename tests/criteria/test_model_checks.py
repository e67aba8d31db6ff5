"""Verdicts on networks: layers, parameters, compile arguments, training, accuracy."""

from __future__ import annotations

from typing import Any

import pytest
from fictional_recordings import (
    Stage,
    arguments,
    conv,
    data,
    dense,
    flatten,
    matched,
    mlp,
    pool,
    question_of,
    reference_lab,
)

from grader.criteria import Case
from grader.criteria.judge import verdict_of
from grader.records import CellFailed, Layer, LoggedSummary, Noted, Score, Verdict

REFERENCE = reference_lab()


def verdict(
    stage: Stage,
    trainings: list[Any],
    kind: str,
    model: str = "small_mlp",
    saved: Stage | None = None,
    **criterion: Any,
) -> Verdict:
    """The verdict of one criterion on `trainings`."""
    extra = {key: criterion.pop(key) for key in ("cells", "model_match") if key in criterion}
    asked = question_of("1", {"kind": kind, "points": 2, **criterion}, model=model)
    answered, match = matched(asked, stage, trainings, saved=saved, **extra)
    return verdict_of(asked.criteria[0], Case(answered, match, REFERENCE))


def on_layers(*layers: Layer, model: str = "small_mlp", given: Any = None, **criterion: Any) -> Verdict:
    """The verdict on the architecture of a network with `layers`."""
    stage = Stage()
    return verdict(stage, [stage.train(1, layers, given)], "architecture", model, **criterion)


def test_the_same_layers() -> None:
    """The reference's own layers earn everything, also without a Flatten, by name or as single activations."""
    for layers in (
        mlp(64, 64),
        (dense(64), dense(64), dense(10, "softmax")),
        (
            dense(64, "linear"),
            Layer(class_name="Activation", name="a", config={"activation": "relu"}),
            dense(64),
            dense(10, "softmax"),
        ),
    ):
        assert on_layers(*layers).status == "passed"


def test_another_size() -> None:
    """A layer of another size costs part of the points and is named with both sizes."""
    found = on_layers(flatten(), dense(64), dense(300), dense(10, "softmax"), model="deep_mlp")
    assert found.status == "partial"
    assert 0.0 < found.awarded < 2.0
    assert "Layer 1 is `Dense 64, relu`, the reference has `Dense 500, relu`." in found.explanation


def test_missing_and_further_layers() -> None:
    """Missing layers and layers too many are told apart."""
    missing = on_layers(dense(64), dense(10, "softmax"))
    assert "`Dense 64, relu` of the reference is missing" in missing.explanation
    further = on_layers(dense(64), dense(64), dense(32), dense(10, "softmax"))
    assert "Layer 3, `Dense 32, relu`, is not in the reference." in further.explanation
    assert missing.awarded < 2.0
    assert further.awarded < 2.0


def test_logits() -> None:
    """A last layer without softmax is as good when the loss expects logits, and not otherwise."""
    layers = (dense(64), dense(64), dense(10, "linear"))
    assert on_layers(*layers, given=arguments(from_logits=True)).status == "passed"
    assert on_layers(*layers).status == "partial"


def test_a_free_design() -> None:
    """A free design needs only the layers asked for; any kind of convolution counts."""
    separable = Layer(class_name="SeparableConv2D", name="s", config={"filters": 8})
    for first in (conv(8), separable):
        found = on_layers(first, pool(), flatten(), dense(10, "softmax"), model="conv_net", must_have=["Conv2D"])
        assert found.status == "passed"
    found = on_layers(*mlp(500), model="conv_net", must_have=["Conv2D"])
    assert found.status == "failed"
    assert "No Conv2D layer" in found.explanation


def test_a_class_of_its_own() -> None:
    """A subclassed model, whose settings cannot be seen, goes to a person."""
    stage = Stage()
    bare = tuple(Layer(class_name="Dense", name=f"d{n}", output_shape=(None, n)) for n in (64, 64, 10))
    model = stage.build(1, bare, kind="subclassed")
    stage.compile(1, model)
    found = verdict(stage, [stage.fit(1, model)], "architecture")
    assert found.status == "review"
    assert "Layer 1 is `Dense 64`" in found.explanation
    assert found.awarded == 0.0


def test_a_saved_summary_alone() -> None:
    """Where the code stopped, a saved summary sends the question to a person."""
    stage, saved = Stage(), Stage("saved")
    stage.add(CellFailed, 3, error="ValueError", message="no such shape", line=2)
    saved.add(LoggedSummary, 3, layers=(("Dense", "(None, 64)", 50_240),), parameters=55_050)
    for kind in ("architecture", "parameters"):
        found = verdict(stage, [], kind, saved=saved, cells=(3,))
        assert found.status == "review"
        assert "Cell 4 stopped, line 2 with ValueError" in found.explanation
        assert "55,050 parameters" in found.explanation


def test_a_failed_cell_without_anything() -> None:
    """A cell that stopped by its own fault, with nothing saved, is failed, and the reason names it."""
    stage = Stage()
    stage.add(CellFailed, 3, error="SyntaxError", message="invalid syntax", line=1)
    found = verdict(stage, [], "trained", cells=(3,))
    assert found.status == "failed"
    assert "SyntaxError" in found.explanation


def test_a_missing_package() -> None:
    """What fails for want of a package or a file, or in the wake of that, is errored: it may be the machine's fault."""
    stage = Stage()
    stage.add(CellFailed, 0, error="ModuleNotFoundError", message="No module named 'google.colab'")
    stage.add(CellFailed, 3, error="NameError", message="name 'x_train' is not defined")
    found = verdict(stage, [], "trained", cells=(3,))
    assert found.status == "errored"
    assert "google.colab" in found.explanation


def test_another_library_version() -> None:
    """What fails because a library has changed since is errored, not held against the group."""
    stage = Stage()
    message = "module 'keras.utils' has no attribute 'something_old'"
    stage.add(CellFailed, 3, error="AttributeError", message=message, line=2)
    assert verdict(stage, [], "trained", cells=(3,)).status == "errored"


def test_a_limit_in_the_cell() -> None:
    """A limit noted in the question's cell is labgrade's, not the group's."""
    stage = Stage()
    stage.add(Noted, 3, topic="limit", name="size", message="The model is larger than the budget.")
    assert verdict(stage, [], "accuracy", cells=(3,), within=0.01).status == "errored"


def test_parameters() -> None:
    """The number of parameters is compared with the reference's or with a given number."""
    stage = Stage()
    trained = [stage.train(1, mlp(64, 64))]
    assert verdict(stage, trained, "parameters").explanation == "55,050 parameters, as in the reference."
    assert verdict(stage, trained, "parameters", equals=55_051).status == "failed"


def compiled(given: Any, **more: Any) -> Verdict:
    """The verdict on compile arguments."""
    stage = Stage()
    fit = more.pop("train", {})
    training = stage.train(1, more.pop("layers", mlp(64, 64)), given, train=data(**fit))
    return verdict(stage, [training], "compiled", **more)


def test_the_wrong_loss() -> None:
    """Binary cross-entropy on ten exclusive classes is explained; the rest of the points stays."""
    found = compiled(arguments("binary_crossentropy", "SGD", 0.01))
    assert found.status == "partial"
    assert "ten exclusive classes under a softmax want `categorical_crossentropy`" in found.explanation
    assert "The learning rate is 0.01; 0.1 was asked for." in found.explanation
    codes = [reason.code for reason in found.reasons]
    assert codes == ["compiled.loss_binary", "compiled.optimizer", "compiled.rate_other"]
    assert found.awarded == 0.75


@pytest.mark.parametrize(
    ("one_hot", "loss", "passes"),
    [
        (False, "sparse_categorical_crossentropy", True),
        (True, "categorical_crossentropy", True),
        (True, "sparse_categorical_crossentropy", False),
        (True, "kl_divergence", True),
    ],
)
def test_losses_that_come_to_the_same(one_hot: bool, loss: str, passes: bool) -> None:
    """A loss counts as another when both come to the same for the labels at hand."""
    found = compiled(arguments(loss), train={"one_hot": one_hot}, loss="categorical_crossentropy")
    assert (found.status == "passed") is passes


def test_logits_mixed_up() -> None:
    """A softmax under a loss that expects logits costs half of the loss's share."""
    found = compiled(arguments(from_logits=True))
    assert found.status == "partial"
    assert "softmax already" in found.explanation


def test_a_free_optimizer() -> None:
    """With `any` optimizer neither it nor the learning rate is compared."""
    assert compiled(arguments(optimizer="Adam", rate=0.001), optimizer="any").status == "passed"
    assert compiled(arguments(optimizer="Adam", rate=0.001)).status == "partial"


def test_a_loss_of_ones_own() -> None:
    """A loss of the group's own goes to a person."""
    assert compiled(arguments("custom:my_loss")).status == "review"


def trained(epochs: int, **more: Any) -> Verdict:
    """The verdict on a training, for which the reference has 10 epochs."""
    stage = Stage()
    fit = {key: more.pop(key) for key in ("ran", "fit", "batch") if key in more}
    return verdict(stage, [stage.train(1, mlp(64, 64), epochs=epochs, **fit)], "trained", **more)


def test_epochs() -> None:
    """Epochs are compared with the reference's; too few earn their share."""
    assert trained(10).status == "passed"
    few = trained(4)
    assert few.awarded == 0.75
    assert "Trained for 4 epochs. 10 epochs were asked for." in few.explanation
    assert trained(15, at_least=True).status == "passed"
    assert trained(15).status == "partial"


def test_early_stopping() -> None:
    """A training that its own callback stopped early counts as complete; one that broke off does not."""
    stopped = {"callbacks": ({"class_name": "EarlyStopping", "patience": 2},)}
    assert trained(10, ran=6, fit=stopped).status == "passed"
    assert trained(10, ran=6).status == "partial"


def test_batch_size() -> None:
    """The batch size is compared only where it is asked for."""
    assert trained(10, batch=32).status == "passed"
    assert "128 was asked for" in trained(10, batch=32, batch_size=128).explanation


def test_a_training_carried_on() -> None:
    """Two trainings of one network, one carrying on from the other, add up."""
    stage = Stage()
    model = stage.build(1, mlp(64, 64))
    stage.compile(1, model)
    parts = [stage.fit(1, model, epochs=4), stage.fit(2, model, epochs=6, continued=True)]
    assert verdict(stage, parts, "trained").status == "passed"


def test_a_saved_log_without_a_rerun() -> None:
    """A log that was saved where the code did not run again sends the question to a person."""
    saved = Stage("saved")
    saved.log(3, 10)
    found = verdict(Stage(), [], "trained", saved=saved, cells=(3,))
    assert found.status == "review"
    assert "10 epochs" in found.explanation


def accuracy(final: float, saved_final: float | None = None, stage: Stage | None = None, **more: Any) -> Verdict:
    """The verdict on a test accuracy."""
    stage, saved = stage or Stage(), Stage("saved")
    if saved_final is not None:
        saved.log(1, 10, saved_final)
    training = stage.train(1, mlp(64, 64), final=final, **more.pop("fit", {}))
    return verdict(stage, [training], "accuracy", saved=saved, **more)


@pytest.mark.parametrize("split", ["test", "mixed"])
def test_accuracy_of_a_model_taught_with_the_test_set(split: str) -> None:
    """Images of the test set among the training rows: its accuracy there earns nothing by itself."""
    stage = Stage()
    taught = stage.train(1, mlp(64, 64), final=0.99, train=data(split))
    found = verdict(stage, [taught], "accuracy", within=0.01)
    assert (found.status, found.awarded) == ("review", 0.0)
    assert "test set were among those it was trained on" in found.explanation
    gone_on = stage.fit(2, taught.model, final=0.99, continued=True)
    assert verdict(stage, [gone_on], "accuracy", within=0.01).status == "review"
    afresh = stage.fit(3, taught.model, final=0.97)
    assert verdict(stage, [taught, afresh], "accuracy", within=0.01).status == "passed"


def test_accuracy_against_the_reference() -> None:
    """The reference's mean less the allowance is enough, and the explanation says how much that was."""
    good = accuracy(0.967, within=0.01)
    assert good.status == "passed"
    bad = accuracy(0.836, within=0.01)
    assert bad.status == "failed"
    assert "0.8360 on the test set; the reference reaches 0.9760 ± 0.0010 over 2 trainings" in bad.explanation
    assert "0.9660 was enough" in bad.explanation


def test_a_reference_out_of_reach_with_less_data() -> None:
    """With less data, a shortfall is a person's where the group's logs don't share it, or none were handed in."""
    shown = accuracy(0.93, saved_final=1.01, stage=Stage(effort="quick"), within=0.01)
    assert shown.status == "review"
    assert "your saved outputs show 0.9" in shown.explanation
    assert accuracy(0.93, stage=Stage(effort="quick"), within=0.01).status == "review"
    assert accuracy(0.93, saved_final=0.93, stage=Stage(effort="quick"), within=0.01).status == "failed"
    assert accuracy(0.60, stage=Stage(effort="quick"), within=0.01).status == "failed"


def test_an_absolute_threshold() -> None:
    """With all data, a threshold is a threshold; a near miss that the saved outputs don't share is a person's."""
    assert accuracy(0.991, at_least=0.99, model="conv_net").status == "passed"
    assert accuracy(0.95, at_least=0.99, model="conv_net").status == "failed"
    assert accuracy(0.987, saved_final=1.01, at_least=0.99, model="conv_net").status == "review"


def test_a_threshold_out_of_reach_with_less_data() -> None:
    """With less data, what the reference cannot reach is not asked of anybody, and nothing is failed for it."""
    quick = Stage(effort="quick")
    assert accuracy(0.970, stage=quick, at_least=0.99, model="deep_mlp").status == "review"
    assert accuracy(0.980, stage=Stage(effort="quick"), at_least=0.99, model="deep_mlp").status == "passed"
    assert accuracy(0.970, stage=Stage(standin=True), at_least=0.99, model="deep_mlp").status == "review"
    shown = accuracy(0.60, saved_final=1.0, stage=Stage(effort="quick"), at_least=0.97, model="deep_mlp")
    assert shown.status == "review"


def test_an_accuracy_nobody_measured() -> None:
    """A native training without a measured score goes to a person, with the process's own word marked as such."""
    found = accuracy(0.97, within=0.01, fit={"test": None, "native": "a training loop of its own"})
    assert found.status == "review"
    assert "reported, not verified" in found.explanation


def test_a_diverged_accuracy() -> None:
    """An accuracy that is not a number is failed with words."""
    score = Score(dataset="mnist", rows=10_000, accuracy=float("nan"))
    found = accuracy(0.97, within=0.01, fit={"test": score})
    assert found.status == "failed"
    assert "not a number" in found.explanation
