"""Every reason that a built-in criterion may give is given to some hand-in, by a scenario here or by another test."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import fmean, pstdev
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
    other_model,
    question_of,
    reference_lab,
    reference_of,
    submission,
)

from grader.criteria import Case
from grader.criteria.judge import verdict_of
from grader.criteria.registry import criteria_for
from grader.records import (
    Axes,
    CaseOutcome,
    Figure,
    FigureDrawn,
    FunctionTested,
    Layer,
    LoggedSummary,
    ModelSaved,
    Outcome,
    Printed,
    Reference,
    Trained,
    Verdict,
)

REFERENCE = reference_lab()
SCENARIOS: dict[str, Callable[[], Verdict]] = {}
"""Code of a reason -> what leads to it."""


def gives(*codes: str) -> Callable[[Callable[[], Verdict]], Callable[[], Verdict]]:
    """The verdict of the function has these reasons."""

    def register(scenario: Callable[[], Verdict]) -> Callable[[], Verdict]:
        SCENARIOS.update(dict.fromkeys(codes, scenario))
        return scenario

    return register


def verdict(
    criterion: dict[str, Any],
    stage: Stage,
    trainings: list[Trained],
    model: str | None = "small_mlp",
    reference: Reference = REFERENCE,
    **more: Any,
) -> Verdict:
    """The verdict of one criterion on a question about `model`."""
    asked = question_of("1", {"points": 4, **criterion}, model=model)
    answered, match = matched(asked, stage, trainings, **more)
    return verdict_of(asked.criteria[0], Case(answered, match, reference))


def deep(final: float, **criterion: Any) -> Verdict:
    """The accuracy of a network beside a reference that was trained once."""
    stage = Stage()
    training = stage.train(3, mlp(500, 300), final=final)
    return verdict({"kind": "accuracy", **criterion}, stage, [training], model="deep_mlp")


@gives("accuracy.enough")
def as_good_as_the_reference() -> Verdict:
    return deep(0.983, within=0.01)


@gives("accuracy.too_low")
def far_below_the_reference() -> Verdict:
    return deep(0.95, within=0.01)


@gives("accuracy.reference_unmeasured")
def nothing_to_compare_with() -> Verdict:
    stage = Stage()
    return verdict({"kind": "accuracy", "within": 0.01}, stage, [stage.train(3, mlp(64, 64))], model=None)


@gives("accuracy.the_references_training")
def the_very_training_of_the_reference() -> Verdict:
    theirs, stage = Stage("reference"), Stage()
    reference = reference_of(theirs, {"small_mlp": [theirs.train(0, mlp(64, 64), key="same")]})
    training = stage.train(3, mlp(64, 64), key="same")
    return verdict({"kind": "accuracy", "within": 0.01}, stage, [training], reference=reference)


@gives("accuracy.saved_unmeasured")
def a_saved_accuracy_where_less_data_was_at_hand() -> Verdict:
    stage, saved = Stage(standin=True), Stage("saved")
    stage.outcome = Outcome(status="not run")
    saved.log(4, 10)
    return verdict({"kind": "accuracy", "within": 0.01}, stage, [], saved=saved, cells=(4,))


@gives("architecture.lacks")
def a_layer_too_few() -> Verdict:
    stage = Stage()
    return verdict({"kind": "architecture"}, stage, [stage.train(3, mlp(500))], model="deep_mlp")


@gives("architecture.more_differences")
def many_layers_too_many() -> Verdict:
    stage = Stage()
    return verdict({"kind": "architecture"}, stage, [stage.train(3, mlp(*[7] * 12))])


@gives("architecture.saved_same")
def a_saved_summary_of_the_references_layers() -> Verdict:
    stage, saved = Stage(), Stage("saved")
    stage.outcome = Outcome(status="not run")
    saved.add(LoggedSummary, 4, layers=(("Flatten", "", 0), *[("Dense", "", 0)] * 3), parameters=55_050)
    return verdict({"kind": "architecture"}, stage, [], saved=saved, cells=(4,))


@gives("comparison_plot.no_history")
def a_plot_of_something_else() -> Verdict:
    stage = Stage()
    first, second = stage.train(1, mlp(64, 64), seed=1), stage.train(2, mlp(500, 300), seed=2)
    stage.plot(5, (1.0, 2.0, 3.0))
    other = other_model(second).model_copy(update={"reference": "deep_mlp"})
    comparison = {"kind": "comparison_plot", "models": ["small_mlp", "deep_mlp"]}
    return verdict(comparison, stage, [first], others=(other,))


def compiled(model: str | None = "small_mlp", last: str = "softmax", **compile_arguments: Any) -> Verdict:
    """Compile arguments of the small network, whose last layer has this activation."""
    stage = Stage()
    layers = (flatten(), dense(64), dense(64), dense(10, last))
    return verdict({"kind": "compiled"}, stage, [stage.train(3, layers, arguments(**compile_arguments))], model=model)


@gives("compiled.logits_untold")
def logits_for_probabilities() -> Verdict:
    return compiled(last="linear")


@gives("compiled.loss_none", "compiled.rate_unknown")
def no_loss_and_no_fixed_rate() -> Verdict:
    return compiled(loss=None, rate=None)


@gives("compiled.nothing_asked")
def a_question_about_no_model() -> Verdict:
    return compiled(model=None)


def matrix(diagonal: float, beside: float, **more: Any) -> Verdict:
    """A drawn matrix of ten classes, of a model that is right on 97 % of the test images."""
    stage = Stage()
    training = stage.train(3, mlp(64, 64), **more)
    rows = tuple(tuple(diagonal if row == column else beside for column in range(10)) for row in range(10))
    stage.add(FigureDrawn, 3, figure=Figure(axes=(Axes(matrices=(rows,)),)))
    return verdict({"kind": "confusion_matrix"}, stage, [training])


@gives("confusion_matrix.no_score")
def a_matrix_beside_no_score() -> Verdict:
    return matrix(970.0, 3.0, test=None)


@gives("confusion_matrix.no_score_shares")
def shares_beside_no_score() -> Verdict:
    return matrix(0.91, 0.01, test=None)


@gives("confusion_matrix.other_images")
def a_matrix_of_other_images() -> Verdict:
    return matrix(50.0, 5.0)


@gives("confusion_matrix.other_shares")
def shares_far_from_the_accuracy() -> Verdict:
    return matrix(0.55, 0.05)


def bars(x: tuple[float, ...], first_alone: bool = False) -> Verdict:
    """Means and deviations of a sweep of two factors, or its first trainings, drawn at `x`."""
    stage = Stage()
    sweep = [stage.train(3, mlp(500, 300, l2=(f, f)), final=0.95 + f + 0.01 * n) for f in (1e-6, 1e-3) for n in (1, 2)]
    finals = [[t.history.metrics["val_accuracy"][-1] for t in sweep[at : at + 2]] for at in (0, 2)]
    points = [group[0] if first_alone else fmean(group) for group in finals]
    stage.bars(4, x, points, [pstdev(group) for group in finals])
    return verdict({"kind": "error_bar_plot"}, stage, sweep, model="decayed_mlp")


@gives("error_bar_plot.in_order")
def points_in_the_order_of_the_factors() -> Verdict:
    return bars((0.0, 1.0))


@gives("error_bar_plot.not_at_factors")
def points_at_places_of_their_own() -> Verdict:
    return bars((5.0, 7.0))


@gives("error_bar_plot.first_replica")
def first_replicas_for_means() -> Verdict:
    return bars((1e-6, 1e-3), first_alone=True)


def function_with(*messages: str) -> Verdict:
    """A function, found by its name, that fails in one case a message, or passes the one there is."""
    cases = [CaseOutcome(title=m, credit=1, status="failed", share=0.0, message=f"{m} is wrong.") for m in messages]
    cases = cases or [CaseOutcome(title="a small one", credit=1, status="passed", share=1.0)]
    stage = Stage()
    stage.add(FunctionTested, 3, question="1", function="pool", called="pool(x)", reason="its name", cases=tuple(cases))
    return verdict({"kind": "function"}, stage, [], model=None, cells=(3,))


@gives("function.passes_all_found")
def a_function_that_passes() -> Verdict:
    return function_with()


@gives("function.more")
def a_function_that_is_wrong_in_many_ways() -> Verdict:
    return function_with("padding", "stride", "size", "depth", "order", "type")


@gives("generalisation_gap.stated_in_text")
def both_accuracies_printed() -> Verdict:
    stage = Stage()
    training = stage.train(3, mlp(64, 64))
    ends = [training.history.metrics[name][-1] for name in ("accuracy", "val_accuracy")]
    stage.add(Printed, 3, text=f"trained {ends[0]:.4f}, validated {ends[1]:.4f}")
    return verdict({"kind": "generalisation_gap"}, stage, [training])


@gives("parameters.as_asked")
def a_number_of_parameters_that_the_rubric_names() -> Verdict:
    stage = Stage()
    return verdict({"kind": "parameters", "equals": 55_050}, stage, [stage.train(3, mlp(64, 64))])


@gives("parameters.other")
def another_number_than_the_references() -> Verdict:
    stage = Stage()
    return verdict({"kind": "parameters"}, stage, [stage.train(3, mlp(32))])


@gives("parameters.none_yet")
def a_model_that_met_no_data() -> Verdict:
    stage = Stage()
    layers = (conv(), flatten(), dense(10, "softmax"))
    return verdict({"kind": "parameters", "equals": 55_050}, stage, [stage.train(3, layers)])


@gives("saved_model.saved")
def a_file_without_an_ending() -> Verdict:
    stage = Stage()
    one = stage.train(3, mlp(64, 64))
    stage.add(ModelSaved, 4, model=one.model, architecture=one.architecture, trained=one.seq, what="model")
    return verdict({"kind": "saved_model"}, stage, [one])


@gives("saved_model.saving_code")
def code_that_saves_and_did_not() -> Verdict:
    stage = Stage()
    work = submission(code={4: "model.save('model.keras')"})
    return verdict({"kind": "saved_model"}, stage, [stage.train(3, mlp(64, 64))], work=work)


def scaled(first: Layer) -> Verdict:
    """Pixels from 0 to 255 that meet this layer first."""
    stage = Stage()
    layers = (first, *mlp(64, 64))
    return verdict({"kind": "scaled"}, stage, [stage.train(3, layers, train=data(scale=1.0))])


@gives("scaled.by_model")
def a_layer_that_scales() -> Verdict:
    return scaled(Layer(class_name="Rescaling", name="rescaling", config={"scale": 1 / 255, "offset": 0.0}))


@gives("scaled.unknown_step")
def a_layer_that_nobody_knows() -> Verdict:
    return scaled(Layer(class_name="Mystery", name="mystery"))


@gives("states_number.no_log_less_data")
def an_accuracy_that_less_data_cannot_contradict() -> Verdict:
    stage = Stage(standin=True)
    asked = {"kind": "states_number", "of": "best_val_accuracy"}
    return verdict(asked, stage, [stage.train(3, mlp(64, 64))], answer="The best is 0.5123.")


@gives("states_number.stated_in_print")
def a_number_that_the_code_prints() -> Verdict:
    stage = Stage()
    stage.add(Printed, 3, text="55,050 parameters")
    return verdict({"kind": "states_number", "equals": 55_050}, stage, [stage.train(3, mlp(64, 64))])


@gives("states_number.stated_under")
def a_number_under_the_neighbour() -> Verdict:
    stage = Stage()
    asked, other = (
        question_of(name, {"kind": "states_number", "points": 4, "equals": 55_050}, model="small_mlp", section="1")
        for name in ("1a", "1b")
    )
    answered, match = matched(asked, stage, [stage.train(3, mlp(64, 64))])
    beside = answered.model_copy(update={"question": other, "answer": "It has 55,050 parameters."})
    match = match.model_copy(update={"questions": (answered, beside)})
    return verdict_of(asked.criteria[0], Case(answered, match, REFERENCE))


@gives("summary_shown.saved")
def a_summary_in_the_saved_outputs() -> Verdict:
    stage, saved = Stage(), Stage("saved")
    saved.add(LoggedSummary, 3, parameters=55_050)
    return verdict({"kind": "summary_shown"}, stage, [stage.train(3, mlp(64, 64))], saved=saved)


def sweep(replicas: dict[float, int], stage: Stage | None = None, **criterion: Any) -> Verdict:
    """So many trainings of each factor."""
    stage = stage or Stage()
    trainings = [stage.train(3, mlp(500, 300, l2=(f, f)), seed=n) for f, many in replicas.items() for n in range(many)]
    return verdict({"kind": "sweep", **criterion}, stage, trainings, model="decayed_mlp")


@gives("sweep.no_factor_inside")
def factors_outside_the_range() -> Verdict:
    return sweep({1e-6: 3}, between=[1.0, 2.0])


@gives("sweep.replicas_vary")
def more_trainings_of_one_factor() -> Verdict:
    return sweep({1e-6: 3, 1e-3: 2})


@gives("sweep.ran_before")
def a_sweep_that_a_limit_cut_short() -> Verdict:
    stage = Stage()
    stage.outcome = Outcome(status="timed out", last_cell=3)
    return sweep({1e-6: 3}, stage)


@gives("sweep.optimizers_decay")
def a_decay_of_the_optimizer() -> Verdict:
    stage = Stage()
    given = [arguments(optimizer="AdamW", optimizer_config={"weight_decay": factor}) for factor in (1e-4, 1e-3)]
    trainings = [stage.train(3, mlp(500, 300), one) for one in given]
    return verdict({"kind": "sweep"}, stage, trainings, model="decayed_mlp")


@gives("trained.batch_size", "trained.epochs_asked_at_least")
def too_few_epochs_in_the_batches_asked_for() -> Verdict:
    stage = Stage()
    asked = {"kind": "trained", "epochs": 20, "at_least": True, "batch_size": 128}
    return verdict(asked, stage, [stage.train(3, mlp(64, 64))])


@gives("written.only_a_picture")
def a_picture_for_an_answer() -> Verdict:
    saved = Stage("saved")
    saved.picture(4)
    return verdict({"kind": "written"}, Stage(), [], saved=saved, cells=(4,))


@gives("written.only_printed")
def a_printed_answer() -> Verdict:
    stage = Stage()
    stage.add(Printed, 4, text="Because the labels are one-hot.")
    return verdict({"kind": "written"}, stage, [], cells=(4,))


@pytest.mark.parametrize("code", SCENARIOS)
def test_the_scenario_gives_the_reason(code: str) -> None:
    """What leads to a reason does, and its sentence stands in the explanation."""
    found = SCENARIOS[code]()
    assert code in [reason.code for reason in found.reasons], found.explanation


COLLECTOR = """
import json, sys
import pytest
from grader.criteria import Criterion

given, because = set(), Criterion.because

def noted(self, name, **values):
    given.add(f"{self.kind}.{name}")
    return because(self, name, **values)

Criterion.because = noted
ended = pytest.main(["-q", "-p", "no:cacheprovider", "--deselect", sys.argv[2], sys.argv[1]])
print(json.dumps([int(ended), sorted(given)]))
"""


def test_every_reason_is_given() -> None:
    """The tests of this folder, run in one process, reach every sentence of every built-in criterion."""
    here = Path(__file__)
    itself = f"{here.relative_to(here.parents[2]).as_posix()}::test_every_reason_is_given"
    command = [sys.executable, "-c", COLLECTOR, str(here.parent), itself]
    done = subprocess.run(command, cwd=here.parents[2], capture_output=True, text=True)
    ended, given = json.loads(done.stdout.splitlines()[-1])
    assert ended == 0, done.stdout
    wanted = {f"{kind}.{name}" for kind, one in criteria_for().items() for name in one.sentences}
    assert wanted - set(given) == set()
