"""An answer key: model answers, code, reference models and what each criterion asks for, and the files it becomes.

It is made of the lab's own solution, laid beside its own rubric as a hand-in would be. What answers several questions
(a cell, a figure, a model) is shown under the first of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from grader import __version__
from grader.records import BaseCriterion, Layer, Match, Printed, QuestionMatch, Reference, ReferenceModel
from grader.reports.files import DocumentFiles
from grader.reports.history_charts import epoch_time, reference_training_figure, test_accuracy
from grader.reports.model_words import MOST_LAYERS, factor, fit_words, layer_words, loss_words, optimizer_words
from grader.reports.printing import page, write_document
from grader.reports.untrusted_pictures import MOST_FIGURES, figure_picture
from grader.reports.view import Fact, FigureView, SweepRow
from grader.reports.words import (
    amount,
    count,
    criterion_title,
    day,
    effort,
    line,
    plain,
    points,
    points_noun,
    prose,
    sentence,
)

_LONGEST_CODE = 20_000
"""Characters of a cell's code that are shown."""


def code_html(source: str) -> Markup:
    """`source`, with its syntax marked, as spans for a `<pre>`. Pygments escapes all of it."""
    text = plain(source.strip("\n"), _LONGEST_CODE)
    return Markup(highlight(text, PythonLexer(), HtmlFormatter(nowrap=True)).rstrip("\n"))


# What the template may see


@dataclass(frozen=True)
class WantedView:
    """A criterion: its name, what it asks for, and its points."""

    title: str
    asks: Markup
    points: str


@dataclass(frozen=True)
class KeyLayer:
    """A row of a reference model's table."""

    number: str
    layer: str
    output: str
    parameters: str


@dataclass(frozen=True)
class KeyModel:
    """A reference model: layers, settings and its trainings."""

    name: str
    layers: tuple[KeyLayer, ...]
    settings: tuple[Fact, ...]
    note: str


