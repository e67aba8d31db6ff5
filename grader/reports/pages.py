"""A submission's report: its whole view, built from records, and the files that it becomes.

The first page says who, which lab, the three numbers that are never made one (awarded, decided, awaiting), and under
which circumstances they came about.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from markupsafe import Markup

from grader import __version__
from grader.facts.status import STATUSES
from grader.records import CellFailed, Match, ModelSummary, Observation, Reference, Result, Scalar
from grader.reports.files import ReportFiles, result_json, write_whole
from grader.reports.printing import page, standalone_html, tagged_pdf, write_pdf
from grader.reports.question_pages import ReportContents, bar_view, cell_words, question_view, status_view
from grader.reports.view import Fact, ModelRow, ObservationView, ReportView, ScoreView
from grader.reports.words import (
    amount,
    count,
    day,
    effort,
    line,
    observation_title,
    phrase,
    plain,
    points,
    points_noun,
    readable_name,
    sentence,
)

_TERMS = {
    "labgrade": "labgrade",
    "tensorflow": "TensorFlow",
    "keras": "Keras",
    "numpy": "NumPy",
    "cpu": "CPU",
    "gpu": "GPU",
    "os": "Operating system",
    "standin": "Stand-in data",
}


def write_report(result: Result, match: Match, reference: Reference, folder: Path, graded: date) -> ReportFiles:
    """Write `report.html`, `report.pdf` and `result.json` into `folder`, which is made when it is missing.

    The same arguments give the same bytes. Raises `UserError` when `folder` cannot be written.
    """
    view = report_view(result, match, reference, graded)
    files = ReportFiles(folder / "report.html", folder / "result.json", folder / "report.pdf")
    write_whole(files.result, result_json(result).encode())
    write_whole(files.html, report_html(view).encode())
    note = write_pdf(folder / "report.pdf", lambda: report_pdf(view), result.submission)
    return replace(files, pdf=None, note=note) if note else files


def report_html(view: ReportView) -> str:
    """The report as one HTML file that needs no other: style sheet, fonts and figures are inside."""
    return standalone_html(page("report.html.j2", report=view))


def report_pdf(view: ReportView) -> bytes:
    """The report as tagged PDF/UA-1. Raises `PdfLibrariesError` when the machine lacks Pango."""
    return tagged_pdf(page("report.html.j2", report=view), date.fromisoformat(view.graded_iso))


def report_view(result: Result, match: Match, reference: Reference, graded: date) -> ReportView:
    """Everything that the templates may see."""
    group = line(result.submission, 80) or "(no name)"
    lab = line(match.rubric.title, 120)
    anchors = {question.id: f"question-{number}" for number, question in enumerate(result.questions, 1)}
    observed = tuple(
        _observation(observation, number, anchors) for number, observation in enumerate(result.observations, 1)
    )
    shown = ReportContents()
    return ReportView(
        language=match.rubric.language if match.rubric.language.replace("-", "").isalnum() else "en",
        group=group,
        lab=lab,
        title=f"{group} · {lab}",
        footer=line(f"labgrade · {lab}", 70) + f" · {line(group, 40)}",
        graded=day(graded),
        graded_iso=graded.isoformat(),
        version=__version__,
        score=score_view(result),
        facts=facts(result, match),
        warnings=warnings(match),
        questions=tuple(
            question_view(question, number, match, reference, observed, shown)
            for number, question in enumerate(result.questions, 1)
        ),
        legend=tuple(status_view(status) for status in STATUSES),
        observations=observed,
        models=tuple(_model(model) for model in result.models),
        notes=tuple(sentence(plain(note, 600)) for note in result.notes),
        environment=environment_facts(result),
    )


def score_view(result: Result) -> ScoreView:
    """Awarded, decided and awaiting, side by side."""
    score = result.score
    return ScoreView(
        awarded=points(score.awarded) if score.decided else "–",
        decided=points(score.decided),
        lost=points(score.decided - score.awarded),
        awaiting=points(score.awaiting) if score.awaiting > 1e-9 else "",
        total=points(score.points),
        verb="awaits" if score.awaiting <= 1 else "await",
        sentence=_sentence(result),
        bar=bar_view(score.awarded, score.decided, score.points),
        deductions=tuple(
            Fact(f"−{points(deduction.points)}" if deduction.points else "Late", plain(deduction.explanation, 400))
            for deduction in result.deductions
        ),
        final=points(result.final) if result.deductions else "",
    )


def _sentence(result: Result) -> str:
    open_ids = [line(q.id, 20) for q in result.questions if any(not verdict.decided for verdict in q.verdicts)]
    if not open_ids:
        return "Every point has been decided; your teacher can still change any of them."
    noun = "question" if len(open_ids) == 1 else "questions"
    named = phrase(open_ids) if len(open_ids) <= 14 else f"{len(open_ids)} of the table below"
    return f"Your teacher decides the {points_noun(result.score.awaiting)} still open, in {noun} {named}."


def facts(result: Result, match: Match) -> tuple[Fact, ...]:
    """Effort, data, machine, sandbox and the way to notes and observations."""
    environment = {**match.rerun.environment, **result.environment}
    found = [
        Fact("Effort", effort(result.effort)),
        Fact("Data", _data(match, environment)),
        Fact("Ran on", _machine(match, environment)),
        Fact("Sandbox", line(str(environment.get("sandbox") or "not used"), 120)),
        Fact("Handed in", _files(match)),
    ]
    if result.observations:
        found.append(Fact("Observations", f"{len(result.observations)}, worth no points by themselves", "observations"))
    if result.notes:
        found.append(Fact("Notes", f"{len(result.notes)}, on shims, limits and repairs", "notes"))
    return tuple(found)


def _data(match: Match, environment: dict[str, Scalar]) -> str:
    sources = match.rerun.data_sources
    if sources:
        named = [
            source if source.casefold().startswith(name.casefold()) else f"{name}: {source}"
            for name, source in sorted(sources.items())
        ]
        return line("; ".join(named), 240)
    return line(str(environment.get("data") or environment.get("data_sources") or "none was asked for"), 240)


def _machine(match: Match, environment: dict[str, Scalar]) -> str:
    device = line(str(environment.get("device") or "CPU"), 80)
    parts = [device.upper() if device.lower() in ("cpu", "gpu") else device]
    threads = environment.get("threads")
    if isinstance(threads, int) and not isinstance(threads, bool):
        parts.append(amount(threads, "thread"))
    return ", ".join(parts)  # not how long it took: a run that was repeated gives the same report


def _files(match: Match) -> str:
    files = [line(name, 60) for name in match.submission.files[:3]]
    more = len(match.submission.files) - len(files)
    return phrase([*files, f"{more} more"] if more > 0 else files) or "nothing that could be read"


def warnings(match: Match) -> tuple[Markup, ...]:
    """What a reader must know before the marks: a run that ended early, cells that stopped."""
    texts = []
    outcome = match.rerun.outcome
    reason = line(outcome.message, 240).rstrip(".")
    if outcome.status == "not run":
        texts.append(
            f"Your code was not run{f': {reason}' if reason else ''}. Only what you saved in it was looked at."
        )
    elif outcome.status != "finished":
        where = cell_words(match, [outcome.last_cell])
        texts.append(
            f"The run ended early ({outcome.status}{f', in {where}' if where else ''})"
            f"{f': {reason}' if reason else ''}. Everything before that counts."
        )
    failed = sorted({event.cell for event in match.rerun.events if isinstance(event, CellFailed)})
    if failed:
        named = cell_words(match, failed[:12]) or amount(len(failed), "cell")
        texts.append(f"{named[:1].upper()}{named[1:]} stopped with an error; all other cells ran.")
    return tuple(sentence(text) for text in texts)


def environment_facts(result: Result) -> tuple[Fact, ...]:
    """Versions and settings, in the order in which they were recorded."""
    return tuple(
        Fact(_TERMS.get(key.lower(), line(key, 60).replace("_", " ").capitalize()), _value(value))
        for key, value in result.environment.items()
        if value not in (None, "")
    )


def _value(value: Scalar) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return line(str(value), 200)


def _observation(observation: Observation, number: int, anchors: dict[str, str]) -> ObservationView:
    return ObservationView(
        anchor=f"observation-{number}",
        number=str(number),
        title=observation_title(observation.kind),
        message=sentence(plain(observation.message, 800)),
        proof=sentence(plain(observation.proof, 1_200)),
        question=line(observation.question, 20) if observation.question else "",
        question_anchor=anchors.get(observation.question or "", ""),
    )


def _model(model: ModelSummary) -> ModelRow:
    return ModelRow(
        label=line(model.label, 60),
        matched=line(model.matched, 40) if model.matched else "none",
        confidence=f"{model.confidence:.0%}".replace("%", " %") if model.matched else "–",
        parameters=count(model.parameters),
        optimizer=line(model.optimizer, 40) if model.optimizer else "–",
        loss=readable_name(model.loss) if model.loss else "–",
        question=line(model.question, 20) if model.question else "–",
    )
