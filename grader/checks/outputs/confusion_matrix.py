"""The criterion on a confusion matrix: what it counts must fit the accuracy that labgrade measured itself."""

from __future__ import annotations

from dataclasses import dataclass

from grader.checks.evidence import about, figures_with, picture_evidence, score_of, texts_of, where_of
from grader.checks.outputs.matrices import Counts, counts_of, printed_matrices
from grader.checks.subject import missing, others_of
from grader.checks.verdicts import graded, review
from grader.checks.wording import capitalised, place, places
from grader.records.criteria.plots import ConfusionMatrixCriterion
from grader.records.figures import Figure
from grader.records.match import Match, ModelMatch, QuestionMatch, Reference
from grader.records.models import TestScore
from grader.records.result import Verdict

_TIES = 5
"""Images whose class may turn with rounding."""
_PART = 0.03
"""Deviation from the accuracy that a part of the test images may have."""
_OTHER_DATA = 0.5
_SUBSET = 0.75


@dataclass(frozen=True)
class _Shown:
    """A confusion matrix, and where it stands."""

    counts: Counts
    where: str
    cell: int
    saved: bool


def check_confusion_matrix(
    criterion: ConfusionMatrixCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict:
    """Confusion matrix

    Drawn with `imshow`, as a heat map or by scikit-learn, or printed. Its sum must be the number of test images and its
    diagonal the number that the model classifies rightly, as labgrade measured.
    """
    question = about(question, match, criterion.model)
    shown = _shown(question, match)
    fresh = [matrix for matrix in shown if not matrix.saved]
    if not fresh:
        evidence = f"{capitalised(shown[0].where)} shows {_words(shown[0].counts)}." if shown else ""
        return missing(criterion, question, match, "confusion matrix", evidence or picture_evidence(question, match))
    score = score_of(question.model, match)
    if score is None:
        said = f"{capitalised(fresh[0].where)} shows {_words(fresh[0].counts)}; labgrade has no score to compare with."
        return review(criterion, f"{said} A person decides.", evidence=places(match, [fresh[0].cell]))
    rated = [(*_rated(matrix, score), matrix) for matrix in fresh]
    share, said, best = max(rated, key=lambda entry: (-1.0 if entry[0] is None else entry[0], -entry[2].cell))
    if share is not None and share < 1.0:
        owner = _owner(best.counts, question.model, match)
        share, said = (0.0, f"{said} It is that of `{owner}`.") if owner else (share, said)
    said = f"{capitalised(best.where)} shows {_words(best.counts)}: {said}"
    evidence_places = places(match, [best.cell])
    if share is None:
        return review(criterion, f"{said} A person decides.", evidence=evidence_places)
    return graded(
        criterion,
        share,
        said,
        observed={"total": best.counts.total, "right": best.counts.right},
        expected={"total": score.rows, "right": round(score.accuracy * score.rows)},
        evidence=evidence_places,
    )


def _shown(question: QuestionMatch, match: Match) -> list[_Shown]:
    """Matrices under the question, else anywhere; those of the rerun first."""
    found = []
    classes = _classes(question, match)
    for event in figures_with(question, match, _has_matrix):
        for axes in event.figure.axes:
            for matrix in axes.matrices:
                counts = counts_of(matrix)
                if counts is not None and counts.size == (classes or counts.size):
                    found.append(_Shown(counts, f"the figure of {place(match, event.cell)}", event.cell, False))
    for text in [*texts_of(match, question.cells), *texts_of(match)]:
        for matrix in printed_matrices(text):
            counts = counts_of(matrix)
            if counts is not None and counts.is_counts and counts.size == (classes or counts.size):
                found.append(_Shown(counts, where_of(text, match), text.cell, text.saved))
    return found


def _classes(question: QuestionMatch, match: Match) -> int | None:
    """Number of classes that the model tells apart; `None` when it is not known."""
    architecture = match.architecture(question.model)
    units = architecture.layers[-1].config.get("units") if architecture and architecture.layers else None
    return units if isinstance(units, int) and units > 1 else None


def _has_matrix(figure: Figure) -> bool:
    return any(counts_of(matrix) is not None for axes in figure.axes for matrix in axes.matrices)


def _words(counts: Counts) -> str:
    if not counts.is_counts:
        return f"a matrix of shares whose diagonal is {counts.mean_diagonal:.4g} on average"
    return f"{counts.total:,.0f} images, {counts.right:,.0f} of them on the diagonal"


def _rated(matrix: _Shown, score: TestScore) -> tuple[float | None, str]:
    """The share of the points (`None`: a person decides), and why."""
    counts, right = matrix.counts, round(score.accuracy * score.rows)
    measured = f"labgrade measured {right:,} of {score.rows:,} right"
    if not counts.is_counts:
        share = counts.mean_diagonal / (100.0 if counts.mean_diagonal > 1.0 else 1.0)
        # Shares of all images have the accuracy as the sum of the diagonal, shares of a class about as their mean.
        near = min(abs(share - score.accuracy), abs(counts.right - score.accuracy)) <= _PART
        if not near:
            return None, f"{measured}."
        return 1.0, f"near the accuracy of {score.accuracy:.4f} that labgrade measured."
    if counts.total == score.rows:
        fits = abs(counts.right - right) <= _TIES
        return (1.0, "as labgrade measured.") if fits else (_OTHER_DATA, f"{measured} for this model.")
    if counts.total < score.rows and abs(counts.right / counts.total - score.accuracy) <= _PART:
        return _SUBSET, f"not of all {score.rows:,} test images."
    return _OTHER_DATA, f"{measured}, so these are other images or another model's."


def _owner(counts: Counts, model: ModelMatch | None, match: Match) -> str | None:
    """Another of the group's models whose score the matrix has to the image."""
    for other in others_of(match, model):
        score = score_of(other, match)
        if score and counts.total == score.rows and abs(counts.right - round(score.accuracy * score.rows)) <= 1:
            return other.label
    return None
