"""A form of a sample held against its truth: questions placed, models matched, findings recalled, and what is left."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from judge_samples import Form, Sample, is_placed, shingles

from grader.records import Match, ModelMatch, Observation, Result, Verdict

TABLE: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "findings.yaml").read_text(encoding="utf-8"))

_NAME = re.compile(r"`([A-Za-z_]\w{4,})`")
_CELL = re.compile(r"\bcell (\d+)")


@dataclass(frozen=True)
class Finding:
    """A finding of a truth file, and what would answer it."""

    id: str
    severity: str
    type: str
    questions: tuple[str, ...]
    cells: tuple[int, ...]
    """Indices in the notebook, from 0."""
    certain: bool
    proof: str
    listed: bool
    observations: tuple[str, ...]
    verdicts: tuple[str, ...]

    def is_answered_by(self, observation: Observation) -> bool:
        """Whether `observation` says what this finding says."""
        if observation.kind not in self.observations:
            return False
        named = {int(number) - 1 for number in _CELL.findall(f"{observation.message} {observation.proof}")}
        whole = observation.question is None or not self.questions
        about = {name for name in _NAME.findall(observation.message) if re.search(rf"\b{name}\b", self.proof)}
        return bool(about) or whole or observation.question in self.questions or bool(named & set(self.cells))

    def is_shown_by(self, question: str, verdict: Verdict) -> bool:
        """Whether a verdict that is not passed rests on it."""
        return verdict.criterion in self.verdicts and (question in self.questions or not self.questions)


@dataclass
class Score:
    """How labgrade did on one form of one sample."""

    sample: str
    form: str
    placed: list[tuple[str, bool]] = field(default_factory=list)
    matched: list[tuple[str, bool]] = field(default_factory=list)
    findings: list[tuple[Finding, bool]] = field(default_factory=list)
    confirmed: list[Observation] = field(default_factory=list)
    unexplained: list[Observation] = field(default_factory=list)
    """Observations that answer no finding: false, or not in the truth file."""
    lost: list[tuple[str, Verdict]] = field(default_factory=list)
    """Verdicts that cost points and rest on no finding."""

    @property
    def target(self) -> list[tuple[Finding, bool]]:
        """The findings that count: certain ones that fall under the list of observations."""
        return [(finding, found) for finding, found in self.findings if finding.listed and finding.certain]


def findings_of(sample: Sample) -> list[Finding]:
    """The findings of a sample with what answers them; one that the table does not know has no answer."""
    found = []
    for raw in sample.truth["findings"]:
        entry = TABLE["findings"].get(raw["id"], TABLE["types"].get(raw["type"], {}))
        found.append(
            Finding(
                id=raw["id"],
                severity=raw["severity"],
                type=raw["type"],
                questions=tuple(TABLE["questions"].get(name, name) for name in raw["questions"]),
                cells=tuple(raw.get("cells") or ()),
                certain=raw["certain"],
                proof=raw["proof"],
                listed=entry.get("listed", False),
                observations=tuple(entry.get("observations", ())),
                verdicts=tuple(entry.get("verdicts", ())),
            )
        )
    return found


def score_of(sample: Sample, form: Form, match: Match, result: Result) -> Score:
    """Hold `match` and `result` against the truth of `sample`."""
    score = Score(sample.truth["id"], form.name)
    known = {question.question.id: question for question in match.questions}
    for raw in sample.truth["questions"]:
        name = TABLE["questions"].get(raw["id"], raw["id"])
        if raw["status"] == "missing" or name not in known:
            continue
        score.placed.append((name, is_placed(known[name], match, sample.section(raw))))
    for raw in sample.truth["models"]:
        score.matched.append((raw["id"], _is_matched(sample, raw, match)))
    findings = findings_of(sample)
    lost = [(q.id, v) for q in result.questions for v in q.verdicts if v.status in ("failed", "partial")]
    for finding in findings:
        seen = any(finding.is_answered_by(observation) for observation in result.observations)
        score.findings.append((finding, seen or any(finding.is_shown_by(*verdict) for verdict in lost)))
    confirmed = {entry["kind"] for entry in TABLE["confirmed"] if entry["sample"] == score.sample}
    for observation in result.observations:
        if not any(finding.is_answered_by(observation) for finding in findings):
            (score.confirmed if observation.kind in confirmed else score.unexplained).append(observation)
    score.lost = [pair for pair in lost if not any(finding.is_shown_by(*pair) for finding in findings)]
    return score


def _is_matched(sample: Sample, raw: dict[str, Any], match: Match) -> bool:
    """Whether the model of the truth was taken for the reference model for which it stands."""
    reference = TABLE["models"].get(sample.truth["id"], {}).get(raw["id"])
    if reference is None:
        return False
    wanted = shingles(sample.model_lines(raw))
    return any(model.reference == reference and _is_the_model(model, raw, wanted, match) for model in match.models)


def _is_the_model(model: ModelMatch, raw: dict[str, Any], wanted: frozenset[tuple[str, ...]], match: Match) -> bool:
    architecture = match.architecture(model)
    if architecture is not None:
        kinds = [
            (layer["type"], layer["args"].get("activation")) for layer in raw["layers"] if layer["type"] == "Dense"
        ]
        ours = [
            ("Dense", layer.config.get("activation")) for layer in architecture.layers if layer.class_name == "Dense"
        ]
        same = [(kind, activation or "linear") for kind, activation in kinds] == ours
        if architecture.parameters != raw["total_params"] or not same:
            return False
    text = "\n".join(match.submission.cells[cell].source for cell in model.cells if cell < len(match.submission.cells))
    found = shingles(text)
    if architecture is None and not found & wanted:
        # Known by its saved outputs alone: the size that they show must be the model's.
        return str(raw["total_params"]) in model.reason.replace(",", "") or model.confidence > 0.0
    return len(found & wanted) >= 0.5 * min(len(found), len(wanted))
