"""The view of a class report, built from results alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from grader import __version__
from grader.records.result import Result
from grader.reports.classes.figures import distribution_figure
from grader.reports.classes.graded import GradedClass
from grader.reports.classes.mistakes import Mistake, common_mistakes
from grader.reports.classes.models import Definition, definitions, sharing
from grader.reports.classes.statistics import Distribution, ItemStatistics, distribution, item_statistics
from grader.reports.classes.view import ClassView, DefinitionRow, GroupRow, ItemRow, MistakeRow, ProblemRow
from grader.reports.pages.questions import bar_view
from grader.reports.prose import sentence
from grader.reports.text import line, plain
from grader.reports.view import Fact, FigureView
from grader.reports.words import count, counted, criterion_title, day, points, score

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
        graded=counted(len(results), "submission"),
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
        Fact("Observations", f"in {counted(observed, 'submission')}"),
    ]
    if late:
        found.append(Fact("Late", f"{counted(late, 'submission')} lost points for it"))
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
    title = line(mistake.kind, 60).replace("_", " ").capitalize() if mistake.observed else criterion_title(mistake.kind)
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
        f"The class asked for {counted(cost.asked, 'training')}; {count(cost.distinct)} of them were different. "
        f"Training each once saved {counted(saved, 'epoch')}{share}."
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