@dataclass(frozen=True)
class KeyQuestion:
    """A question with its model answer."""

    id: str
    anchor: str
    title: str
    asks: str
    points: str
    wanted: tuple[WantedView, ...]
    answer: Markup | None
    code: tuple[Markup, ...]
    output: str
    model: KeyModel | None
    curves: FigureView | None
    sweep: tuple[SweepRow, ...]
    figures: tuple[FigureView, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class KeyModelRow:
    """A line of the overview of models."""

    name: str
    anchor: str
    parameters: str
    trainings: str
    accuracy: str
    seconds: str


@dataclass(frozen=True)
class KeyView:
    """A whole answer key."""

    language: str
    lab: str
    name: str
    title: str
    footer: str
    made: str
    made_iso: str
    version: str
    points: str
    facts: tuple[Fact, ...]
    questions: tuple[KeyQuestion, ...]
    models: tuple[KeyModelRow, ...]


# Reference models


def key_model(model: ReferenceModel) -> KeyModel:
    """The table of `model`; of a sweep, of its first training."""
    varied = len({factor(one) for one in model.architectures.values()}) > 1
    rows = [
        KeyLayer(str(number), layer_words(layer, varied), _shape(layer), count(layer.parameters))
        for number, layer in enumerate(model.architecture.layers[:MOST_LAYERS], 1)
    ]
    rows.append(KeyLayer("", "Parameters in all", "", count(model.architecture.parameters)))
    settings = (
        Fact("Loss", loss_words(model.compile) or "–"),
        Fact("Optimizer", optimizer_words(model.compile) or "–"),
        Fact("Training", fit_words(model.fit) or "–"),
    )
    note = "The regularisation factor varies from training to training." if varied else ""
    return KeyModel(model.name, tuple(rows), settings, note)


def model_rows(reference: Reference, anchors: dict[str, str]) -> tuple[KeyModelRow, ...]:
    """The overview: one line a model, in the order of the questions about them."""
    order = list(anchors)
    named = sorted(reference.models.values(), key=lambda model: order.index(model.name) if model.name in order else 99)
    return tuple(
        KeyModelRow(
            name=model.name,
            anchor=anchors.get(model.name, ""),
            parameters=count(model.architecture.parameters),
            trainings=str(len(model.trainings)),
            accuracy=test_accuracy(model),
            seconds=epoch_time(model) or "–",
        )
        for model in named
    )


def _shape(layer: Layer) -> str:
    shape = layer.output_shape
    sizes = shape[1:] if shape and shape[0] is None else shape
    return " × ".join("?" if size is None else str(size) for size in sizes) if sizes else "–"


def requirement_view(criterion: BaseCriterion) -> WantedView:
    """The criterion's own words, and its points."""
    title = criterion_title(criterion.kind, criterion.title)
    return WantedView(title, sentence(plain(criterion.wanted(), 900)), points(criterion.points))


# The view

_OUTPUT_LINES = 14
_TERMS = {"tensorflow": "TensorFlow", "keras": "Keras", "numpy": "NumPy", "python": "Python"}


def key_view(match: Match, reference: Reference, made: date) -> KeyView:
    """Everything that the template may see. `match` lays the solution itself beside its rubric."""
    rubric = match.rubric
    lab = line(rubric.title, 120)
    shown = _Shown()
    questions = tuple(
        _question(found, number, match, reference, shown) for number, found in enumerate(match.questions, 1)
    )
    return KeyView(
        language=rubric.language if rubric.language.replace("-", "").isalnum() else "en",
        lab=lab,
        name=line(rubric.name, 80),
        title=f"{lab} · answer key",
        footer=line(f"labgrade · {lab}", 70) + " · answer key",
        made=day(made),
        made_iso=made.isoformat(),
        version=__version__,
        points=points(rubric.points),
        facts=_facts(match, reference),
        questions=questions,
        models=model_rows(reference, shown.models),
    )


class _Shown:
    """What stands in the key already: cells, figures and models, each shown once."""

    def __init__(self) -> None:
        self.cells: dict[int, str] = {}
        self.figures: set[int] = set()
        self.models: dict[str, str] = {}
        self.places: dict[str, str] = {}


def _question(found: QuestionMatch, number: int, match: Match, reference: Reference, shown: _Shown) -> KeyQuestion:
    question, remarks = found.question, list[str]()
    anchor = f"question-{number}"
    fresh = _fresh_cells(found, match, shown, remarks)
    model, curves = None, None
    sweep: tuple[SweepRow, ...] = ()
    known = reference.models.get(question.model or "")
    if known is not None:
        if known.name in shown.models:
            if any(criterion.about != "text" for criterion in question.criteria):
                remarks.append(f"The model {known.name} is shown under {shown.places[known.name]}.")
        else:
            shown.models[known.name], shown.places[known.name] = anchor, question.id
            model = key_model(known)
            curves, sweep = reference_training_figure(known)
    text, _ = prose(found.answer) if found.answer.strip() else (None, False)
    return KeyQuestion(
        id=line(question.id, 20),
        anchor=anchor,
        title=line(question.title, 160),
        asks=plain(question.asks, 2_000).strip(),
        points=points_noun(question.points),
        wanted=tuple(requirement_view(criterion) for criterion in question.criteria),
        answer=text,
        code=tuple(code_html(match.submission.cells[index].source) for index in fresh),
        output=_output(match, fresh),
        model=model,
        curves=curves,
        sweep=sweep,
        figures=_figures(found, shown),
        remarks=tuple(remarks),
    )


def _fresh_cells(found: QuestionMatch, match: Match, shown: _Shown, remarks: list[str]) -> list[int]:
    """The question's code cells that were not shown before."""
    code = [index for index in found.cells if match.submission.cells[index].kind == "code"]
    earlier = sorted({shown.cells[index] for index in code if index in shown.cells})
    if earlier:
        remarks.append(f"Its code is shown under {', '.join(earlier)}.")
    fresh = [index for index in code if index not in shown.cells]
    shown.cells.update(dict.fromkeys(fresh, found.question.id))
    return fresh


def _output(match: Match, cells: Sequence[int]) -> str:
    """The first lines that these cells printed."""
    wanted = set(cells)
    text = "".join(
        event.text if event.text.endswith("\n") else event.text + "\n"
        for event in match.rerun.events
        if isinstance(event, Printed) and event.cell in wanted and event.stream != "stderr"
    )
    rows = plain(text, 6_000).rstrip().splitlines()
    if len(rows) > _OUTPUT_LINES:
        rows = [*rows[:_OUTPUT_LINES], f"… {amount(len(rows) - _OUTPUT_LINES, 'more line')}"]
    return "\n".join(rows)


def _figures(found: QuestionMatch, shown: _Shown) -> tuple[FigureView, ...]:
    views: list[FigureView] = []
    for event in found.figures:
        if event.seq in shown.figures or len(views) >= MOST_FIGURES:
            continue
        shown.figures.add(event.seq)
        picture = figure_picture(event.figure)
        if picture.source:
            titles = [line(axes.title, 80) for axes in event.figure.axes if axes.title]
            alt = f"Figure of the solution{': ' + '; '.join(titles[:4]) if titles else ''}."
            views.append(FigureView(picture.source, alt, (), f"{min(picture.width, 108.0):.1f}mm"))
    return tuple(views)


def _facts(match: Match, reference: Reference) -> tuple[Fact, ...]:
    environment = reference.recording.environment
    sources = sorted(reference.recording.data_sources.values())
    chosen = environment.get("effort")
    device = str(environment.get("device", "cpu")).removeprefix("cpu") or "CPU"
    found = [
        Fact("Effort", effort("full" if chosen == "full" else "quick")),
        Fact("Data", line("; ".join(sources) or "none was asked for", 240)),
        Fact("Ran on", line(f"{device}, {environment.get('threads')} threads", 80)),
        Fact(
            "Versions",
            line(", ".join(f"{term} {environment[key]}" for key, term in _TERMS.items() if key in environment), 160),
        ),
        Fact("Questions", f"{len(match.questions)}, {points_noun(match.rubric.points)} in all"),
        Fact("Models", f"{len(reference.models)}, {amount(_trainings(reference), 'training')}"),
    ]
    return tuple(found)


def _trainings(reference: Reference) -> int:
    return sum(len(model.trainings) for model in reference.models.values())


# The files


def write_key(match: Match, reference: Reference, folder: Path, made: date) -> DocumentFiles:
    """Write `reference.html` and `reference.pdf` into `folder`. Raises `UserError` when it cannot be written."""
    return write_document(page("reference.html.j2", key=key_view(match, reference, made)), folder, "reference", made)
