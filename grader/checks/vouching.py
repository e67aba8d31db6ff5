"""Verdicts that would rest on a history for which nobody but the student's own process stands."""

from __future__ import annotations

from grader.checks.evidence import about
from grader.checks.subject import trainings_of
from grader.checks.verdicts import review
from grader.checks.wording import clipped, places
from grader.records.match import Match, QuestionMatch
from grader.records.result import Verdict
from grader.records.rubric import Criterion

_ON_HISTORIES = frozenset(
    {"trained", "history_plot", "error_bar_plot", "sweep", "comparison_plot", "generalisation_gap"}
)
"""Criteria that compare with recorded histories or count trainings."""


def with_vouching(verdict: Verdict, criterion: Criterion, question: QuestionMatch, match: Match) -> Verdict:
    """`verdict`, or a person's decision where it rests on a training that labgrade cannot stand for.

    A training inside the sandbox says of itself how it went. Labgrade stands for it when its own score of the weights
    that came back agrees; otherwise such a history earns and costs nothing by itself.
    """
    if criterion.kind not in _ON_HISTORIES or verdict.status not in ("passed", "partial", "failed"):
        return verdict
    asked = about(question, match, getattr(criterion, "model", None))
    doubtful = [training for training in trainings_of(asked, match) if not training.vouched]
    if not doubtful:
        return verdict
    why = doubtful[0].native or "it was not trained by labgrade"
    said = (
        f"{verdict.explanation} This training ran inside the sandbox ({clipped(why)}), and labgrade could not confirm "
        "what it reports. A person decides."
    )
    where = tuple(dict.fromkeys((*verdict.evidence, *places(match, [training.cell for training in doubtful]))))
    return review(criterion, said, observed=verdict.observed, expected=verdict.expected, evidence=where)
