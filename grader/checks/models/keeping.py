"""Criteria on what is shown and kept of a model: its summary, and the file it is saved to."""

from __future__ import annotations

import re
from collections.abc import Mapping

from grader.checks.evidence import about
from grader.checks.subject import missing, others_of, saved_summaries, trainings_of
from grader.checks.verdicts import graded, review
from grader.checks.wording import capitalised, counted, place, places
from grader.records.criteria.outputs import SavedModelCriterion, SummaryShownCriterion
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.recording import ModelSaved, SummaryShown
from grader.records.result import Verdict

_OTHER_WAYS = re.compile(r"\b(?:to_json|to_yaml|pickle\.dump|joblib\.dump|dump|get_weights)\s*\(|ModelCheckpoint")
_UNTRAINED = 0.5
_LESS = 0.5


def check_saved_model(
    criterion: SavedModelCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict:
    """Saved model

    The question's own model is saved after its training. A folder that only the group's machine has costs nothing.
    """
    question = about(question, match, criterion.model)
    model = question.model
    saved = [event for event in match.rerun.events if isinstance(event, ModelSaved)]
    own = [event for event in saved if model and event.model in model.models]
    trained = [event for event in own if model and event.trained in model.trainings]
    if trained:
        best = max(trained, key=lambda event: (criterion.what in ("any", event.what), event.seq))
        return _judged(best, criterion, match)
    checkpoints = [t for t in trainings_of(question, match) if any(_is_checkpoint(c) for c in t.fit.callbacks)]
    if checkpoints:
        said = f"{capitalised(place(match, checkpoints[0].cell))} saves it during training, with a ModelCheckpoint."
        return graded(criterion, 1.0, said, evidence=places(match, [checkpoints[0].cell]))
    if own:
        said = f"{capitalised(place(match, own[0].cell))} saves it before its training: the file lacks what it learned."
        return graded(criterion, _UNTRAINED, said, evidence=places(match, [own[0].cell]))
    others = [other for event in saved for other in others_of(match, model) if event.model in other.models]
    if others and match.trainings(model):
        said = f"`{others[0].label}` is saved, but not this model."
        return graded(criterion, 0.0, said, evidence=places(match, [event.cell for event in saved]))
    code = [cell for cell in match.submission.cells if cell.kind == "code" and _OTHER_WAYS.search(cell.source)]
    if code and match.trainings(model):
        said = f"{capitalised(place(match, code[0].index))} may keep the model in a way of its own. A person decides."
        return review(criterion, said, evidence=places(match, [code[0].index]))
    return missing(criterion, question, match, "saved model", _saving_code(match))


def _judged(event: ModelSaved, criterion: SavedModelCriterion, match: Match) -> Verdict:
    kind = f" as a {event.ending} file" if event.ending else ""
    said = f"{capitalised(place(match, event.cell))} saves the trained {event.what}{kind}."
    if not event.written:
        said += " Its folder exists on the group's machine alone, which costs nothing."
    share = 1.0 if criterion.what in ("any", event.what) else _LESS
    if share < 1.0:
        said += f" The {criterion.what} was asked for."
    return graded(
        criterion, share, said, observed=event.what, expected=criterion.what, evidence=places(match, [event.cell])
    )


def _is_checkpoint(callback: Mapping[str, object]) -> bool:
    return "ModelCheckpoint" in str(callback.get("class_name"))


def _saving_code(match: Match) -> str:
    """One sentence on code that would save a model; empty when there is none."""
    for cell in match.submission.cells:
        if cell.kind == "code" and re.search(r"\.save(?:_weights)?\s*\(|\bsave_model\s*\(", cell.source):
            return f"{capitalised(place(match, cell.index))} has a call that saves."
    return ""


def check_summary_shown(
    criterion: SummaryShownCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict:
    """Summary

    `summary()` of the question's own model, in the rerun or in the outputs that were handed in.
    """
    question = about(question, match, criterion.model)
    model = question.model
    shown = [e for e in match.rerun.events if isinstance(e, SummaryShown) and model and e.model in model.models]
    if shown:
        said = f"{capitalised(place(match, shown[0].cell))} shows the model's summary."
        return graded(criterion, 1.0, said, evidence=places(match, [shown[0].cell]))
    architecture = match.architecture(model)
    expected = architecture.parameters if architecture else None
    for summary in saved_summaries(question, match):
        if expected is None or summary.parameters == expected:
            size = counted(summary.parameters or 0, "parameter")
            said = f"The output saved under {place(match, summary.cell)} shows a summary of {size}."
            return graded(criterion, 1.0, said, evidence=places(match, [summary.cell]))
    return missing(criterion, question, match, "summary of the model")
