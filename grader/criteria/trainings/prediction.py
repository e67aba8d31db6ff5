"""The criterion `prediction`: predictions of single images, shown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from pydantic import JsonValue, PositiveInt

from grader.criteria import SHOWN_IN, AboutAModel, Case, Text
from grader.criteria.figure_parts import image_sizes, images_in, text_of
from grader.facts.languages import LABEL_WORDS, SAYS_PREDICTED, words
from grader.records import Figure, Figures, Mistake, Predicted, Reason, Subject, Verdict

Pair: TypeAlias = tuple[str, str]
"""Two class labels that one title or one line shows."""

_NOT_SHOWN = 0.5
"""Share where the model predicts and nobody sees what: half of what was asked for. The rest is earned by showing."""
_ONE_LABEL = 0.5
"""What an image with one label counts where the predicted and the true one are asked for."""
_TRAINING_DATA = 0.5
"""Share of the points for images that the model was trained on, of which it knows the answers."""
_FEWEST_PAIRS = 5
"""Images with both labels from which their agreement says anything: one of two may well be wrong."""
_SPREADS = 4.0
"""Standard deviations of a binomial count that no sample of test images strays by chance: one in 30,000 would."""
_MOST_LINES = 2_000
"""Lines of one text that are looked at: what is longer is a dump of predictions, of which any part tells as much."""
_LONGEST_LINE = 400
"""Characters of a line up to which it is read: a longer one is an array that was printed whole."""

_CLASS = re.compile(r"(?<![\d.,])\d(?![\d.,]*\d)")
"""A digit that stands alone: a class of ten."""
_SHARE = re.compile(r"(?<![\d.])(?:0?[.,]\d{2,}|1[.,]0+|\d{1,3}(?:[.,]\d+)?\s?%|\d(?:[.,]\d+)?e-\d+)")
"""A probability: a share, a percentage or a tiny number."""
_WORD = re.compile(r"[^\W\d_]{3,40}")
_NAMES = words(LABEL_WORDS)

_WHAT = "{what:choose labels=predicted and true labels|probabilities=probabilities}"
_SHOWS = f"{SHOWN_IN} shows {_WHAT} of {{images:count image}}"


@dataclass(frozen=True)
class _Shown:
    """What is shown of predictions in one place."""

    images: int
    """Images, or printed lines, with what is asked for."""
    halves: int
    """With a part of it: one label where two are asked for."""
    source: str
    """As `SHOWN_IN` takes it."""
    cell: int
    pairs: tuple[Pair, ...] = ()
    """Of each image with two labels."""


class PredictionCriterion(AboutAModel):
    """Predictions of single images, shown."""

    title: ClassVar[str] = "Predictions"
    about: ClassVar[Subject] = "training"
    figures: ClassVar[Figures] = "pictures"
    mistakes: ClassVar[frozenset[Mistake]] = frozenset({"prediction", "drawing", "fewer_images"})
    sentences: ClassVar[Mapping[str, str]] = {
        "predicts": (
            "{place:capital} predicts {images:count image} ({split:choose train=training images|test=test images"
            "|mixed=mixed images|unknown=images of their own or unknown ones})."
        ),
        "another_model": "{place:capital} predicts with `{model}`, not this model.",
        "nothing_shown": f"No {_WHAT} of single images are shown.",
        "shown": f"{_SHOWS}.",
        "too_few_shown": f"{_SHOWS}; {{wanted}} {{wanted:plural was/were}} asked for.",
        "one_label_only": "{images} more {images:plural image has/images have} one label only.",
        "labels_disagree": (
            "Both labels agree for {agreeing} of {images} images, though the model's test accuracy is "
            "{accuracy:score}. The images may be chosen among the wrong ones, or the labels may belong to others."
        ),
    }

    kind: Literal["prediction"] = "prediction"
    images: PositiveInt = 1
    """At least so many."""
    shows: Literal["labels", "probabilities"] = "labels"
    """`labels`: predicted and true label of each image; `probabilities`: of the classes."""

    def judge(self, case: Case) -> Verdict:
        """`predict` of the question's own trained model, and its outcome for single images, shown.

        That is their predicted and true labels, or the probabilities of their classes, around the images or as printed
        text. A person decides where both labels agree far more seldom than the measured accuracy makes likely.
        """
        case = case.about(self.model)
        own = _predictions(case)
        if not own:
            another = self._another_model(case)
            if another:
                return self.graded(0.0, *another, evidence=case.places(case.cells))
            return self.missing(case, "prediction of the trained model", *case.saved_pictures)
        best = max(own, key=lambda event: (event.data.split in ("test", "unknown"), event.cell in case.cells))
        rows, split = best.data.rows, best.data.split
        predicts = self.because("predicts", place=case.place(best.cell), images=rows, split=split)
        shown = self._shown(case, {event.cell for event in own})
        if shown is None:
            evidence, nothing = case.places([best.cell]), self.because("nothing_shown", what=self.shows)
            if case.saved_pictures:
                return self.review(predicts, nothing, *case.saved_pictures, evidence=evidence)
            return self.graded(_NOT_SHOWN, predicts, nothing, evidence=evidence)
        enough = min(1.0, (shown.images + _ONE_LABEL * shown.halves) / self.images)
        share = (_NOT_SHOWN + (1.0 - _NOT_SHOWN) * enough) * (_TRAINING_DATA if split == "train" else 1.0)
        reasons = [predicts, *self._on_shown(shown, case)]
        observed: JsonValue = {"images": shown.images, "predicted": rows}
        expected: JsonValue = {"images": self.images, "shows": self.shows}
        evidence = case.places([best.cell, shown.cell])
        doubt = self._disagreement(shown.pairs, case.score.accuracy if case.score is not None else None)
        if doubt:
            return self.review(*reasons, *doubt, observed=observed, expected=expected, evidence=evidence)
        return self.graded(share, *reasons, observed=observed, expected=expected, evidence=evidence)

    def is_shown_in(self, figure: Figure) -> bool:
        """Whether it shows images."""
        return figure.has_images

    def reference_figure(
        self, drawn: Sequence[Figure], histories: Mapping[str, Sequence[tuple[float, ...]]]
    ) -> Figure | None:
        """The last one with images: samples are shown before anything is trained, predictions after it."""
        return next((figure for figure in reversed(drawn) if self.is_shown_in(figure)), None)

    def _on_shown(self, shown: _Shown, case: Case) -> list[Reason]:
        values: dict[str, JsonValue] = {
            "source": shown.source,
            "place": case.place(shown.cell),
            "what": self.shows,
            "images": shown.images,
        }
        if shown.images >= self.images:
            return [self.because("shown", **values)]
        too_few = self.because("too_few_shown", **values, wanted=self.images)
        return [too_few, self.because("one_label_only", images=shown.halves)] if shown.halves else [too_few]

    def _another_model(self, case: Case) -> tuple[Reason, ...]:
        """One reason on another model that is asked under this question; empty when there is none."""
        if not case.all_trainings:
            return ()
        for event in case.match.rerun.events:
            if isinstance(event, Predicted) and event.cell in case.cells:
                for other in case.others:
                    if event.model in other.models and event.trained in other.trainings:
                        return (self.because("another_model", place=case.place(event.cell), model=other.label),)
        return ()

    def _disagreement(self, pairs: Sequence[Pair], accuracy: float | None) -> tuple[Reason, ...]:
        """One reason where far fewer pairs agree than a model of this test accuracy makes likely; empty otherwise.

        The images may have been chosen for being wrong, or the labels may be those of other images: it accuses nobody.
        """
        count = len(pairs)
        if accuracy is None or count < _FEWEST_PAIRS:
            return ()
        agreeing = sum(one.casefold() == other.casefold() for one, other in pairs)
        spread = (count * accuracy * (1.0 - accuracy)) ** 0.5
        # One is always forgiven: with an accuracy near 1 the spread is near 0.
        if agreeing + 1.0 >= count * accuracy - _SPREADS * spread:
            return ()
        return (self.because("labels_disagree", agreeing=agreeing, images=count, accuracy=accuracy),)

    # Where predictions are shown

    def _shown(self, case: Case, predicting: set[int]) -> _Shown | None:
        """The place that shows most: under the question, in a cell that predicts or in a later one."""
        first = min(predicting)
        later = {cell.index for cell in case.match.submission.cells if cell.index >= first}
        cells = {*case.cells, *predicting, *later}
        sizes = image_sizes(case)
        found = [
            self._in_figure(event.figure, event.cell)
            for event in case.drawn
            if event.cell in cells and images_in(event.figure, sizes)
        ]
        found += [self._in_text(text) for text in case.texts(cells) if not text.saved]
        found = [shown for shown in found if shown.images or shown.halves]
        return max(found, key=lambda shown: (shown.images, shown.halves, -shown.cell), default=None)

    def _in_figure(self, figure: Figure, cell: int) -> _Shown:
        texts = [text_of(axes) for axes in figure.axes if axes.images]
        if self.shows == "probabilities":
            bars = sum(1 for axes in figure.axes if axes.bars >= 2)
            images = sum(1 for text in texts if _SHARE.search(text)) or min(bars, len(texts))
            return _Shown(images, 0, "figure", cell)
        labels = [_labels(text) for text in texts]
        whole, halves = sum(count >= 2 for count in labels), labels.count(1)
        return _Shown(whole, halves, "figure", cell, _pairs(texts))

    def _in_text(self, text: Text) -> _Shown:
        lines = [line for line in text.text.splitlines()[:_MOST_LINES] if len(line) <= _LONGEST_LINE]
        if self.shows == "probabilities":
            several = any(len(_SHARE.findall(line)) >= 2 for line in lines)
            return _Shown(int(several), 0, text.source, text.cell)
        named = [line for line in lines if SAYS_PREDICTED.search(line)]
        whole = sum(len(_classes(line)) >= 2 for line in named)
        return _Shown(whole, 0, text.source, text.cell, _pairs(named))


def _predictions(case: Case) -> list[Predicted]:
    """Predictions of the question's trained model; of any trained model where the question is about none."""
    events = [event for event in case.match.rerun.events if isinstance(event, Predicted) and event.trained is not None]
    model = case.model
    if case.question.question.model is None:
        return events
    return [event for event in events if model and event.model in model.models and event.trained in model.trainings]


def _classes(text: str) -> list[str]:
    """The digits that stand alone in `text`, probabilities left out."""
    return _CLASS.findall(_SHARE.sub(" ", text))


def _pairs(texts: list[str]) -> tuple[Pair, ...]:
    """The two labels of each text that holds exactly two digits standing alone."""
    found = (_classes(text) for text in texts)
    return tuple((digits[0], digits[1]) for digits in found if len(digits) == 2)


def _labels(text: str) -> int:
    """Class labels in a title: digits standing alone, else words beside `predicted` and `true`."""
    return len(_classes(text)) or sum(word.casefold() not in _NAMES for word in _WORD.findall(text))
