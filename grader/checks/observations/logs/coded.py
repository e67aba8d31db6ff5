"""Trainings as the code has them: from the rerun where it came to them, else from the text of the code."""

from __future__ import annotations

import math
from dataclasses import dataclass

from grader.checks.observations.code import has_run, programs_of
from grader.records.match import Match
from grader.records.recording import Trained
from grader.source.calls import Fit

_ROWS = {"mnist": 60_000, "fashion_mnist": 60_000, "cifar10": 50_000, "cifar100": 50_000}


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

    @property
    def steps(self) -> set[int]:
        """Steps per epoch that may be logged: with the validation split counted in, or already taken off."""
        if self.rows is None or self.batch_size is None:
            return set()
        size, share = max(self.batch_size, 1), 1.0 - self.split
        rows = self.rows
        return {math.ceil(rows / size), rows // size, math.ceil(rows * share / size), int(rows * share) // size}


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
    return Coded(training.cell, fit.epochs, fit.batch_size, rows, fit.validation_split, "when it runs")


def _written(fit: Fit) -> Coded:
    train = fit.train
    rows = _ROWS.get(train.dataset) if train is not None and train.whole and train.part == "train" else None
    return Coded(fit.cell, fit.epochs or 0, fit.batch_size, rows, fit.split, "in its text")
