"""Verdicts on what is shown: logs, plots, sweeps, numbers and written answers."""

from __future__ import annotations

from statistics import fmean, pstdev
from typing import Any

import pytest
from fictional_recordings import (
    Stage,
    dense,
    flatten,
    matched,
    mlp,
    other_model,
    question_of,
    reference_lab,
    submission,
)

from grader.criteria import Case
from grader.criteria.judge import verdict_of
from grader.criteria.prose import numbers_in
from grader.records import (
    Axes,
    CellFailed,
    ErrorBars,
    Figure,
    FigureDrawn,
    Line,
    LoggedSummary,
    Outcome,
    Trained,
    Verdict,
)

REFERENCE = reference_lab()
ALL = ["title", "x", "y", "legend"]
LABELS: dict[str, Any] = {"title": "Accuracy", "x_label": "epoch", "y_label": "accuracy", "legend": ("a", "b")}
FACTORS = (1e-6, 1e-5, 1e-4, 5e-4, 1e-3)


def verdict(kind: str, stage: Stage, trainings: list[Any], model: str = "small_mlp", **more: Any) -> Verdict:
    """The verdict of one criterion; what is no field of `matched` belongs to the criterion."""
    extra = {key: more.pop(key) for key in ("saved", "cells", "answer", "others", "work") if key in more}
    asked = question_of("1", {"kind": kind, "points": 2, **more}, model=model)
    answered, match = matched(asked, stage, trainings, **extra)
    return verdict_of(asked.criteria[0], Case(answered, match, REFERENCE))


def test_console_log() -> None:
    """Epochs and seconds of the saved log earn half the points each."""
    stage, saved, untimed = Stage(), Stage("saved"), Stage("saved")
    training = stage.train(1, mlp(64, 64))
    saved.log(1, 10)
    untimed.log(1, 5, timed=False)
    assert verdict("console_log", stage, [training], saved=saved).status == "passed"
    short = verdict("console_log", stage, [training], saved=untimed)
    assert short.awarded == 0.5
    assert "shows 5 epochs; 10 were asked for. The time per epoch is missing." in short.explanation


def test_console_log_of_a_script() -> None:
    """Where no outputs were handed in at all, the log that the code prints counts, unless it is silent."""
    stage = Stage()
    loud, silent = stage.train(1, mlp(64, 64)), stage.train(2, mlp(64, 64), fit={"verbose": 0})
    assert verdict("console_log", stage, [loud]).status == "passed"
    assert verdict("console_log", stage, [silent]).status == "failed"


def plotted(stage: Stage, trainings: list[Trained], **more: Any) -> Verdict:
    """The verdict on a history plot with all labels asked for."""
    return verdict("history_plot", stage, trainings, labelled=ALL, **more)


def test_history_plot() -> None:
    """Both curves of the model's own history with all labels earn everything, in percent too."""
    for factor in (1.0, 100.0):
        stage = Stage()
        training = stage.train(1, mlp(64, 64))
        metrics = training.history.metrics
        stage.plot(2, *([factor * v for v in metrics[name]] for name in ("accuracy", "val_accuracy")), **LABELS)
        found = plotted(stage, [training])
        assert found.status == "passed"
        said = "The figure of cell 3 shows training accuracy and validation accuracy of this training."
        assert said in found.explanation


def test_unlabelled() -> None:
    """Missing labels cost their part of the labels' half and are named."""
    stage = Stage()
    training = stage.train(1, mlp(64, 64))
    stage.plot(2, training.history.metrics["accuracy"], training.history.metrics["val_accuracy"], title="t")
    found = plotted(stage, [training])
    assert found.awarded == 1.25
    assert "Missing: a label on the x axis, a label on the y axis and a legend." in found.explanation


def test_another_models_history() -> None:
    """A curve that is another model's is named as that model's and earns nothing for content."""
    stage = Stage()
    other, training = stage.train(0, mlp(64, 64)), stage.train(1, mlp(64, 64))
    stage.plot(2, training.history.metrics["accuracy"], other.history.metrics["val_accuracy"], **LABELS)
    found = plotted(stage, [training], others=(other_model(other, "model, cell 1"),))
    assert "Validation accuracy is plotted, but it is that of `model, cell 1`." in found.explanation
    assert found.awarded == 1.5


