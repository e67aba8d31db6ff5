"""The view of an answer key, built from the rubric, the solution and its recording."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from grader import __version__
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.recording import Printed
from grader.reports.key.code import code_html
from grader.reports.key.models import key_model, key_training, model_rows
from grader.reports.key.view import KeyQuestion, KeyView
from grader.reports.key.wanted import wanted_view
from grader.reports.pages.gallery import MOST_FIGURES
from grader.reports.prose import prose
from grader.reports.text import line, plain
from grader.reports.untrusted.pictures import figure_picture
from grader.reports.view import Fact, FigureView, SweepRow
from grader.reports.words import counted, day, effort, points, points_noun

_OUTPUT_LINES = 14
_ABOUT_WORDS = {"written", "states_number"}
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
            if {criterion.kind for criterion in question.criteria} - _ABOUT_WORDS:
                remarks.append(f"The model {known.name} is shown under {shown.places[known.name]}.")
        else:
            shown.models[known.name], shown.places[known.name] = anchor, question.id
            model = key_model(known)
            curves, sweep = key_training(known)
    text, _ = prose(found.answer) if found.answer.strip() else (None, False)
    return KeyQuestion(
        id=line(question.id, 20),
        anchor=anchor,
        title=line(question.title, 160),
        asks=plain(question.asks, 2_000).strip(),
        points=points_noun(question.points),
        wanted=tuple(wanted_view(criterion) for criterion in question.criteria),
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
        rows = [*rows[:_OUTPUT_LINES], f"… {counted(len(rows) - _OUTPUT_LINES, 'more line')}"]
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
        Fact("Models", f"{len(reference.models)}, {counted(_trainings(reference), 'training')}"),
    ]
    return tuple(found)


def _trainings(reference: Reference) -> int:
    return sum(len(model.trainings) for model in reference.models.values())
