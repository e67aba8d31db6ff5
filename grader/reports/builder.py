"""The whole view of a report, built from records."""

from __future__ import annotations

from datetime import date

from grader import __version__
from grader.records.match import Match, Reference
from grader.records.result import ModelSummary, Observation, Result
from grader.reports import words
from grader.reports.pages.cover import environment_facts, facts, score_view, warnings
from grader.reports.pages.questions import Shown, question_view, status_view
from grader.reports.prose import sentence
from grader.reports.text import line, plain
from grader.reports.view import ModelRow, ObservationView, ReportView
from grader.reports.words import STATUSES, count, day, underscored


def report_view(result: Result, match: Match, reference: Reference, graded: date) -> ReportView:
    """Everything that the templates may see."""
    group = line(result.submission, 80) or "(no name)"
    lab = line(match.rubric.title, 120)
    anchors = {question.id: f"question-{number}" for number, question in enumerate(result.questions, 1)}
    observed = tuple(
        _observation(observation, number, anchors) for number, observation in enumerate(result.observations, 1)
    )
    shown = Shown()
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


def _observation(observation: Observation, number: int, anchors: dict[str, str]) -> ObservationView:
    return ObservationView(
        anchor=f"observation-{number}",
        number=str(number),
        title=words.observation_title(observation.kind),
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
        loss=underscored(model.loss) if model.loss else "–",
        question=line(model.question, 20) if model.question else "–",
    )
