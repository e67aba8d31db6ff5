"""Saved outputs that the code does not make, or that contradict each other: epochs, steps, accuracies, models, counts.

The trainings of the code are those of the rerun where it came to them, else those in the text of the code.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from grader.code.program import Fit
from grader.code.syntax import callee
from grader.criteria import accuracy_text, capitalised, counted, listed
from grader.criteria.losses import could_give, failures_of, losses
from grader.facts.datasets import training_rows
from grader.facts.keras import BINARY_LOSS, VALIDATION_ACCURACY, is_accuracy, is_validation_accuracy
from grader.observations.hand_in import HandIn
from grader.records import LoggedScore, LoggedSummary, LoggedTraining, ModelBuilt, Observation, Recording, Trained

_SEVERAL = 3
"""Logs without a header that prove another number of epochs: of a document, one or two headers may be lost."""

_LEAST_GAP = 0.03
"""By how much a saved accuracy must be above that of the rerun at least: less may be another seed."""
_SPREADS = 5.0
"""Or by so many times the spread of the reference's own trainings, where that is more."""

_NUMBERED = re.compile(r"sequential_(\d{1,5})")
_MAKERS = frozenset({"Sequential"})
"""What makes a model that Keras numbers so."""

_COUNT = r"(?<![\d.,])(\d{1,6})(?![\d.,]\d)"
_RIGHT = r"(?:(?<!in)(?<!not )correct(?:ly)?|\bright\b|\brätt|\bricht\w{0,4}|\bjuste?s?\b)"
_WRONG = r"(?:incorrect(?:ly)?|wrong(?:ly)?|not correct|misclassified|mistakes?|errors?|\bfel\b|\bfalsch\w{0,2})"
_SIZES = frozenset({10_000, 60_000, 50_000, 12_000, 48_000})
"""Rows of the data sets' usual parts: only counts that add up to one of them are counts of predictions."""
_SAME_SHARE = 0.0006
"""Deviation of a share from an accuracy that is the same: six of 10,000 images, whose class turns with rounding."""
_MOST_TEXT = 20_000
"""Characters of one output that are looked at: counts stand in a line, and a longer text is a dump."""


@dataclass(frozen=True)
class CodeTraining:
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


_Pair: TypeAlias = tuple[CodeTraining, LoggedTraining]
"""A training of the code, and its log."""


def trainings_in_code(hand_in: HandIn) -> dict[int, list[CodeTraining]]:
    """Cell -> its trainings in order. A cell whose text leaves their number or arguments open has none."""
    found: dict[int, list[CodeTraining]] = {}
    for training in hand_in.rerun.trainings():
        found.setdefault(training.cell, []).append(_recorded(training))
    fits: dict[int, list[Fit]] = {}
    for fit in hand_in.fits:
        fits.setdefault(fit.cell, []).append(fit)
    for cell, written in fits.items():
        recorded = cell in found or (hand_in.has_run(cell) and not hand_in.failures_in(cell))
        if not recorded and all(fit.epochs is not None for fit in written):
            found[cell] = [_written(fit) for fit in written]
    return found


def open_epochs(hand_in: HandIn) -> bool:
    """Whether any training's number of epochs is not known from the text, nor from the rerun."""
    known = trainings_in_code(hand_in)
    return any(fit.epochs is None and fit.cell not in known for fit in hand_in.fits)


def _recorded(training: Trained) -> CodeTraining:
    fit = training.fit
    rows = training.train.rows if training.train.split == "train" else None
    complete = training_rows(training.train.dataset)
    return CodeTraining(training.cell, fit.epochs, fit.batch_size, rows, fit.validation_split, "when it runs", complete)


def _written(fit: Fit) -> CodeTraining:
    train = fit.train
    rows = training_rows(train.dataset) if train is not None and train.whole and train.part == "train" else None
    return CodeTraining(fit.cell, fit.epochs or 0, fit.batch_size, rows, fit.split, "in its text")


