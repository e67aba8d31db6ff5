"""Saved logs that the code beside them does not make: another number of epochs, or another batch size."""

from __future__ import annotations

import math
from collections.abc import Iterator

from grader.checks.observations.code import is_fragment
from grader.checks.observations.logs.coded import Coded, coded_trainings, open_epochs
from grader.checks.observations.placing import question_of
from grader.checks.wording import counted, listed, place
from grader.records.match import Match, Reference
from grader.records.recording import LoggedTraining
from grader.records.result import Observation

_SEVERAL = 3


def stale_logs(match: Match, reference: Reference) -> Iterator[Observation]:
    """Cells whose saved log shows other epochs, or other steps per epoch, than their code has."""
    trainings = coded_trainings(match)
    seen = {known.train.rows for one in (match.rerun, reference.recording) for known in one.trainings()}
    logs: dict[int, list[LoggedTraining]] = {}
    for event in match.saved.events:
        if isinstance(event, LoggedTraining) and event.epochs:
            logs.setdefault(event.cell, []).append(event)
    for cell in sorted(trainings.keys() & logs.keys()):
        pairs = _pairs(trainings[cell], logs[cell])
        yield from _stale_epochs(match, cell, pairs)
        yield from _stale_steps(match, cell, [(code, log) for code, log in pairs if not _may_be_of_more(code, seen)])
    yield from _strange_logs(match, trainings, logs)


def _pairs(trainings: list[Coded], logs: list[LoggedTraining]) -> list[tuple[Coded, LoggedTraining]]:
    """Trainings of one cell with their logs: by order, or all with all where each side agrees in itself."""
    if len(trainings) == len(logs):
        return list(zip(trainings, logs, strict=True))
    given = {(training.epochs, training.batch_size, training.rows) for training in trainings}
    shown = {(log.declared_epochs, len(log.epochs), log.epochs[0].steps) for log in logs}
    return [(trainings[0], log) for log in logs] if len(given) == 1 and len(shown) == 1 else []


def _stale_epochs(match: Match, cell: int, pairs: list[tuple[Coded, LoggedTraining]]) -> Iterator[Observation]:
    stale = [(training, log) for training, log in pairs if _is_stale(training, log)]
    if not stale:
        return
    # In a document a header may have been lost: a single line without one proves nothing, a whole row of them does.
    headless = all(epoch.of is None for _, log in stale for epoch in log.epochs)
    if headless and len(stale) < _SEVERAL and is_fragment(match.submission.cells[cell].file):
        return
    training, log = stale[0]
    where = place(match, cell)
    headed = log.epochs[0].of is not None or len(log.epochs) > 1
    seen = f"'Epoch 1/{log.declared_epochs}'" if headed else "one progress line without 'Epoch 1/n', as for one epoch"
    times = "" if len(stale) == 1 else f", in {len(stale)} trainings"
    yield Observation(
        kind="stale_log",
        question=question_of(match, [cell]),
        message=(
            f"The code of {where} trains for {counted(training.epochs, 'epoch')}; "
            f"the output saved under it shows {counted(log.declared_epochs, 'epoch')}{times}."
        ),
        proof=f"{where}: fit(epochs={training.epochs}) {training.source}; saved output: {seen}.",
    )


def _is_stale(training: Coded, log: LoggedTraining) -> bool:
    if log.declared_epochs == training.epochs:
        return False
    if any(epoch.of is not None for epoch in log.epochs):
        return True
    # Without a header only a single epoch, of this very data set and batch size, proves anything.
    return len(log.epochs) == 1 and log.declared_epochs == 1 and log.epochs[0].steps in training.steps


def _may_be_of_more(training: Coded, seen: set[int]) -> bool:
    """Whether the data set here may be a part of the one that the group had, and with it what they took of it.

    `seen` are the numbers of rows of all trainings: one on the complete data set shows that it is at hand.
    """
    return training.complete is not None and training.rows != training.complete and training.complete not in seen


def _stale_steps(match: Match, cell: int, pairs: list[tuple[Coded, LoggedTraining]]) -> Iterator[Observation]:
    for training, log in pairs:
        steps = next((epoch.steps for epoch in log.epochs if epoch.steps), None)
        rows = training.rows
        if steps is None or rows is None or not training.steps or steps in training.steps:
            continue
        # Old versions of Keras count rows where newer ones count batches.
        if steps in training.counts:
            continue
        expected = math.ceil(rows * (1.0 - training.split) / max(training.batch_size or 1, 1))
        where = place(match, cell)
        yield Observation(
            kind="stale_batch_size",
            question=question_of(match, [cell]),
            message=(
                f"The output saved under {where} shows {counted(steps, 'step')} per epoch; "
                f"its code gives {expected:,}. It may have run with another batch size."
            ),
            proof=f"{where}: batch size {training.batch_size} on {rows:,} rows; saved output: {steps} steps.",
        )
        return


def _strange_logs(
    match: Match, trainings: dict[int, list[Coded]], logs: dict[int, list[LoggedTraining]]
) -> Iterator[Observation]:
    """Logs in a report beside the code whose number of epochs no training of the code has."""
    known = {training.epochs for found in trainings.values() for training in found}
    if not known or open_epochs(match):
        return
    for cell in sorted(logs.keys() - trainings.keys()):
        if any(".fit" in other.source for other in match.submission.cells if other.index == cell):
            continue
        strange = [log for log in logs[cell] if log.epochs[0].of is not None and log.declared_epochs not in known]
        if strange:
            epochs = counted(strange[0].declared_epochs, "epoch")
            yield Observation(
                kind="stale_log",
                question=question_of(match, [cell]),
                message=(
                    f"The log in {place(match, cell)} is of a training of {epochs}; the code handed in trains for "
                    f"{listed([str(n) for n in sorted(known)], 'or')}. It may have been made by another version."
                ),
                proof=f"{place(match, cell)}: 'Epoch k/{strange[0].declared_epochs}'; epochs of every fit in the code.",
            )