def test_half_of_the_curves() -> None:
    """A curve that is missing costs its part of the content."""
    stage = Stage()
    training = stage.train(1, mlp(64, 64))
    stage.plot(2, training.history.metrics["accuracy"], **LABELS)
    found = plotted(stage, [training])
    assert found.awarded == 1.5
    assert "Validation accuracy of this training is not plotted." in found.explanation


def test_invented_curves() -> None:
    """Curves that are no recorded history earn nothing, however well they are labelled."""
    stage = Stage()
    training = stage.train(1, mlp(64, 64))
    stage.plot(2, [0.5 + 0.04 * n for n in range(10)], [0.5 + 0.045 * n for n in range(10)], **LABELS)
    found = plotted(stage, [training])
    assert found.status == "failed"
    assert found.awarded == 0.0


def test_curves_in_two_figures() -> None:
    """Curves may stand in figures of their own; the best labels count."""
    stage = Stage()
    training = stage.train(1, mlp(64, 64))
    stage.plot(2, training.history.metrics["accuracy"])
    stage.plot(3, training.history.metrics["val_accuracy"], **LABELS)
    assert plotted(stage, [training]).status == "passed"


def test_a_picture_alone() -> None:
    """A saved picture where the rerun drew nothing goes to a person."""
    stage, saved = Stage(), Stage("saved")
    training = stage.train(1, mlp(64, 64))
    stage.add(CellFailed, 2, error="NameError", message="name 'plt' is not defined")
    saved.picture(2)
    found = plotted(stage, [training], saved=saved, cells=(1, 2))
    assert found.status == "review"
    assert "A picture is saved under cell 3" in found.explanation


def test_no_plot() -> None:
    """No plot and no picture is failed."""
    stage = Stage()
    assert plotted(stage, [stage.train(1, mlp(64, 64))]).status == "failed"


def sweep(
    factors: tuple[float, ...] = FACTORS, replicas: int = 3, second: bool = True, **more: Any
) -> tuple[Stage, list[Trained]]:
    """Trainings over regularisation factors."""
    stage = Stage()
    return stage, [
        stage.train(1, mlp(500, 300, l2=(f, f if second else None)), seed=5 * n + r, **more)
        for n, f in enumerate(factors)
        for r in range(replicas)
    ]


def swept(stage: Stage, trainings: list[Trained], **more: Any) -> Verdict:
    """The verdict on a sweep of five factors from 1e-6 to 1e-3 with three replicas."""
    return verdict("sweep", stage, trainings, "decayed_mlp", between=[1e-6, 1e-3], **more)


def test_a_full_sweep() -> None:
    """Five factors, three replicas, decay on both hidden layers: everything."""
    found = swept(*sweep())
    assert found.status == "passed"
    assert (
        "5 factors (1e-06, 1e-05, 0.0001, 0.0005 and 0.001). 3 independent trainings per factor." in found.explanation
    )


def test_decay_on_one_layer() -> None:
    """Decay on the first hidden layer only costs half of its third, and the layer without it is named."""
    found = swept(*sweep(second=False))
    assert found.status == "partial"
    assert found.awarded == 1.75
    assert "is on `Dense 500` but not on `Dense 300`" in found.explanation


def test_too_few() -> None:
    """Too few factors, factors out of range and too few replicas each cost their share."""
    assert swept(*sweep(FACTORS[:3])).status == "partial"
    outside = swept(*sweep((*FACTORS[:4], 0.1)))
    assert "Outside the range asked for: 0.1" in outside.explanation
    single = swept(*sweep(replicas=1))
    assert "1 independent training per factor. 3 were asked for." in single.explanation


def test_the_wrong_regulariser() -> None:
    """L1 where L2 was asked for is named."""
    stage = Stage()
    trainings = [
        stage.train(1, (flatten(), dense(500, l1=f), dense(300, l1=f), dense(10, "softmax")))
        for f in FACTORS
        for _ in range(3)
    ]
    found = swept(stage, trainings)
    assert "The regulariser in the models is L1; L2 was asked for." in found.explanation
    assert found.status == "partial"


