"""How data were used: validated on the test set, or not scaled."""

from __future__ import annotations

import math
from collections.abc import Iterator

from grader.checks.models.taught import has_test_rows, lab_trains_on_test_rows
from grader.checks.observations.code import programs_of
from grader.checks.observations.placing import question_of
from grader.checks.wording import capitalised, listed, place, places, quantity
from grader.records.match import Match, Reference
from grader.records.models import DataUse
from grader.records.recording import Evaluated, Trained
from grader.records.result import Observation
from grader.source.calls import Fit

_OF_BYTES = frozenset({"mnist", "fashion_mnist", "cifar10", "cifar100"})
"""Data sets whose pixels go from 0 to 255."""
TRAINING_ROWS = {"mnist": 60_000, "fashion_mnist": 60_000, "cifar10": 50_000, "cifar100": 50_000}
"""Training rows of the complete data sets."""
_SCALING_LAYERS = frozenset({"Rescaling", "Normalization", "BatchNormalization", "LayerNormalization", "Lambda"})


def test_validation(match: Match, reference: Reference) -> Iterator[Observation]:
    """Once per submission: cells that validate on the test set, in the rerun or, if it did not come, by their text."""
    trainings = match.rerun.trainings()
    cells = [t.cell for t in trainings if t.validation is not None and t.validation.split == "test"]
    by_content = bool(cells)
    recorded = {training.cell for training in trainings}
    cells += [fit.cell for fit in written_fits(match) if fit.cell not in recorded and _is_test(fit)]
    apart = _set_apart(match)
    cells = [cell for cell in cells if cell not in apart]
    if not cells:
        return
    where = places(match, cells)
    verb = "validates" if len(where) == 1 else "validate"
    theirs = any(t.validation is not None and t.validation.split == "test" for t in reference.recording.trainings())
    common = " So does the reference solution of this lab." if theirs else ""
    how = "found by content" if by_content else "by the names in the code"
    yield Observation(
        kind="validation_on_test",
        question=None,
        message=(
            f"{capitalised(listed(where))} {verb} on the test set: the validation curves are the "
            f"test set's, and what is chosen by them is not tested independently.{common}"
        ),
        proof=f"The validation data of {listed(where)} are rows of the data set's test part, {how}.",
    )


def validated_on_training(match: Match, reference: Reference) -> Iterator[Observation]:
    """Cells that validate on rows that they train on: told by counting, where both cannot be apart."""
    sharing = [training for training in match.rerun.trainings() if _shares_rows(training)]
    if not sharing:
        return
    cells = [training.cell for training in sharing]
    where = places(match, cells)
    training = sharing[0]
    assert training.validation is not None
    verb = "validates" if len(where) == 1 else "validate"
    yield Observation(
        kind="validation_on_training",
        question=question_of(match, cells),
        message=(
            f"{capitalised(listed(where))} {verb} on images that the model is trained on: the validation curves say "
            "nothing about images that it has never seen."
        ),
        proof=(
            f"{training.train.rows:,} training and {training.validation.rows:,} validation rows are of the data set's "
            f"training part, found by content, which has {TRAINING_ROWS[training.train.dataset or '']:,} in all."
        ),
    )


def _shares_rows(training: Trained) -> bool:
    train, validation = training.train, training.validation
    if validation is None or training.fit.validation != "data":
        return False
    total = TRAINING_ROWS.get(train.dataset or "", 0)
    apart = train.dataset != validation.dataset or (train.split, validation.split) != ("train", "train")
    return not apart and max(train.rows, validation.rows) <= total < train.rows + validation.rows


