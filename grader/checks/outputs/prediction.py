"""The criterion on predictions of single images: by the right model, on test images, and shown."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import JsonValue

from grader.checks.evidence import Text, about, image_shapes, picture_evidence, score_of, texts_of, where_of
from grader.checks.outputs.label_pairs import Pair, disagreement
from grader.checks.plots.image_grid import images_in, text_of
from grader.checks.subject import missing, others_of
from grader.checks.verdicts import graded, review
from grader.checks.wording import capitalised, counted, place, places
from grader.records.criteria.outputs import PredictionCriterion
from grader.records.figures import Figure
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.recording import FigureDrawn, Predicted
from grader.records.result import Verdict

_NOT_SHOWN = 0.5
_ONE_LABEL = 0.5
_TRAINING_DATA = 0.5
_CLASS = re.compile(r"(?<![\d.,])\d(?![\d.,]*\d)")
_SHARE = re.compile(r"(?<![\d.])(?:0?[.,]\d{2,}|1[.,]0+|\d{1,3}(?:[.,]\d+)?\s?%|\d(?:[.,]\d+)?e-\d+)")


@dataclass(frozen=True)
class _Shown:
    """What is shown of predictions in one place."""

    images: int
    """Images, or printed lines, with what is asked for."""
    halves: int
    """With a part of it: one label where two are asked for."""
    where: str
    cell: int
    pairs: tuple[Pair, ...] = ()
    """Of each image with two labels."""


def check_prediction(
    criterion: PredictionCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict:
    """Predictions

    `predict` of the question's own trained model, and its outcome for single images: their predicted and true labels,
    or the probabilities of their classes, around the images or as printed text. A person decides where both labels
    agree far more seldom than the measured accuracy makes likely.
    """
    question = about(question, match, criterion.model)
    own = _predictions(question, match)
    if not own:
        stranger = _stranger(question, match)
        if stranger:
            return graded(criterion, 0.0, stranger, evidence=places(match, question.cells))
        return missing(criterion, question, match, "prediction of the trained model", picture_evidence(question, match))
    best = max(own, key=lambda event: (event.data.split in ("test", "unknown"), event.cell in question.cells))
    shown = _shown(criterion, question, match, {event.cell for event in own})
    on = "images of their own or unknown ones" if best.data.split == "unknown" else f"{best.data.split} images"
    said = f"{capitalised(place(match, best.cell))} predicts {counted(best.data.rows, 'image')} ({on})."
    what = "predicted and true labels" if criterion.shows == "labels" else "probabilities"
    cells = [best.cell]
    if shown is None:
        pictures = picture_evidence(question, match)
        said += f" No {what} of single images are shown."
        if pictures:
            return review(criterion, f"{said} {pictures} A person decides.", evidence=places(match, cells))
        return graded(criterion, _NOT_SHOWN, said, evidence=places(match, cells))
    enough = min(1.0, (shown.images + _ONE_LABEL * shown.halves) / criterion.images)
    said += f" {capitalised(shown.where)} shows {what} of {counted(shown.images, 'image')}"
    said += f"; asked for were {criterion.images}." if shown.images < criterion.images else "."
    if shown.images < criterion.images and shown.halves:
        said += f" {counted(shown.halves, 'image')} more {'has' if shown.halves == 1 else 'have'} one label only."
    share = (_NOT_SHOWN + (1.0 - _NOT_SHOWN) * enough) * (_TRAINING_DATA if best.data.split == "train" else 1.0)
    observed: JsonValue = {"images": shown.images, "predicted": best.data.rows}
    expected: JsonValue = {"images": criterion.images, "shows": criterion.shows}
    evidence = places(match, [*cells, shown.cell])
    score = score_of(question.model, match)
    doubt = disagreement(shown.pairs, score.accuracy if score is not None else None)
    if doubt:
        said = f"{said} {doubt} A person decides."
        return review(criterion, said, observed=observed, expected=expected, evidence=evidence)
    return graded(criterion, share, said, observed=observed, expected=expected, evidence=evidence)


def _predictions(question: QuestionMatch, match: Match) -> list[Predicted]:
    """Predictions of the question's trained model; of any trained model where the question is about none."""
    events = [event for event in match.rerun.events if isinstance(event, Predicted) and event.trained is not None]
    model = question.model
    if question.question.model is None:
        return events
    return [event for event in events if model and event.model in model.models and event.trained in model.trainings]