def test_an_activity_regulariser() -> None:
    """A regulariser of what the layers put out is found with its factors, and named as the mistake that it is."""
    stage = Stage()
    trainings = []
    for factor in FACTORS:
        layer = dense(500)
        active = {"class_name": "L2", "config": {"l2": factor}}
        layer = layer.model_copy(update={"config": {**layer.config, "activity_regularizer": active}})
        trainings += [stage.train(1, (flatten(), layer, dense(10, "softmax"))) for _ in range(3)]
    found = swept(stage, trainings)
    assert "`activity_regularizer`" in found.explanation
    assert found.status == "partial"


def test_replicas_that_carry_on() -> None:
    """A second training of the same weights is no replica, unless the weights were set anew."""
    stage = Stage()
    trainings: list[Trained] = []
    for factor in FACTORS:
        model = stage.build(1, mlp(500, 300, l2=(factor, factor)))
        stage.compile(1, model)
        first = stage.fit(1, model, seed=1)
        metrics = {name: values[-1:] * 10 for name, values in first.history.metrics.items()}
        again = stage.fit(1, model, continued=True, history=first.history.model_copy(update={"metrics": metrics}))
        trainings += [first, again]
    found = swept(stage, trainings)
    assert "5 trainings carried on" in found.explanation
    reset = Stage()
    model = reset.build(1, mlp(500, 300, l2=(1e-4, 1e-4)))
    reset.compile(1, model)
    anew = [reset.fit(1, model, seed=n, continued=n > 0) for n in range(3)]
    assert "3 independent trainings" in swept(reset, anew).explanation


def bar_plot(error: str = "population", x: Any = FACTORS, **axes: Any) -> Verdict:
    """The verdict on an error-bar plot of a full sweep."""
    stage, trainings = sweep()
    groups = [[t.history.metrics["val_accuracy"][-1] for t in trainings[3 * n : 3 * n + 3]] for n in range(5)]
    scale = {"population": 1.0, "sample": 1.5**0.5, "standard error": 1.5**0.5 / 3**0.5, "twice": 2.0}[error]
    stage.bars(2, x, [fmean(g) for g in groups], [scale * pstdev(g) for g in groups], **axes)
    return verdict("error_bar_plot", stage, trainings, "decayed_mlp", labelled=["x", "y"])


def test_error_bars() -> None:
    """Means with population or sample deviations at the factors earn everything."""
    assert bar_plot(x_label="factor", y_label="accuracy").status == "passed"
    assert bar_plot("sample", x_label="factor", y_label="accuracy").status == "passed"


def test_wrong_error_bars() -> None:
    """Standard errors, other heights and missing labels earn part, and the explanation says which it is."""
    standard = bar_plot("standard error", x_label="factor", y_label="accuracy")
    assert standard.status == "partial"
    assert "standard errors of the mean" in standard.explanation
    twice = bar_plot("twice", x_label="factor", y_label="accuracy")
    assert twice.status == "partial"
    assert "The bars are not their standard deviations" in twice.explanation
    assert "Missing: a label on the x axis and a label on the y axis." in bar_plot().explanation


def test_error_bars_one_by_one() -> None:
    """Points drawn one by one, in any order, with bars of their own or as strokes, are one series."""
    for stroked in (False, True):
        stage, trainings = sweep()
        bars, strokes = list[ErrorBars](), list[Line]()
        for n in (3, 0, 4, 1, 2):
            group = [t.history.metrics["val_accuracy"][-1] for t in trainings[3 * n : 3 * n + 3]]
            x, y, off = FACTORS[n], fmean(group), pstdev(group)
            bars.append(ErrorBars(x=(x,), y=(y,), error=(off,)))
            strokes.append(Line(x=(x, x), y=(y - off, y + off), points=2))
        axes = Axes(lines=tuple(strokes)) if stroked else Axes(error_bars=tuple(bars))
        stage.add(FigureDrawn, 2, figure=Figure(axes=(axes,)))
        assert verdict("error_bar_plot", stage, trainings, "decayed_mlp").status == "passed"


