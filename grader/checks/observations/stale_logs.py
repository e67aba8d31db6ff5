"""Saved logs that the code beside them does not make: another number of epochs, or another batch size."""

from __future__ import annotations

import math
from collections.abc import Iterator

from grader.checks.observations.placing import question_of
from grader.checks.wording import counted, place
from grader.records.match import Match, Reference
from grader.records.recording import LoggedTraining, Trained
from grader.records.result import Observation


def stale_logs(match: Match, reference: Reference) -> Iterator[Observation]:
    """Cells whose saved log shows other epochs, or other steps per epoch, than their code has when it runs."""
    trainings: dict[int, list[Trained]] = {}
    for training in match.rerun.trainings():
        trainings.setdefault(training.cell, []).append(training)
    logs: dict[int, list[LoggedTraining]] = {}
    for event in match.saved.events:
        if isinstance(event, LoggedTraining) and event.epochs:
            logs.setdefault(event.cell, []).append(event)
    for cell in sorted(trainings.keys() & logs.keys()):
        pairs = _pairs(trainings[cell], logs[cell])
        yield from _stale_epochs(match, cell, pairs)
        yield from _stale_steps(match, cell, pairs)


def _pairs(trainings: list[Trained], logs: list[LoggedTraining]) -> list[tuple[Trained, LoggedTraining]]:
    """Trainings of one cell with their logs: by order, or all with all where each side agrees in itself."""
    if len(trainings) == len(logs):
        return list(zip(trainings, logs, strict=True))
    given = {(training.fit.epochs, training.fit.batch_size, training.train.rows) for training in trainings}
    shown = {(log.declared_epochs, len(log.epochs), log.epochs[0].steps) for log in logs}
    return [(trainings[0], logs[0])] if len(given) == 1 and len(shown) == 1 else []


def _stale_epochs(match: Match, cell: int, pairs: list[tuple[Trained, LoggedTraining]]) -> Iterator[Observation]:
    stale = [(training, log) for training, log in pairs if _is_stale(training, log)]
    if not stale:
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
            f"The code of {where} trains for {counted(training.fit.epochs, 'epoch')}; "
            f"the output saved under it shows {counted(log.declared_epochs, 'epoch')}{times}."
        ),
        proof=f"{where}: fit(epochs={training.fit.epochs}) when it runs; saved output: {seen}.",
    )


def _is_stale(training: Trained, log: LoggedTraining) -> bool:
    if log.declared_epochs == training.fit.epochs:
        return False
    headed = any(epoch.of is not None for epoch in log.epochs)
    if headed:
        return True
    # Without a header only a single epoch, of this very data set and batch size, proves anything.
    return len(log.epochs) == 1 and log.declared_epochs == 1 and log.epochs[0].steps in _expected_steps(training)


def _expected_steps(training: Trained) -> set[int]:
    """Steps per epoch that the code may give: with the validation split counted in the rows, or already taken off."""
    rows, size = training.train.rows, max(training.fit.batch_size, 1)
    share = 1.0 - training.fit.validation_split
    return {math.ceil(rows / size), rows // size, math.ceil(rows * share / size), int(rows * share) // size}


def _stale_steps(match: Match, cell: int, pairs: list[tuple[Trained, LoggedTraining]]) -> Iterator[Observation]:
    for training, log in pairs:
        steps = next((epoch.steps for epoch in log.epochs if epoch.steps), None)
        rows = training.train.rows
        # Old versions of Keras count rows where newer ones count batches.
        counts_rows = steps in (rows, round(rows * (1.0 - training.fit.validation_split)))
        if steps is None or counts_rows or steps in _expected_steps(training) or training.train.split != "train":
            continue
        expected = math.ceil(rows * (1.0 - training.fit.validation_split) / max(training.fit.batch_size, 1))
        where = place(match, cell)
        yield Observation(
            kind="stale_batch_size",
            question=question_of(match, [cell]),
            message=(
                f"The output saved under {where} shows {counted(steps, 'step')} per epoch; "
                f"its code gives {expected:,}. It may have run with another batch size."
            ),
            proof=f"{where}: batch size {training.fit.batch_size} on {rows:,} rows; saved output: {steps} steps.",
        )
        return
