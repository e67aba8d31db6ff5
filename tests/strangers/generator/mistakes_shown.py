"""Mistakes in what is shown and said: plots that are missing, unlabelled or of something else, and wrong statements."""

from __future__ import annotations

import ast
from random import Random

from generator.code import callee, expression, set_argument, text
from generator.nouns import Criterion, Handin, UnfitError
from generator.transforms import transform

_SHORT = "partial failed"


@transform("mistakes", "plot")
def missing_plot(handin: Handin, rng: Random) -> None:
    """A plot that was asked for is not drawn."""
    asked = list(handin.lab.criteria("history_plot", "error_bar_plot", "comparison_plot"))
    drawn = {step.question for step in handin.steps if step.role == "plot"}
    criteria = [one for one in asked if one.question in drawn]
    if not criteria:
        raise UnfitError("no plot")
    chosen = rng.choice(criteria)
    for step in handin.steps:
        if step.role == "plot" and step.question == chosen.question:
            step.statements = [
                statement
                for statement in step.statements
                if isinstance(statement, ast.Assign)
                and not any(callee(node) == "subplots" for node in ast.walk(statement))
            ]
    for kind in ("history_plot", "error_bar_plot", "comparison_plot"):
        handin.expect(kind, "absent failed", "the plot is missing", question=chosen.question)


@transform("mistakes", "plot")
def missing_legend(handin: Handin, rng: Random) -> None:
    """A plot that needs a legend has none."""
    asked = [one for one in handin.lab.criteria("history_plot", "comparison_plot") if "legend" in _labels(one.options)]
    _without_call(handin, asked, "legend", rng)


@transform("mistakes", "plot")
def missing_title(handin: Handin, rng: Random) -> None:
    """A plot that needs a title has none."""
    asked = [one for one in handin.lab.criteria("history_plot", "error_bar_plot") if "title" in _labels(one.options)]
    _without_call(handin, asked, "title", rng)


def _labels(options: object) -> list[str]:
    found = options.get("labelled", []) if isinstance(options, dict) else []
    return list(found)


def _without_call(handin: Handin, asked: list[Criterion], name: str, rng: Random) -> None:
    drawn = [
        one
        for one in asked
        for step in handin.steps
        if step.role == "plot"
        and step.question == one.question
        and any(callee(getattr(statement, "value", None) or statement) == name for statement in step.statements)
    ]
    if not drawn:
        raise UnfitError(f"no plot with a {name}")
    chosen = rng.choice(drawn)
    for step in handin.steps:
        if step.role == "plot" and step.question == chosen.question:
            step.statements = [s for s in step.statements if callee(getattr(s, "value", None) or s) != name]
    handin.expect(chosen.kind, "partial", f"the plot has no {name}", question=chosen.question, share=0.4)


@transform("mistakes", "text_number language")
def wrong_count_of_parameters(handin: Handin, rng: Random) -> None:
    """The text states a wrong number of parameters."""
    for criterion in handin.lab.criteria("states_number"):
        number = criterion.options.get("equals")
        if not isinstance(number, int):
            continue
        texts = [one for one in handin.prose if criterion.question in one.answers]
        written = [form for form in (f"{number:,}", str(number)) if any(form in one.text for one in texts)]
        if written:
            for one in texts:
                one.text = one.text.replace(written[0], f"{number - 1700:,}")
            handin.expect("states_number", _SHORT, "the number stated is wrong", question=criterion.question)
            handin.truth.may |= {"counts_contradict", "unfounded_number"}
            return
    raise UnfitError("no number is stated")


@transform("mistakes", "text_loss language")
def wrong_loss_in_the_text(handin: Handin, rng: Random) -> None:
    """The text names another loss than the code."""
    words = ("Categorical cross-entropy", "categorical cross-entropy")
    texts = [one for one in handin.prose if len(one.text) < 60 and any(word in one.text for word in words)]
    if not texts:
        raise UnfitError("no text that names the loss alone")
    texts[0].text = "The loss function is the mean squared error."
    handin.must_observe("loss_differs", "the text names the mean squared error", about=texts[0].answers[0])