def test_a_baseline_in_the_sweep() -> None:
    """A point of no decay beside the factors is no fault, and a plot of some of the factors earns its part."""
    stage, trainings = sweep((0.0, *FACTORS))
    groups = [[t.history.metrics["val_accuracy"][-1] for t in trainings[3 * n : 3 * n + 3]] for n in range(6)]
    means, deviations = [fmean(g) for g in groups], [pstdev(g) for g in groups]
    stage.bars(2, (0.0, *FACTORS), means, deviations)
    assert verdict("error_bar_plot", stage, trainings, "decayed_mlp").status == "passed"
    assert swept(stage, trainings).status == "passed"
    stage, trainings = sweep((0.0, *FACTORS))
    stage.bars(2, FACTORS[:3], means[1:4], deviations[1:4])
    some = verdict("error_bar_plot", stage, trainings, "decayed_mlp")
    assert some.status == "partial"
    assert "of 3 of the 5 factors" in some.explanation


def test_best_epochs_instead_of_final_ones() -> None:
    """Means of the best epochs cost part of the points' share; their bars and places still count, and it is said."""
    stage, trainings = sweep()
    peaks = [[max(t.history.metrics["val_accuracy"]) + 0.01 for t in trainings[3 * n : 3 * n + 3]] for n in range(5)]
    for training, peak in zip(trainings, [value for group in peaks for value in group], strict=True):
        training.history.metrics["val_accuracy"] = (peak, *training.history.metrics["val_accuracy"][1:])
    stage.bars(2, FACTORS, [fmean(group) for group in peaks], [pstdev(group) for group in peaks])
    found = verdict("error_bar_plot", stage, trainings, "decayed_mlp", points=6)
    assert found.awarded == 5
    assert "each training's best epoch; the final values were asked for." in found.explanation


def test_spread_in_a_form_that_is_not_read() -> None:
    """A shaded band or a box plot may show the spread: a person looks, and the call is named."""
    stage, trainings = sweep()
    groups = [[t.history.metrics["val_accuracy"][-1] for t in trainings[3 * n : 3 * n + 3]] for n in range(5)]
    stage.plot(2, [fmean(group) for group in groups], x=FACTORS)
    for source, status in (("plt.fill_between(f, low, high)", "review"), ("plt.plot(f, means)", "partial")):
        work = submission(5, code={2: source})
        found = verdict("error_bar_plot", stage, trainings, "decayed_mlp", work=work)
        assert found.status == status
        assert ("`fill_between`" in found.explanation) == (status == "review")


def test_bars_of_something_else() -> None:
    """Error bars that are not the sweep's earn nothing."""
    stage, trainings = sweep()
    stage.bars(2, FACTORS, (0.9, 0.91, 0.92, 0.93, 0.94), (0.1,) * 5, x_label="x")
    found = verdict("error_bar_plot", stage, trainings, "decayed_mlp", labelled=["x"])
    assert found.status == "failed"
    assert "not the sweep that was recorded" in found.explanation


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("in all 55,050 weights", 55_050),
        ("in all 55.050 weights", 55_050),
        ("in all 55 050 weights", 55_050),
        ("in all 55\u202f050 weights", 55_050),
        ("in all 55050.", 55_050),
        ("$55{,}050$", 55_050),
        ("0.9205", 0.9205),
        (".9205", 0.9205),
        ("0,9205", 0.9205),
        ("92.05 %", 0.9205),
        ("92,05%", 0.9205),
        ("92.05\\%", 0.9205),
        ("1e-6", 1e-6),
        ("1,234.5", 1234.5),
        ("1.234.567", 1_234_567),
    ],
)
def test_spellings_of_numbers(text: str, value: float) -> None:
    """English and continental spellings, shares and percentages are read."""
    assert any(number.states(value, 0.0) for number in numbers_in(text))


