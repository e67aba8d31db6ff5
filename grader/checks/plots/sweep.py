"""The criterion on a sweep over regularisation factors."""

from __future__ import annotations

from pydantic import JsonValue

from grader.checks.plots.regularisers import Swept, swept_trainings
from grader.checks.subject import hindrance, missing, saved_training_evidence
from grader.checks.verdicts import errored, graded
from grader.checks.wording import counted, listed, places, quantity
from grader.records.criteria.models import SweepCriterion
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.result import Verdict

_SLACK = 0.01
"""Relative, at both ends of the range asked for."""


def check_sweep(criterion: SweepCriterion, question: QuestionMatch, match: Match, reference: Reference) -> Verdict:
    """Sweep

    Distinct factors, independent trainings per factor, and the regulariser really in the model; a third of the points
    each.
    """
    trainings = match.trainings(question.model)
    if not trainings:
        return missing(criterion, question, match, "sweep", saved_training_evidence(question, match))
    sweep = swept_trainings(trainings, match.rerun.architectures, criterion.regularizer)
    inside = [factor for factor in sweep.factors if _is_inside(factor, criterion.between)]
    outside = [factor for factor in sweep.factors if factor not in inside]
    replicas = sorted((len(sweep.replicas[factor]) for factor in inside), reverse=True)[: criterion.factors]
    carried, carry_sentence = _carried(sweep, criterion)
    scores = [
        min(len(inside), criterion.factors) / criterion.factors,
        sum(min(count, criterion.replicas) for count in replicas) / (criterion.replicas * criterion.factors),
        carried,
    ]
    share = sum(scores) / len(scores)
    hindered = hindrance(question, match)
    if share < 1.0 and hindered is not None and hindered.limit:
        return errored(criterion, f"{hindered.explanation} {counted(len(trainings), 'training')} ran before.")
    said = [_factor_sentence(inside, outside, criterion), _replica_sentence(sweep, inside, criterion), carry_sentence]
    observed: JsonValue = {
        "factors": list(inside),
        "replicas": list(replicas),
        "layers": list(sweep.carrying),
    }
    expected: JsonValue = {"factors": criterion.factors, "replicas": criterion.replicas}
    evidence = places(match, [training.cell for training in trainings])
    return graded(
        criterion, share, " ".join(filter(None, said)), observed=observed, expected=expected, evidence=evidence
    )


def _is_inside(factor: float, between: tuple[float, float] | None) -> bool:
    if factor <= 0.0:
        return False
    if between is None:
        return True
    low, high = min(between), max(between)
    return low * (1.0 - _SLACK) <= factor <= high * (1.0 + _SLACK)


def _factor_sentence(inside: list[float], outside: list[float], criterion: SweepCriterion) -> str:
    if not inside and not outside:
        return "No regularisation factor was found in the trained models."
    said = f"{counted(len(inside), 'factor')} ({listed([quantity(factor) for factor in inside])})"
    if len(inside) < criterion.factors:
        said += f" of the {criterion.factors} asked for"
    if outside:
        said += f"; outside the range asked for: {listed([quantity(factor) for factor in outside])}"
    return f"{said}."


def _replica_sentence(sweep: Swept, inside: list[float], criterion: SweepCriterion) -> str:
    if not inside:
        return ""
    counts = [len(sweep.replicas[factor]) for factor in inside]
    low, high = min(counts), max(counts)
    count = counted(high, "independent training")
    said = f"{'' if low == high else f'{low} to '}{count} per factor"
    if low < criterion.replicas:
        said += f"; asked for were {criterion.replicas}"
    if sweep.continued:
        said += f" ({counted(sweep.continued, 'training')} carried on with weights that were trained before)"
    return f"{said}."


def _carried(sweep: Swept, criterion: SweepCriterion) -> tuple[float, str]:
    """The share of hidden layers that carry the regulariser, and a sentence on it."""
    kind = criterion.regularizer.upper()
    if sweep.by_optimizer:
        return 1.0, "The weight decay is the optimizer's, which reaches every layer."
    if sweep.other_kind:
        return 0.0, f"The regulariser in the models is {sweep.other_kind}; {kind} was asked for."
    if not sweep.carrying:
        return 0.0, f"No layer carries an {kind} regulariser."
    if criterion.on == "any" or not sweep.lacking:
        return 1.0, f"The {kind} regulariser is on {listed([f'`{name}`' for name in sweep.carrying])}."
    whole = len(sweep.carrying) + len(sweep.lacking)
    there, not_there = (listed([f"`{name}`" for name in names]) for names in (sweep.carrying, sweep.lacking))
    said = f"The {kind} regulariser is on {there} but not on {not_there}; it was asked for on every hidden layer."
    return len(sweep.carrying) / whole, said