@transform("mistakes", "curves")
def loss_for_accuracy(handin: Handin, rng: Random) -> None:
    """A plot of accuracies shows losses, under the title and labels of accuracies."""
    asked = [one for one in handin.lab.criteria("history_plot") if "accuracy" in str(one.options.get("shows"))]
    drawn = {one.question for one in asked}
    changed: set[str] = set()
    for step in handin.steps:
        if step.role == "plot" and step.question in drawn:
            for statement in step.statements:
                for node in ast.walk(statement):
                    if isinstance(node, ast.Constant) and node.value in ("accuracy", "val_accuracy"):
                        node.value = node.value.replace("accuracy", "loss")
                        changed.add(step.question or "")
    if not changed:
        raise UnfitError("no plot of accuracies")
    for question in changed:
        handin.expect("history_plot", _SHORT, "losses are drawn, not accuracies", question=question)
        handin.must_observe("axis_label", "losses over an axis that says accuracy")


@transform("mistakes", "curves")
def validation_not_drawn(handin: Handin, rng: Random) -> None:
    """A plot shows the training's accuracy alone."""
    asked = {one.question for one in handin.lab.criteria("history_plot")}
    for step in handin.steps:
        if step.role == "plot" and step.question in asked:
            kept = [s for s in step.statements if not (callee(getattr(s, "value", s)) == "plot" and "val_" in text(s))]
            if len(kept) < len(step.statements):
                step.statements = kept
                handin.expect("history_plot", _SHORT, "validation is not drawn", question=step.question, share=0.3)
                return
    raise UnfitError("no plot with a curve of the validation")


@transform("mistakes", "curves legend_words")
def legend_the_wrong_way_round(handin: Handin, rng: Random) -> None:
    """The legend calls the curve of the training validation, and the other way round."""
    asked = {one.question for one in handin.lab.criteria("history_plot")}
    swap = {"training": "validation", "validation": "training"}
    changed = 0
    for step in handin.steps:
        if step.role == "plot" and step.question in asked:
            for statement in step.statements:
                for node in ast.walk(statement):
                    if isinstance(node, ast.keyword) and isinstance(node.value, ast.Constant) and node.arg == "label":
                        node.value.value = swap.get(str(node.value.value), node.value.value)
                        changed += 1
    if not changed:
        raise UnfitError("no labels of curves")
    why = "the legend is the wrong way round"
    handin.expect("history_plot", "passed partial failed", why)
    handin.must_observe("legend_swapped", why)


@transform("mistakes", "error_bars")
def means_without_bars(handin: Handin, rng: Random) -> None:
    """The sweep's means are drawn without their deviations."""
    call = _error_bars(handin)
    set_argument(call, "yerr", None)
    handin.expect("error_bar_plot", "partial", "there are no error bars", share=0.3)


@transform("mistakes", "error_bars")
def standard_errors(handin: Handin, rng: Random) -> None:
    """The sweep's error bars are standard errors where deviations were asked for."""
    call = _error_bars(handin)
    spread = next(keyword for keyword in call.keywords if keyword.arg == "yerr")
    spread.value = expression(f"{text(spread.value)} / np.sqrt(replicates)")
    handin.expect("error_bar_plot", "partial", "the bars are standard errors", share=0.3)


@transform("mistakes", "error_bars")
def means_against_reversed_factors(handin: Handin, rng: Random) -> None:
    """The sweep's means are drawn against the factors in reverse order."""
    call = _error_bars(handin)
    call.args[0] = expression(f"{text(call.args[0])}[::-1]")
    handin.expect("error_bar_plot", _SHORT, "the means stand over other factors")


@transform("mistakes", "error_bars")
def best_epochs_in_the_sweep(handin: Handin, rng: Random) -> None:
    """The sweep keeps each training's best accuracy where the final one was asked for."""
    changed = 0
    for step in handin.steps:
        if step.role == "sweep":
            for statement in step.statements:
                for node in ast.walk(statement):
                    value = getattr(node, "value", None)
                    if (
                        isinstance(node, ast.Assign)
                        and isinstance(value, ast.Subscript)
                        and text(value).endswith("[-1]")
                    ):
                        node.value = expression(f"max({text(value.value)})")
                        changed += 1
    if not changed:
        raise UnfitError("no final values")
    handin.expect("error_bar_plot", "passed partial", "best epochs, not final ones", share=0.3)


def _error_bars(handin: Handin) -> ast.Call:
    for step in handin.steps:
        for statement in step.statements:
            call = getattr(statement, "value", None)
            if isinstance(call, ast.Call) and callee(call) == "errorbar" and call.keywords:
                return call
    raise UnfitError("no plot with error bars")
