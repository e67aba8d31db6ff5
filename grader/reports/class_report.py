"""A class report: its view built from results alone, and the files it becomes.

It tells a teacher what to talk about in the next lecture: how the points spread, which questions were hard, which
mistakes many made, which models they built. It can leave out all names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from markupsafe import Markup

from grader import __version__
from grader.records import Result
from grader.reports.class_statistics import (
    Definition,
    Distribution,
    ItemStatistics,
    definitions,
    distribution,
    distribution_figure,
    item_statistics,
    sharing,
)
from grader.reports.files import DocumentFiles, GradedClass
from grader.reports.printing import page, write_document
from grader.reports.question_pages import bar_view
from grader.reports.view import BarView, Fact, FigureView
from grader.reports.words import amount, count, criterion_title, day, line, plain, points, score, sentence

# What the template may see


@dataclass(frozen=True)
class ItemRow:
    """One question: how hard it was, and how well it tells strong from weak."""

    id: str
    title: str
    points: str
    difficulty: str
    discrimination: str
    weak: bool
    """It hardly tells strong from weak, or the wrong way round."""
    bar: BarView


@dataclass(frozen=True)
class MistakeRow:
    """A mistake that several submissions have in common."""

    where: str
    title: str
    count: str
    cost: str
    example: Markup
    group: str
    """Whose example; empty when names are left out."""


@dataclass(frozen=True)
class DefinitionRow:
    """A model, and how many have it."""

    layers: str
    parameters: str
    matched: str
    groups: str
    accuracy: str


@dataclass(frozen=True)
class GroupRow:
    """A submission's points."""

    name: str
    points: str
    deducted: str
    awaiting: str
    observations: str


@dataclass(frozen=True)
class ProblemRow:
    """A submission without a result, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class ClassView:
    """A whole class report."""

    language: str
    lab: str
    title: str
    footer: str
    made: str
    made_iso: str
    version: str
    graded: str
    median: str
    total: str
    awaiting: str
    """How many submissions await a person; empty when none does."""
    failed: str
    """How many could not be graded; empty when all were."""
    distribution: FigureView
    facts: tuple[Fact, ...]
    items: tuple[ItemRow, ...]
    mistakes: tuple[MistakeRow, ...]
    models: tuple[DefinitionRow, ...]
    sharing: str
    groups: tuple[GroupRow, ...]
    """Empty when names are left out."""
    problems: tuple[ProblemRow, ...]
    anonymous: bool


# Mistakes

MOST_MISTAKES = 15
"""Rows of the table of mistakes, the most frequent."""


@dataclass(frozen=True)
class Mistake:
    """One thing that several submissions have in common."""

    question: str
    """Id; empty for one that belongs to none."""
    kind: str
    """Kind of the criterion or of the observation."""
    title: str
    """The criterion's; empty for an observation."""
    observed: bool
    """An observation, which costs no points."""
    count: int
    """Submissions that it was found in."""
    points: float
    """Mean points that it cost where it was found."""
    example: str
    """What was said to one of them."""
    group: str
    """Which."""


@dataclass(frozen=True)
class _Fault:
    """What makes two faults one mistake."""

    question: str
    kind: str
    title: str
    observed: bool
    codes: tuple[str, ...]
    """Of the verdict's reasons; of an observation, and in results of labgrade 1, there are none."""


def common_mistakes(results: Mapping[str, Result]) -> tuple[Mistake, ...]:
    """Mistakes of at least two submissions, the most frequent first; the costlier first where equally frequent."""
    found: dict[_Fault, dict[str, tuple[float, str]]] = defaultdict(dict)
    for name in sorted(results):
        for fault, text, lost in _faults(results[name]):
            found[fault].setdefault(name, (lost, text))
    mistakes = [
        Mistake(
            question=fault.question,
            kind=fault.kind,
            title=fault.title,
            observed=fault.observed,
            count=len(groups),
            points=sum(lost for lost, _ in groups.values()) / len(groups),
            example=next(iter(groups.values()))[1],
            group=next(iter(groups)),
        )
        for fault, groups in found.items()
        if len(groups) > 1
    ]
    mistakes.sort(key=lambda one: (-one.count, -one.points, one.question, one.kind, one.example))
    return tuple(mistakes[:MOST_MISTAKES])


def _faults(result: Result) -> Iterator[tuple[_Fault, str, float]]:
    """(what it is, what was said, points lost) of everything that cost points or was noticed."""
    for question in result.questions:
        for verdict in question.verdicts:
            if verdict.status in ("failed", "partial"):
                codes = tuple(dict.fromkeys(reason.code for reason in verdict.reasons))
                fault = _Fault(question.id, verdict.criterion, verdict.title, False, codes)
                yield fault, verdict.explanation, verdict.points - verdict.awarded
    for observation in result.observations:
        yield _Fault(observation.question or "", observation.kind, "", True, ()), observation.message, 0.0


# The view

_WEAK = 0.1
"""Below this correlation a question is marked (Ebel, Essentials of Educational Measurement, 1972, asks for 0.2)."""


