"""Where evidence may stand that a question's own cells do not hold: other figures, unread pictures, printed text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from grader.checks.wording import listed, place, places
from grader.records.figures import Figure
from grader.records.match import Match, ModelMatch, QuestionMatch
from grader.records.models import TestScore
from grader.records.recording import FigureDrawn, PictureSaved, Printed

ANY = "any"
"""In place of a model's name: whichever of the lab's models serves the group best."""

_MOST_TEXT = 100_000
_SHAPES: dict[str, tuple[int, ...]] = {
    "mnist": (28, 28),
    "fashion_mnist": (28, 28),
    "cifar10": (32, 32, 3),
    "cifar100": (32, 32, 3),
}
"""Of one image of the data sets that rubrics commonly name."""


@dataclass(frozen=True)
class Text:
    """Printed text of one cell."""

    text: str
    cell: int
    saved: bool
    """In the outputs that were handed in, not in the rerun."""


def about(question: QuestionMatch, match: Match, name: str | None) -> QuestionMatch:
    """`question` as if it were about the reference model `name`; itself when `name` is `None`.

    Raises `LookupError` when no question of the rubric is about such a model.
    """
    if name is None or name == question.question.model:
        return question
    if all(other.question.model != name for other in match.questions):
        raise LookupError(f"question {question.question.id}: no question of the rubric is about a model {name!r}")
    return _about(question, match, name)


def about_each(question: QuestionMatch, match: Match) -> list[QuestionMatch]:
    """`question` as if it were about each of the lab's models: its own first, then in the rubric's order."""
    names = [question.question.model, *(other.question.model for other in match.questions)]
    others = [name for name in dict.fromkeys(names) if name is not None and name != question.question.model]
    return [question, *(_about(question, match, name) for name in others)]


def _about(question: QuestionMatch, match: Match, name: str) -> QuestionMatch:
    update = {
        "model": model_named(name, match),
        "question": question.question.model_copy(update={"model": name}),
        "figures": tuple(event for event in match.rerun.events if isinstance(event, FigureDrawn)),
    }
    return question.model_copy(update=update)


def model_named(name: str, match: Match) -> ModelMatch | None:
    """The group's model that was taken for the reference model `name`."""
    return next((model for model in match.models if model.reference == name), None)


def score_of(model: ModelMatch | None, match: Match) -> TestScore | None:
    """The host's own score of the model's last training that could be measured."""
    scores = [training.test for training in match.trainings(model) if training.test is not None]
    return scores[-1] if scores else None


def figures_with(question: QuestionMatch, match: Match, fits: Callable[[Figure], bool]) -> list[FigureDrawn]:
    """Figures of the question that fit; where none does, those of the whole submission."""
    own = [event for event in question.figures if fits(event.figure)]
    drawn = (event for event in match.rerun.events if isinstance(event, FigureDrawn))
    return own or [event for event in drawn if fits(event.figure)]


def undrawn(match: Match) -> str:
    """Why a saved picture has nothing beside it, as the end of a sentence."""
    if match.rerun.outcome.status == "not run":
        return "the code was not run, so there is nothing to compare it with"
    return "the rerun drew nothing to compare it with"


def picture_evidence(question: QuestionMatch, match: Match) -> str:
    """One sentence on saved pictures that may hold what the rerun did not draw; empty when there are none.

    A picture whose cell drew a figure in the rerun is that figure. Where the question was found by an id or by its
    words, only its own pictures count.
    """
    drawn = {event.cell for event in match.rerun.events if isinstance(event, FigureDrawn)}
    if question.placed_by in ("id", "cues"):
        pictures = list(question.pictures)
    else:
        pictures = [event for event in match.saved.events if isinstance(event, PictureSaved)]
    cells = sorted({picture.cell for picture in pictures} - drawn)
    if not cells:
        return ""
    where = listed(places(match, cells)[:4]) or "the submission"
    noun, pronoun = ("A picture is", "its") if len(cells) == 1 else ("Pictures are", "their")
    return f"{noun} saved under {where}, and labgrade cannot read {pronoun} content."


def texts_of(match: Match, cells: Iterable[int] | None = None) -> list[Text]:
    """Text printed by `cells` (all when `None`): in the rerun, then in the outputs that were handed in."""
    wanted = None if cells is None else set(cells)
    printed: dict[int, str] = {}
    for event in match.rerun.events:
        if isinstance(event, Printed) and (wanted is None or event.cell in wanted):
            printed[event.cell] = (printed.get(event.cell, "") + event.text)[:_MOST_TEXT]
    found = [Text(text, cell, False) for cell, text in printed.items()]
    for cell in match.submission.cells:
        if wanted is None or cell.index in wanted:
            text = "\n".join(output.text for output in cell.outputs)[:_MOST_TEXT]
            found += [Text(text, cell.index, True)] if text.strip() else []
    return found


def where_of(text: Text, match: Match) -> str:
    """Such as `the output saved under cell 12`."""
    where = place(match, text.cell)
    return f"the output saved under {where}" if text.saved else f"what {where} prints"


def image_shapes(match: Match) -> frozenset[tuple[int, ...]]:
    """Shapes of one image, as the rubric's data sets and the trainings tell; flattened square images unfolded."""
    shapes = {_SHAPES[name] for name in match.rubric.datasets if name in _SHAPES}
    for training in match.rerun.trainings():
        shape = training.train.shape
        if len(shape) in (2, 3):
            shapes.add(shape)
        elif len(shape) == 1 and shape[0] > 1 and math.isqrt(shape[0]) ** 2 == shape[0]:
            shapes.add((math.isqrt(shape[0]), math.isqrt(shape[0])))
    return frozenset(shapes)