def stale_logs(hand_in: HandIn) -> Iterator[Observation]:
    """Cells whose saved log shows other epochs, or other steps per epoch, than their code has."""
    trainings = trainings_in_code(hand_in)
    seen = {known.train.rows for one in (hand_in.rerun, hand_in.reference.recording) for known in one.trainings()}
    logs: dict[int, list[LoggedTraining]] = {}
    for event in hand_in.saved.events:
        if isinstance(event, LoggedTraining) and event.epochs:
            logs.setdefault(event.cell, []).append(event)
    for cell in sorted(trainings.keys() & logs.keys()):
        pairs = _pairs(trainings[cell], logs[cell])
        yield from _stale_epochs(hand_in, cell, pairs)
        yield from _stale_steps(hand_in, cell, [(code, log) for code, log in pairs if not _may_be_of_more(code, seen)])
    yield from _strange_logs(hand_in, trainings, logs)


def _pairs(trainings: list[CodeTraining], logs: list[LoggedTraining]) -> list[_Pair]:
    """Trainings of one cell with their logs: by order, or all with all where each side agrees in itself."""
    if len(trainings) == len(logs):
        return list(zip(trainings, logs, strict=True))
    given = {(training.epochs, training.batch_size, training.rows) for training in trainings}
    shown = {(log.declared_epochs, len(log.epochs), log.epochs[0].steps) for log in logs}
    return [(trainings[0], log) for log in logs] if len(given) == 1 and len(shown) == 1 else []


def _stale_epochs(
    hand_in: HandIn, cell: int, pairs: list[tuple[CodeTraining, LoggedTraining]]
) -> Iterator[Observation]:
    stale = [(training, log) for training, log in pairs if _is_stale(training, log)]
    if not stale:
        return
    # In a document a header may have been lost: a single line without one proves nothing, a whole row of them does.
    headless = all(epoch.of is None for _, log in stale for epoch in log.epochs)
    if headless and len(stale) < _SEVERAL and hand_in.is_fragment(hand_in.cells[cell].file):
        return
    training, log = stale[0]
    where = hand_in.place(cell)
    headed = log.epochs[0].of is not None or len(log.epochs) > 1
    seen = f"'Epoch 1/{log.declared_epochs}'" if headed else "one progress line without 'Epoch 1/n', as for one epoch"
    times = "" if len(stale) == 1 else f", in {len(stale)} trainings"
    yield Observation(
        kind="stale_log",
        question=hand_in.question_of([cell]),
        message=(
            f"The code of {where} trains for {counted(training.epochs, 'epoch')}; "
            f"the output saved under it shows {counted(log.declared_epochs, 'epoch')}{times}."
        ),
        proof=f"{where}: fit(epochs={training.epochs}) {training.source}; saved output: {seen}.",
    )


def _is_stale(training: CodeTraining, log: LoggedTraining) -> bool:
    if log.declared_epochs == training.epochs:
        return False
    if any(epoch.of is not None for epoch in log.epochs):
        return True
    # Without a header only a single epoch, of this very data set and batch size, proves anything.
    return len(log.epochs) == 1 and log.declared_epochs == 1 and log.epochs[0].steps in training.steps


def _may_be_of_more(training: CodeTraining, seen: set[int]) -> bool:
    """Whether the data set here may be a part of the one that the group had, and with it what they took of it.

    `seen` are the numbers of rows of all trainings: one on the complete data set shows that it is at hand.
    """
    return training.complete is not None and training.rows != training.complete and training.complete not in seen


def _stale_steps(hand_in: HandIn, cell: int, pairs: list[_Pair]) -> Iterator[Observation]:
    for training, log in pairs:
        steps = next((epoch.steps for epoch in log.epochs if epoch.steps), None)
        rows = training.rows
        if steps is None or rows is None or not training.steps or steps in training.steps:
            continue
        # Old versions of Keras count rows where newer ones count batches.
        if steps in training.counts:
            continue
        expected = math.ceil(rows * (1.0 - training.split) / max(training.batch_size or 1, 1))
        where = hand_in.place(cell)
        yield Observation(
            kind="stale_batch_size",
            question=hand_in.question_of([cell]),
            message=(
                f"The output saved under {where} shows {counted(steps, 'step')} per epoch; "
                f"its code gives {expected:,}. It may have run with another batch size."
            ),
            proof=f"{where}: batch size {training.batch_size} on {rows:,} rows; saved output: {steps} steps.",
        )
        return


