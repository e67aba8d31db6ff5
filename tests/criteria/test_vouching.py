"""What only the student's process says earns nothing by itself, and what is drawn otherwise is read all the same."""

from __future__ import annotations

from statistics import fmean, pstdev
from typing import Any

from fictional_recordings import Stage, data, history, matched, mlp, question_of, reference_lab

from grader.criteria import Case
from grader.criteria.judge import verdict_of
from grader.observations.hand_in import HandIn
from grader.observations.model_use import evaluation_differences
from grader.records import Axes, Band, Evaluated, Figure, FigureDrawn, History, Line, Score, Trained

REFERENCE = reference_lab()
TRAINED = {"kind": "trained", "points": 2, "epochs": 10}
PLOT = {"kind": "history_plot", "points": 2, "shows": ["accuracy", "val_accuracy"], "labelled": []}


def verdict(stage: Stage, trainings: list[Trained], **criterion: Any) -> Any:
    question, match = matched(question_of("1", criterion, model="small_mlp"), stage, trainings)
    return verdict_of(question.question.criteria[0], Case(question, match, REFERENCE))


def test_unconfirmed_histories_are_a_persons_matter() -> None:
    """A forged history and the figure of it get no points and lose none: a person decides."""
    for vouched, status in ((True, "passed"), (False, "review")):
        stage = Stage()
        training = stage.train(
            3, mlp(64, 64), native="a callback of its own", vouched=vouched, history=history(10, 0.99)
        )
        stage.plot(3, *(training.history.metrics[name] for name in ("accuracy", "val_accuracy")))
        for criterion in (TRAINED, PLOT):
            found = verdict(stage, [training], **criterion)
            assert found.status == status
            assert found.awarded == (2.0 if vouched else 0.0)
        if not vouched:
            assert "a callback of its own" in found.explanation


def test_number_out_of_a_forged_history_proves_nothing() -> None:
    """A best accuracy that only the process itself says is not confirmed by what the same process prints."""
    stage = Stage()
    forged = stage.train(3, mlp(64, 64), native="its own", vouched=False, history=history(10, 0.99))
    asked = {"kind": "states_number", "points": 1, "of": "best_val_accuracy", "tolerance": 0.001}
    question, match = matched(question_of("1", asked, model="small_mlp"), stage, [forged], answer="It reached 0.99.")
    assert verdict_of(question.question.criteria[0], Case(question, match, REFERENCE)).status == "review"


def test_loop_of_its_own_loses_nothing() -> None:
    """A training step by step has no history: that is not held against it."""
    stage = Stage()
    training = stage.train(3, mlp(64, 64), native="a loop", vouched=False, history=History(metrics={}))
    assert verdict(stage, [training], **TRAINED).status == "review"


def evaluated(training: Trained, claimed: float, rows: int, measured: float) -> dict[str, Any]:
    test = Score(dataset="mnist", rows=rows, accuracy=measured)
    use = data("test", 10_000)
    known = {"model": training.model, "architecture": training.architecture, "trained": training.seq, "data": use}
    return {**known, "metrics": {"loss": 0.1, "accuracy": claimed}, "measured": test}


def test_false_evaluation_is_observed_with_its_proof() -> None:
    """An accuracy of 0.99 beside the host's 0.11 is told; rounding and chance in a sample are not."""
    for claimed, rows, measured, told in (
        (0.99, 10_000, 0.11, True),
        (0.975, 10_000, 0.97, False),
        (0.99, 2_000, 0.96, False),
        (0.99, 2_000, 0.90, True),
        (float("nan"), 10_000, 0.11, True),
    ):
        stage = Stage()
        training = stage.train(3, mlp(64, 64))
        stage.add(Evaluated, 4, **evaluated(training, claimed, rows, measured))
        _, match = matched(question_of("1", TRAINED, model="small_mlp"), stage, [training])
        found = list(evaluation_differences(HandIn(match, REFERENCE)))
        assert bool(found) == told
        assert all("may" in one.message for one in found)


def test_scattered_histories_are_read() -> None:
    """A history drawn as points alone is compared like a line."""
    stage = Stage()
    training = stage.train(3, mlp(64, 64))
    clouds = tuple(
        Line(x=tuple(range(10)), y=training.history.metrics[name], points=10) for name in ("accuracy", "val_accuracy")
    )
    stage.add(FigureDrawn, 3, figure=Figure(axes=(Axes(scatters=2, scattered=clouds),)))
    assert verdict(stage, [training], **PLOT).status == "passed"


def test_bands_are_read_as_spread() -> None:
    """Means as a line and their standard deviations as a shaded band are an error-bar plot."""
    stage = Stage()
    factors = (1e-5, 1e-4, 1e-3)
    sweep = [stage.train(2, mlp(500, 300, l2=(f, f)), final=0.96 + 0.003 * n) for f in factors for n in range(3)]
    groups = [[(t.history.values_of("val_accuracy") or (0.0,))[-1] for t in sweep[3 * n : 3 * n + 3]] for n in range(3)]
    mean, spread = tuple(map(fmean, groups)), tuple(map(pstdev, groups))
    low = tuple(m - s for m, s in zip(mean, spread, strict=True))
    high = tuple(m + s for m, s in zip(mean, spread, strict=True))
    for band, share in ((Band(x=factors, low=low, high=high), 1.0), (Band(x=factors, low=mean, high=high), 2 / 3)):
        drawn = Axes(lines=(Line(x=factors, y=mean, points=3),), bands=(band,))
        stage.events = [event for event in stage.events if not isinstance(event, FigureDrawn)]
        stage.add(FigureDrawn, 2, figure=Figure(axes=(drawn,)))
        found = verdict(stage, sweep, kind="error_bar_plot", points=3, of="val_accuracy", labelled=[])
        assert found.awarded == 3 * share