def _stranger(question: QuestionMatch, match: Match) -> str:
    if not match.trainings(question.model):
        return ""
    for event in match.rerun.events:
        if isinstance(event, Predicted) and event.cell in question.cells:
            for other in others_of(match, question.model):
                if event.model in other.models and event.trained in other.trainings:
                    return f"{capitalised(place(match, event.cell))} predicts with `{other.label}`, not this model."
    return ""


def _shown(
    criterion: PredictionCriterion, question: QuestionMatch, match: Match, predicting: set[int]
) -> _Shown | None:
    """The place that shows most: under the question, in a cell that predicts or in a later one."""
    first = min(predicting)
    cells = {*question.cells, *predicting, *(cell.index for cell in match.submission.cells if cell.index >= first)}
    sizes = frozenset((shape[0], shape[1]) for shape in image_shapes(match))
    found = [
        _in_figure(criterion, event.figure, f"the figure of {place(match, event.cell)}", event.cell)
        for event in match.rerun.events
        if isinstance(event, FigureDrawn) and event.cell in cells and images_in(event.figure, sizes)
    ]
    found += [_in_text(criterion, text, where_of(text, match)) for text in texts_of(match, cells) if not text.saved]
    found = [shown for shown in found if shown.images or shown.halves]
    return max(found, key=lambda shown: (shown.images, shown.halves, -shown.cell), default=None)


def _in_figure(criterion: PredictionCriterion, figure: Figure, where: str, cell: int) -> _Shown:
    texts = [text_of(axes) for axes in figure.axes if axes.images]
    if criterion.shows == "probabilities":
        bars = sum(1 for axes in figure.axes if axes.bars >= 2)
        return _Shown(sum(1 for text in texts if _SHARE.search(text)) or min(bars, len(texts)), 0, where, cell)
    whole = sum(1 for text in texts if _labels(text) >= 2)
    return _Shown(whole, sum(1 for text in texts if _labels(text) == 1), where, cell, _pairs(texts))


def _pairs(texts: list[str]) -> tuple[Pair, ...]:
    """The two labels of each text that holds exactly two digits standing alone."""
    found = (_CLASS.findall(_SHARE.sub(" ", text)) for text in texts)
    return tuple((digits[0], digits[1]) for digits in found if len(digits) == 2)


def _labels(text: str) -> int:
    """Class labels in a title: digits standing alone, else words beside `predicted` and `true`."""
    digits = len(_CLASS.findall(_SHARE.sub(" ", text)))
    if digits:
        return digits
    words = [word for word in re.findall(r"[^\W\d_]{3,40}", text) if word.casefold() not in _NAMES]
    return len(words)


_NAMES = frozenset(
    "predicted prediction predict pred predictions true truth actual label labels class real expected real digit the "
    "and image number probability prob vorhersage wahr prédit vrai prédiction predicho verdadero förutsagd sann "
    "riktig".split()
)


def _in_text(criterion: PredictionCriterion, text: Text, where: str) -> _Shown:
    lines = [line for line in text.text.splitlines()[:2_000] if len(line) <= 400]
    if criterion.shows == "probabilities":
        return _Shown(min(1, sum(1 for line in lines if len(_SHARE.findall(line)) >= 2)), 0, where, text.cell)
    named = [line for line in lines if re.search(r"pred|vorher|prédi|predic|förut", line, re.IGNORECASE)]
    whole = sum(1 for line in named if len(_CLASS.findall(_SHARE.sub(" ", line))) >= 2)
    return _Shown(whole, 0, where, text.cell, _pairs(named))