def trained_on_test(match: Match, reference: Reference) -> Iterator[Observation]:
    """Once per submission: cells that train on images of the test set, in the rerun, where the lab's own do not."""
    cells = [training.cell for training in match.rerun.trainings() if has_test_rows(training.train)]
    if not cells or lab_trains_on_test_rows(reference):
        return
    where = places(match, cells)
    verb = "trains" if len(where) == 1 else "train"
    yield Observation(
        kind="trained_on_test",
        question=question_of(match, cells),
        message=(
            f"{capitalised(listed(where))} {verb} on images of the test set: what is measured on it afterwards says "
            "little about images that the model has never seen."
        ),
        proof=f"Rows of the data set's test part are among the training data of {listed(where)}, found by content.",
    )


def written_fits(match: Match) -> Iterator[Fit]:
    """The trainings that stand in the text of the code."""
    for program in programs_of(match):
        yield from program.fits


def _set_apart(match: Match) -> set[int]:
    """Cells that validate on some rows of the test part while other rows of it are evaluated: a split of their own."""
    found: set[int] = set()
    for program in programs_of(match):
        evaluated = [ask for ask in program.asked if ask.method == "evaluate" and ask.array is not None]
        if evaluated and all(ask.array is not None and not ask.array.whole for ask in evaluated):
            found |= {fit.cell for fit in program.fits if fit.validation is not None and not fit.validation.whole}
    return found


def _is_test(fit: Fit) -> bool:
    return fit.validation is not None and fit.validation.part == "test" and fit.validation.role == "x"


test_validation.__test__ = False  # type: ignore[attr-defined]  # pytest would otherwise collect it


def unscaled_inputs(match: Match, reference: Reference) -> Iterator[Observation]:
    """Models trained on pixels from 0 to 255, and models tested on other scales than they were trained on."""
    raw = [training for training in match.rerun.trainings() if _is_raw(training.train) and not _scales(training, match)]
    if raw:
        where = places(match, [training.cell for training in raw])
        verb = "trains" if len(where) == 1 else "train"
        yield Observation(
            kind="unscaled_input",
            question=question_of(match, [training.cell for training in raw]),
            message=f"{capitalised(listed(where))} {verb} on pixels from 0 to 255, not scaled.",
            proof=f"The training rows equal the data set's own, times {quantity(raw[0].train.scale)}.",
        )
    seen: set[int] = set()
    for training, use, cell in _uses(match):
        if training.seq in seen or not _differently_scaled(training.train, use):
            continue
        seen.add(training.seq)
        yield Observation(
            kind="scaled_differently",
            question=question_of(match, [training.cell]),
            message=(
                f"The model trained in {place(match, training.cell)} meets other scales later: pixels times "
                f"{quantity(training.train.scale)} in training, times {quantity(use.scale)} in {place(match, cell)}."
            ),
            proof="Both were found by comparing the rows with the data set's own.",
        )


def _is_raw(use: DataUse) -> bool:
    plain = use.scale is not None and math.isclose(use.scale, 1.0, rel_tol=1e-3) and abs(use.offset or 0.0) < 1e-6
    return plain and use.dataset in _OF_BYTES


def _scales(training: Trained, match: Match) -> bool:
    """Whether the model scales its input itself, or may do so in ways that are not seen."""
    architecture = match.rerun.architectures.get(training.architecture)
    if architecture is None or architecture.kind == "subclassed":
        return True
    return any(layer.class_name in _SCALING_LAYERS for layer in architecture.layers[:4])


def _uses(match: Match) -> Iterator[tuple[Trained, DataUse, int]]:
    """Each training with the data on which it was validated and evaluated."""
    by_seq = {training.seq: training for training in match.rerun.trainings()}
    for event in match.rerun.events:
        if isinstance(event, Trained) and event.validation is not None:
            yield event, event.validation, event.cell
        elif isinstance(event, Evaluated) and event.trained in by_seq:
            yield by_seq[event.trained], event.data, event.cell


def _differently_scaled(train: DataUse, use: DataUse) -> bool:
    if train.scale is None or use.scale is None or train.dataset != use.dataset or train.dataset is None:
        return False
    return not math.isclose(train.scale, use.scale, rel_tol=0.05)