def test_what_is_no_number() -> None:
    """Question ids are no numbers, and a hostile run of digits and dots ends soon."""
    assert not any(number.states(2.1, 0.0) for number in numbers_in("2.1.5 What is it?"))
    assert numbers_in("1." * 50_000) == ()
    assert not any(number.states(0.9205, 0.0) for number in numbers_in("0.93, 0.9"))


def stated(answer: str, *, saved: Stage | None = None, cells: tuple[int, ...] = (1,), **more: Any) -> Verdict:
    """The verdict on a number in `answer`, for a model whose validation accuracy ends near 0.96."""
    stage = Stage()
    training = stage.train(1, mlp(64, 64))
    return verdict("states_number", stage, [training], saved=saved, cells=cells, answer=answer, **more)


def test_states_the_parameters() -> None:
    """The number of parameters may be stated in words or in any spelling; another number is failed."""
    assert stated("The network has 55 050 parameters.", of="parameters").status == "passed"
    wrong = stated("The network has 50,000 parameters.", of="parameters")
    assert wrong.status == "failed"
    assert wrong.explanation == "Your answer states 50,000. 55,050 was looked for."


def test_a_printed_number() -> None:
    """What the question's cells print is a statement too, but a line of a training log is none."""
    log = "Epoch 1/2\n469/469 [=====] - 4s 6ms/step - loss: 0.4141 - accuracy: 55050"
    told = submission(3, outputs={1: ("Total params: 55,050",)})
    silent = submission(3, outputs={1: (log,)})
    assert stated("", work=told, of="parameters").status == "passed"
    assert stated("See above.", work=silent, equals=55_050).status == "failed"


def test_the_best_accuracy() -> None:
    """The best accuracy may be the saved log's or the rerun's, in percent and rounded too."""
    saved = Stage("saved")
    best = max(epoch.metrics["val_accuracy"] for epoch in saved.log(1, 10, 0.9205).epochs)
    for answer in (f"The best is {best:.4f}.", f"about {100 * best:.1f} %", f"{100 * best:.2f}"):
        assert stated(answer, saved=saved, of="best_val_accuracy").status == "passed"
    assert stated("The best is 0.9911.", saved=saved, of="best_val_accuracy").status == "failed"


def test_a_number_without_a_log() -> None:
    """A number that no log of the group's can contradict goes to a person: another seed gives another number."""
    assert stated("The best is 0.9911.", of="best_val_accuracy").status == "review"


def test_no_answer_at_all() -> None:
    """Where nothing stands under the id a person looks."""
    assert stated("", cells=(), of="parameters").status == "review"


def test_a_number_elsewhere() -> None:
    """A long number that stands under another heading counts, and the place is named."""
    work = submission(5, {4: "It has 55,050 parameters in all."})
    found = stated("I do not know.", work=work, of="parameters")
    assert found.status == "passed"
    assert "cell 5" in found.explanation


def test_a_number_shown_elsewhere() -> None:
    """Where a summary shows the number and the answer states no other like it, a person decides."""
    work = submission(5, outputs={3: ("Total params: 55,050",)})
    found = stated("See the summary.", work=work, equals=55_050)
    assert found.status == "review"
    assert "the output of cell 4 shows it" in found.explanation
    assert stated("There are 50,816.", work=work, equals=55_050).status == "failed"


def test_an_accuracy_printed_by_another_model() -> None:
    """What another model's cell prints does not state this model's best accuracy; what its own cell prints does."""
    stage = Stage()
    training, other = stage.train(1, mlp(64, 64)), stage.train(4, mlp(500, 300))
    best = max(training.history.metrics["val_accuracy"])
    for cell, passes in ((4, False), (1, True)):
        work = submission(6, outputs={cell: (f"best {best:.4f}",)})
        more = {"cells": (4,), "answer": "", "work": work, "others": (other_model(other),)}
        found = verdict("states_number", stage, [training], of="best_val_accuracy", **more)
        assert (found.status == "passed") == passes
    work = submission(6, outputs={1: (f"best {best:.4f}",)})
    more = {"cells": (4,), "answer": "The best is 0.5123.", "work": work, "others": (other_model(other),)}
    assert verdict("states_number", stage, [training], of="best_val_accuracy", **more).status != "passed"


