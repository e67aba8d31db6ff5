"""The criterion on a training log that is shown: its epochs and seconds."""

from __future__ import annotations

from pydantic import JsonValue

from grader.checks.subject import missing, reference_model, saved_logs, trainings_of
from grader.checks.verdicts import graded
from grader.checks.wording import counted, place, places
from grader.records.criteria.texts import ConsoleLogCriterion
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.recording import LoggedTraining
from grader.records.result import Verdict


def check_console_log(
    criterion: ConsoleLogCriterion, question: QuestionMatch, match: Match, reference: Reference
) -> Verdict:
    """Console log

    Epochs, and seconds per epoch where they are asked for, in the log that was handed in. Where no outputs were handed
    in at all (a script), the log that the code prints when it runs counts.
    """
    wanted = criterion.epochs
    if wanted is None:
        fit = reference_model(question, reference).fit
        if fit is None:
            raise LookupError(f"question {question.question.id}: the reference model was never trained")
        wanted = fit.epochs
    logs = saved_logs(question, match)
    if logs:
        log = min(logs, key=lambda candidate: (abs(len(candidate.epochs) - wanted), candidate.seq))
        epochs, timed, cell, whose = len(log.epochs), _is_timed(log), log.cell, "The log saved"
    else:
        printed = [training for training in trainings_of(question, match) if training.fit.verbose > 0]
        if match.saved.events or not printed:
            return missing(criterion, question, match, "training log")
        training = min(printed, key=lambda candidate: (abs(candidate.history.epochs - wanted), candidate.seq))
        epochs, timed, cell, whose = training.history.epochs, True, training.cell, "The log that the code prints"
    return _verdict(criterion, epochs, timed, wanted, f"{whose} under {place(match, cell)}", places(match, [cell]))


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