def _strange_logs(
    hand_in: HandIn, trainings: dict[int, list[CodeTraining]], logs: dict[int, list[LoggedTraining]]
) -> Iterator[Observation]:
    """Logs in a report beside the code whose number of epochs no training of the code has."""
    known = {training.epochs for found in trainings.values() for training in found}
    if not known or open_epochs(hand_in):
        return
    for cell in sorted(logs.keys() - trainings.keys()):
        if any(".fit" in other.source for other in hand_in.cells if other.index == cell):
            continue
        strange = [log for log in logs[cell] if log.epochs[0].of is not None and log.declared_epochs not in known]
        if strange:
            where, epochs = hand_in.place(cell), counted(strange[0].declared_epochs, "epoch")
            yield Observation(
                kind="stale_log",
                question=hand_in.question_of([cell]),
                message=(
                    f"The log in {where} is of a training of {epochs}; the code handed in trains for "
                    f"{listed([str(n) for n in sorted(known)], 'or')}. It may have been made by another version."
                ),
                proof=f"{where}: 'Epoch k/{strange[0].declared_epochs}'; epochs of every fit in the code.",
            )


def unreached_accuracies(hand_in: HandIn) -> Iterator[Observation]:
    """Saved validation accuracies far above those of the rerun. Never with reduced effort or stand-in data."""
    if hand_in.rerun.is_reduced or hand_in.rerun.environment.get("effort") != "full":
        return
    spread = max((model.spread or 0.0 for model in hand_in.reference.models.values()), default=0.0)
    allowed = max(_LEAST_GAP, _SPREADS * spread)
    for cell in sorted({training.cell for training in hand_in.rerun.trainings()}):
        trainings = [training for training in hand_in.rerun.trainings() if training.cell == cell]
        logs = [e for e in hand_in.saved.events if isinstance(e, LoggedTraining) and e.cell == cell and e.epochs]
        if len(trainings) != 1 or len(logs) != 1:
            continue
        training, log = trainings[0], logs[0]
        complete = log.declared_epochs == len(log.epochs) == training.fit.epochs == training.history.epochs
        # Old versions of Keras took `accuracy` for the binary one under this loss.
        ambiguous = training.compile.loss == BINARY_LOSS
        if not complete or ambiguous or training.continued or training.train.split != "train":
            continue
        saved = [v for name, v in log.epochs[-1].metrics.items() if is_validation_accuracy(name)]
        rerun = training.history.values_of(VALIDATION_ACCURACY)
        if not saved or not rerun or not math.isfinite(rerun[-1]) or saved[0] - max(rerun) <= allowed:
            continue
        where = hand_in.place(cell)
        yield Observation(
            kind="accuracy_not_reached",
            question=hand_in.question_of([cell]),
            message=(
                f"The output saved under {where} ends at a validation accuracy of {accuracy_text(saved[0])}; "
                f"the same code reaches {accuracy_text(max(rerun))} here. It may have been another version of the code."
            ),
            proof=f"{where}: {len(log.epochs)} epochs in both; the reference's own spread is {spread:.4f}.",
        )


def renumbered_models(hand_in: HandIn) -> Iterator[Observation]:
    """The first saved summary whose `sequential_n` counts more models than the code above it makes.

    Keras numbers the models of a session: a higher number means that cells were run repeatedly, or in another order.
    """
    for event in hand_in.saved.events:
        if not isinstance(event, LoggedSummary):
            continue
        number = _NUMBERED.fullmatch(event.name.strip())
        made = _made_before(hand_in, event.cell)
        # `sequential` is the first, `sequential_1` the second: n models stood before.
        # Where no model is seen up to the summary, not even its own, the code that makes it was not understood.
        if number is None or made is None or made < 1 or int(number[1]) <= made:
            continue
        where = hand_in.place(event.cell)
        yield Observation(
            kind="run_before",
            question=hand_in.question_at(event.cell),
            message=(
                f"{capitalised(where)} shows the model `{event.name}`: {counted(int(number[1]), 'model')} had been "
                f"made in that session before it, and the code above makes {made - 1}. "
                "Cells may have been run several times or in another order."
            ),
            proof=f"{where}, saved output: Model '{event.name}'; models made above it: {made - 1}.",
        )
        return