def class_view(graded: GradedClass, made: date, anonymous: bool) -> ClassView:
    """Everything that the template may see. With `anonymous` no submission is named."""
    lab = line(graded.lab, 120)
    results = graded.results
    scores = distribution(results)
    waiting = sum(result.score.awaiting > 1e-9 for result in results.values())
    return ClassView(
        language=graded.language if graded.language.replace("-", "").isalnum() else "en",
        lab=lab,
        title=f"{lab} · class",
        footer=line(f"labgrade · {lab}", 70) + " · class",
        made=day(made),
        made_iso=made.isoformat(),
        version=__version__,
        graded=amount(len(results), "submission"),
        median=points(scores.quartiles[1]),
        total=points(scores.points),
        awaiting=count(waiting) if waiting else "",
        failed=count(len(graded.problems)) if graded.problems else "",
        distribution=_distribution(scores, bool(waiting)),
        facts=_facts(graded, scores),
        items=tuple(_item(item) for item in item_statistics(results)),
        mistakes=tuple(_mistake(mistake, len(results), anonymous) for mistake in common_mistakes(results)),
        models=tuple(_definition(row) for row in definitions(results)),
        sharing=_sharing(results),
        groups=() if anonymous else tuple(_group(name, results[name]) for name in sorted(results)),
        problems=tuple(
            ProblemRow("" if anonymous else line(name, 60), "" if anonymous else line(reason, 300))
            for name, reason in sorted(graded.problems.items())
        ),
        anonymous=anonymous,
    )


def _distribution(scores: Distribution, waiting: bool) -> FigureView:
    low, middle, high = scores.quartiles
    caption = [
        f"Smallest {points(scores.final[0])}, lower quartile {points(low)}, median {points(middle)}, "
        f"upper quartile {points(high)}, largest {points(scores.final[-1])} of {points(scores.points)} points."
    ]
    if waiting:
        caption.append("Filled: as it stands. Dashed: if all that awaits a person were awarded in full.")
    return FigureView(distribution_figure(scores), f"Distribution of the points. {caption[0]}", tuple(caption))


def _facts(graded: GradedClass, scores: Distribution) -> tuple[Fact, ...]:
    efforts = sorted({result.effort for result in graded.results.values()})
    late = sum(result.deducted > 0 for result in graded.results.values())
    observed = sum(bool(result.observations) for result in graded.results.values())
    mean = sum(scores.final) / len(scores.final)
    found = [
        Fact("Mean", f"{points(mean)} of {points(scores.points)} points"),
        Fact("Effort", " and ".join(efforts)),
        Fact("Observations", f"in {amount(observed, 'submission')}"),
    ]
    if late:
        found.append(Fact("Late", f"{amount(late, 'submission')} lost points for it"))
    return tuple(found)


def _item(item: ItemStatistics) -> ItemRow:
    apart = item.discrimination
    return ItemRow(
        id=line(item.id, 20),
        title=line(item.title, 100),
        points=points(item.points),
        difficulty="–" if item.difficulty is None else f"{100 * item.difficulty:.0f} %",
        discrimination="–" if apart is None else f"{apart:.2f}".replace("-", "−"),
        weak=apart is not None and apart < _WEAK,
        bar=bar_view(item.awarded, item.awarded + item.lost, item.points),
    )


def _mistake(mistake: Mistake, of: int, anonymous: bool) -> MistakeRow:
    title = (
        line(mistake.kind, 60).replace("_", " ").capitalize()
        if mistake.observed
        else criterion_title(mistake.kind, mistake.title)
    )
    cost = "no points" if mistake.observed else f"−{points(mistake.points)}"
    return MistakeRow(
        where=line(mistake.question, 20) or "–",
        title=title,
        count=f"{mistake.count} of {of}",
        cost=cost,
        example=sentence(plain(mistake.example, 500)),
        group="" if anonymous else line(mistake.group, 60),
    )


def _definition(row: Definition) -> DefinitionRow:
    return DefinitionRow(
        layers=line(row.layers, 400),
        parameters=count(row.parameters),
        matched=line(row.matched, 40) if row.matched else "–",
        groups=count(row.groups),
        accuracy="–" if row.accuracy is None else score(row.accuracy),
    )


def _sharing(results: Mapping[str, Result]) -> str:
    cost = sharing(results)
    if not cost.asked:
        return "No model was trained."
    saved = cost.epochs_asked - cost.epochs_distinct
    share = f", {100 * saved / cost.epochs_asked:.0f} % of the epochs" if cost.epochs_asked else ""
    return (
        f"The class asked for {amount(cost.asked, 'training')}; {count(cost.distinct)} of them were different. "
        f"Training each once saved {amount(saved, 'epoch')}{share}."
    )


def _group(name: str, result: Result) -> GroupRow:
    waiting = result.score.awaiting
    return GroupRow(
        name=line(name, 60),
        points=f"{points(result.final)} / {points(result.score.decided)}",
        deducted=f"−{points(result.deducted)}" if result.deducted else "",
        awaiting=points(waiting) if waiting > 1e-9 else "",
        observations=str(len(result.observations)) if result.observations else "",
    )


# The files


def write_class(graded: GradedClass, folder: Path, made: date, anonymous: bool, stem: str = "class") -> DocumentFiles:
    """Write the report into `folder` as `stem`.html and `stem`.pdf. Raises `UserError` when it cannot be written."""
    html = page("class.html.j2", report=class_view(graded, made, anonymous))
    return write_document(html, folder, stem, made)
