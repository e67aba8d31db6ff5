"""Trainings as the code has them: from the rerun where it came to them, else from the text of the code."""

from __future__ import annotations

import math
from dataclasses import dataclass

from grader.checks.observations.code import has_run, programs_of
from grader.checks.observations.data.use import TRAINING_ROWS
from grader.records.match import Match
from grader.records.recording import Trained
from grader.source.calls import Fit


@dataclass(frozen=True)
class Coded:
    """What the code says of one training."""

    cell: int
    epochs: int
    batch_size: int | None
    """`None` when the text does not tell."""
    rows: int | None
    """Rows given to `fit`; `None` when unknown, or when they are not the training rows of a known data set."""
    split: float
    source: str
    """`when it runs` or `in its text`."""
    complete: int | None = None
    """Training rows of the complete data set: the one at hand here may be a part of it."""

    @property
    def counts(self) -> set[int]:
        """Rows per epoch that may be logged, as old versions of Keras do: with the validation split counted in, or
        already taken off."""
        known = {rows for rows in (self.rows, self.complete) if self.rows is not None and rows is not None}
        left = [rows * (1.0 - self.split) for rows in known]
        return known | {round(rows) for rows in left} | {int(rows) for rows in left}

    @property
    def steps(self) -> set[int]:
        """Steps per epoch that may be logged."""
        if self.batch_size is None:
            return set()
        size = max(self.batch_size, 1)
        return {steps for rows in self.counts for steps in (math.ceil(rows / size), rows // size)}


def coded_trainings(match: Match) -> dict[int, list[Coded]]:
    """Cell -> its trainings in order. A cell whose text leaves their number or arguments open has none."""
    found: dict[int, list[Coded]] = {}
    for training in match.rerun.trainings():
        found.setdefault(training.cell, []).append(_recorded(training))
    fits: dict[int, list[Fit]] = {}
    for program in programs_of(match):
        for fit in program.fits:
            fits.setdefault(fit.cell, []).append(fit)
    for cell, written in fits.items():
        recorded = cell in found or (has_run(match, cell) and not _has_failed(match, cell))
        if not recorded and all(fit.epochs is not None for fit in written):
            found[cell] = [_written(fit) for fit in written]
    return found


def open_epochs(match: Match) -> bool:
    """Whether any training's number of epochs is not known from the text, nor from the rerun."""
    known = coded_trainings(match)
    return any(fit.epochs is None and fit.cell not in known for program in programs_of(match) for fit in program.fits)


def _has_failed(match: Match, cell: int) -> bool:
    return any(event.kind == "failed" and event.cell == cell for event in match.rerun.events)


def _recorded(training: Trained) -> Coded:
    fit = training.fit
    rows = training.train.rows if training.train.split == "train" else None
    complete = TRAINING_ROWS.get(training.train.dataset or "")
    return Coded(training.cell, fit.epochs, fit.batch_size, rows, fit.validation_split, "when it runs", complete)


def _written(fit: Fit) -> Coded:
    train = fit.train
    rows = TRAINING_ROWS.get(train.dataset) if train is not None and train.whole and train.part == "train" else None
    return Coded(fit.cell, fit.epochs or 0, fit.batch_size, rows, fit.split, "in its text")
