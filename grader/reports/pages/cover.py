"""The first page: who, which lab, the three numbers, and under which circumstances they came about."""

from __future__ import annotations

from markupsafe import Markup

from grader.records.base import Scalar
from grader.records.match import Match
from grader.records.recording import CellFailed
from grader.records.result import Result
from grader.reports.pages.gallery import cell_words
from grader.reports.pages.questions import bar_view
from grader.reports.prose import sentence
from grader.reports.text import line, plain
from grader.reports.view import Fact, ScoreView
from grader.reports.words import counted, effort, listed, points, points_noun

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
    named = listed(open_ids) if len(open_ids) <= 14 else f"{len(open_ids)} of the table below"
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
        parts.append(counted(threads, "thread"))
    return ", ".join(parts)  # not how long it took: a run that was repeated gives the same report


def _files(match: Match) -> str:
    files = [line(name, 60) for name in match.submission.files[:3]]
    more = len(match.submission.files) - len(files)
    return listed([*files, f"{more} more"] if more > 0 else files) or "nothing that could be read"


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
        named = cell_words(match, failed[:12]) or counted(len(failed), "cell")
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
