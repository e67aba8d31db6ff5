"""The criterion on a training log that is shown: its epochs and seconds."""

from __future__ import annotations

import re

from pydantic import JsonValue

from grader.checks.evidence import picture_evidence
from grader.checks.subject import missing, reference_model, saved_logs, trainings_of
from grader.checks.verdicts import graded
from grader.checks.wording import clipped, counted, place, places
from grader.records.criteria.texts import ConsoleLogCriterion
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.recording import LoggedTraining
from grader.records.result import Verdict

_TIME = re.compile(
    r"\b\d{1,5}(?:[.,:]\d{1,3})?\s?(?:-|–|to)?\s?(?:\d{1,5}\s?)?"
    r"(?:s|sec|secs|seconds?|sekunden?|secondes?|segundos?|sekunder|ms|min|mins|minutes?|minuten)\b",
    re.IGNORECASE,
)
_LONGEST = 50_000


def check_console_log(
    criterion: ConsoleLogCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict:
    """Console log

    Epochs, and seconds per epoch where they are asked for, in the log that was handed in. Where no outputs were handed
    in at all (a script), the log that the code prints when it runs counts. A picture of a console is left to a person.
    """
    if criterion.stated and (told := _told(question)):
        return graded(criterion, 1.0, told, observed={"stated": True}, evidence=places(match, question.cells))
    wanted = criterion.epochs
    if wanted is None:
        fit = reference_model(question, reference).fit
        if fit is None:
            raise LookupError(f"question {question.question.id}: the reference model was never trained")
        wanted = fit.epochs
    logs = saved_logs(question, match)
    if logs:
        log = min(logs, key=lambda candidate: (abs(_reached(candidate) - wanted), candidate.seq))
        epochs, timed, cell, whose = _reached(log), _is_timed(log), log.cell, "The log saved"
    else:
        printed = [training for training in trainings_of(question, match) if training.fit.verbose > 0]
        if _has_outputs(match) or not printed:
            return missing(criterion, question, match, "training log", picture_evidence(question, match))
        training = min(printed, key=lambda candidate: (abs(candidate.history.epochs - wanted), candidate.seq))
        epochs, timed, cell, whose = training.history.epochs, True, training.cell, "The log that the code prints"
    return _verdict(criterion, epochs, timed, wanted, f"{whose} under {place(match, cell)}", places(match, [cell]))


def _told(question: QuestionMatch) -> str:
    """One sentence on a time per epoch that the answer states; empty when there is none."""
    found = _TIME.search(question.answer[:_LONGEST])
    return f"The answer states a time: “{clipped(found[0], 40)}”." if found else ""


def _has_outputs(match: Match) -> bool:
    """Whether any code was handed in together with what it printed."""
    return any(cell.kind == "code" and any(o.text.strip() for o in cell.outputs) for cell in match.submission.cells)


def _reached(log: LoggedTraining) -> int:
    """The epochs of a log; where lines were lost on the way into a document, the number of the last that is left."""
    last = log.epochs[-1]
    return max(len(log.epochs), last.number if last.of is not None else 0)


def _is_timed(log: LoggedTraining) -> bool:
    return any(epoch.seconds is not None or epoch.ms_per_step is not None for epoch in log.epochs)


def _verdict(
    criterion: ConsoleLogCriterion, epochs: int, timed: bool, wanted: int, whose: str, evidence: tuple[str, ...]
) -> Verdict:
    scores = [min(epochs, wanted) / max(epochs, wanted, 1)]
    said = f"{whose} shows {counted(epochs, 'epoch')}{'' if epochs == wanted else f'; asked for were {wanted}'}."
    if criterion.seconds:
        scores.append(float(timed))
        said += " It gives the time per epoch." if timed else " The time per epoch is missing."
    observed: JsonValue = {"epochs": epochs, "timed": timed}
    expected: JsonValue = {"epochs": wanted, "timed": criterion.seconds}
    share = sum(scores) / len(scores)
    return graded(criterion, share, said, observed=observed, expected=expected, evidence=evidence)