def test_a_saved_summary_states() -> None:
    """A summary saved in the question's cells gives the number to look for."""
    saved = Stage("saved")
    saved.add(LoggedSummary, 1, parameters=55_050)
    found = verdict("states_number", Stage(), [], saved=saved, cells=(1,), answer="55050", of="parameters")
    assert found.status == "passed"


def test_written() -> None:
    """A written answer is suggested on, never decided; accents, case and hyphens don't matter."""
    found = verdict(
        "written",
        Stage(),
        [],
        cells=(1,),
        answer="The labels are ONE-HOT; softmax gives probabilités.",
        mentions=[["one hot", "categorical"], ["probabilit"], ["gradient"]],
    )
    assert found.status == "review"
    assert found.awarded == 0.0
    assert found.explanation.startswith("8 words. Found: one hot and probabilit. Not found: gradient.")
    assert verdict("written", Stage(), [], answer="").explanation.startswith("No answer was found under this id.")


def test_written_in_another_language() -> None:
    """In an answer in another language than the rubric's, what was not found is not called missing."""
    answer = "Vi använder softmax för att det är en sannolikhet, och den ger ett tal för varje klass som är möjlig."
    mentions = [["softmax"], ["one-hot", "categorical"]]
    found = verdict("written", Stage(), [], cells=(1,), answer=answer, mentions=mentions)
    assert found.explanation.endswith(
        "Found: softmax. Written in Swedish, it seems; the rubric's words are not, "
        "so other concepts were not looked for."
    )
    assert isinstance(found.observed, dict)
    assert "missing" not in found.observed
    assert "suggested" not in found.observed


def test_words_that_name_a_concept_are_marked() -> None:
    """The very words of the answer that name a concept are kept, for the report to set off."""
    answer = "Overfitting: the *Probabilités* sum to 1 with a soft-max."
    found = verdict("written", Stage(), [], cells=(1,), answer=answer, mentions=[["probabilit"], ["soft max"], ["x"]])
    assert isinstance(found.observed, dict)
    assert found.observed["marked"] == ["Probabilités", "soft-max"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("", "No answer was found under this id."),
        ("https://example.org/loss-function", "0 words. The answer is hardly more than a link."),
        ("Ref. https://example.org/loss", "1 word. The answer is hardly more than a link."),
    ],
)
def test_written_nearly_nothing(answer: str, said: str) -> None:
    """No text, and no more than a link, are said clearly; a person decides all the same."""
    found = verdict("written", Stage(), [], answer=answer, mentions=[])
    assert found.status == "review"
    assert found.explanation.startswith(said)


def test_an_empty_section() -> None:
    """A section that was found by its id and holds no text is told from an answer that was not found."""
    found = verdict("written", Stage(), [], cells=(1,), answer="", mentions=[])
    assert found.explanation.startswith("The section of this question was found, and nothing is written in it.")


def test_numbers_nearest_to_the_target() -> None:
    """Of many numbers in an answer those nearest to the wanted one are named, not the first."""
    answer = "784 inputs, 64, 64 and 10 units: 784 * 64 + 64 * 64 + 64 * 10 = 54912 without and 55100 with."
    found = verdict("states_number", Stage(), [], cells=(1,), answer=answer, equals=55_050)
    assert found.status == "failed"
    assert "54912 and 55100" in found.explanation


def test_a_run_that_ended_early_contradicts_no_number() -> None:
    """Only the saved log is left to compare with: what the rerun would have given was never seen."""
    stage, saved = Stage(), Stage("saved")
    saved.log(1, 10)
    stage.outcome = Outcome(status="timed out", last_cell=1, limit="wall", observed=61.0, allowed=60.0)
    asked = {"saved": saved, "cells": (1,), "answer": "We got 0.8661.", "of": "best_val_accuracy"}
    found = verdict("states_number", stage, [], **asked)
    assert found.status == "errored"
    assert "ended early" in found.explanation
    stage.outcome = Outcome(status="finished")
    assert verdict("states_number", stage, [], **asked).status == "failed"
