"""The criterion on the scale of the pixels that reach the network."""

from __future__ import annotations

from grader.checks.evidence import about
from grader.checks.subject import architecture_of, missing, saved_training_evidence, trainings_of
from grader.checks.verdicts import graded, review
from grader.checks.wording import places
from grader.records.criteria.outputs import ScaledCriterion
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.models import DataUse
from grader.records.result import Verdict

_SCALING_LAYERS = frozenset({"Rescaling", "Normalization", "BatchNormalization", "LayerNormalization"})
_BYTE = 255.0
_WIDEST = 4.0
"""Range up to which inputs count as scaled: [0, 1], [-1, 1] and standardised pixels are."""


def check_scaled(criterion: ScaledCriterion, question: QuestionMatch, match: Match, reference: Reference) -> Verdict:
    """Scaled input

    The range of the pixels with which the question's own model was trained, told by comparison with the data set. A
    layer that scales is as good.
    """
    question = about(question, match, criterion.model)
    trainings = trainings_of(question, match)
    if not trainings:
        return missing(criterion, question, match, "trained model", saved_training_evidence(question, match))
    data = trainings[-1].train
    evidence = places(match, [trainings[-1].cell])
    architecture = architecture_of(question, match)
    layer = architecture.layers[0].class_name if architecture and architecture.layers else ""
    layers = [found.class_name for found in architecture.layers[:2]] if architecture else []
    inside = next((name for name in layers if name in _SCALING_LAYERS), None)
    if inside:
        said = f"A {inside} layer of the model scales the pixels."
        return graded(criterion, 1.0, said, observed=layer, evidence=evidence)
    if data.scale is None:
        said = "The training images could not be laid beside the data set pixel by pixel, so their scale is not known."
        return review(criterion, f"{said} A person decides.", evidence=evidence)
    low, high = _range(data)
    said = f"The pixels that reach the network lie between {low:.4g} and {high:.4g}"
    share = float(high - low <= _WIDEST)
    said += "." if share else ": they were not scaled."
    return graded(criterion, share, said, observed=[round(low, 6), round(high, 6)], expected=[0, 1], evidence=evidence)


def _range(data: DataUse) -> tuple[float, float]:
    """What 0 and 255 became."""
    scale, offset = data.scale or 0.0, data.offset or 0.0
    ends = sorted((offset, scale * _BYTE + offset))
    return ends[0], ends[1]