def _made_before(hand_in: HandIn, cell: int) -> int | None:
    """Models that run before the last one of `cell`; `None` when it cannot be known."""
    file = hand_in.cells[cell].file
    lost = losses(hand_in.cells, failures_of(hand_in.rerun.events))
    if any(loss.cell <= cell and could_give(loss, "model") for loss in lost):
        return None
    if hand_in.has_run(cell):
        built = [e for e in hand_in.rerun.events if isinstance(e, ModelBuilt) and e.cell <= cell]
        return max(len({event.model for event in built}), _written_before(hand_in, file, cell) or 0)
    return _written_before(hand_in, file, cell)


def _written_before(hand_in: HandIn, file: str, cell: int) -> int | None:
    made = 0
    for program in hand_in.programs:
        if program.file != file:
            continue
        if any(index <= cell for index in program.unread):
            return None
        for step in program.steps:
            if step.cell > cell:
                break
            count = sum(callee(call) in _MAKERS for call in step.calls)
            if count and (step.loops or step.function):
                return None
            made += count
    return made


def contradicting_counts(hand_in: HandIn) -> Iterator[Observation]:
    """Counts of right and wrong in one saved output whose share is no accuracy that the saved outputs show."""
    shown = _accuracies(hand_in.saved)
    logged = {event.cell for event in hand_in.saved.events if isinstance(event, LoggedTraining)}
    # A training that was silent may be the one whose predictions are counted.
    if not shown or any(fit.cell not in logged for fit in hand_in.fits):
        return
    for cell in hand_in.cells:
        text = "\n".join(output.text[:_MOST_TEXT] for output in cell.outputs)
        found = _counts(text)
        if found is None:
            continue
        right, wrong = found
        share = right / (right + wrong)
        if any(abs(share - value) <= _SAME_SHARE for value in shown):
            continue
        nearest = min(shown, key=lambda value: abs(value - share))
        where = hand_in.place(cell.index)
        yield Observation(
            kind="counts_contradict",
            question=hand_in.question_of([cell.index]),
            message=(
                f"{capitalised(where)} counts {right:,} right and {wrong:,} wrong, which is {accuracy_text(share)}; no "
                f"saved accuracy is that (the nearest is {accuracy_text(nearest)}). They may be of another training, "
                "or of data scaled otherwise."
            ),
            proof=f"{where}, saved output: {right} and {wrong}; saved accuracies: {listed(_texts(shown))}.",
        )


def _texts(values: list[float]) -> list[str]:
    return list(dict.fromkeys(accuracy_text(value) for value in sorted(values, reverse=True)))[:5]


def _counts(text: str) -> tuple[int, int] | None:
    """(right, wrong) where both are counted in one text, once each, and add up to a whole test or training set."""
    right, wrong = (_counted(text, words) for words in (_RIGHT, _WRONG))
    pairs = {(r, w) for r in right for w in wrong if r + w in _SIZES}
    return pairs.pop() if len(pairs) == 1 else None


def _counted(text: str, words: str) -> list[int]:
    before = re.findall(rf"{_COUNT}[^\d\n]{{0,40}}?{words}", text, re.IGNORECASE)
    after = re.findall(rf"{words}[^\d\n]{{0,40}}?{_COUNT}", text, re.IGNORECASE)
    return [int(number) for number in (*before, *after)]


def _accuracies(saved: Recording) -> list[float]:
    """Every accuracy in the saved outputs: evaluations, and the validation of each epoch."""
    found: list[float] = []
    for event in saved.events:
        if isinstance(event, LoggedScore):
            found += [v for name, v in event.metrics.items() if is_accuracy(name)]
        elif isinstance(event, LoggedTraining):
            for epoch in event.epochs:
                found += [v for name, v in epoch.metrics.items() if is_accuracy(name)]
    return [value for value in found if 0.0 <= value <= 1.0]
