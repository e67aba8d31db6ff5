"""How data were used: trained, validated or chosen on the test set, or left unscaled."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator

from grader.code.data_flow import Array
from grader.code.program import Fit
from grader.code.syntax import callee
from grader.criteria import capitalised, listed, quantity
from grader.criteria.input_scaling import given_range, model_code, range_at_weights
from grader.criteria.training_evidence import has_test_rows, lab_trains_on_test_rows
from grader.facts.datasets import IMAGE_SETS, training_rows
from grader.facts.keras import CHECKPOINTING, CHOOSING_CALLBACKS, REDUCING, STOPPING, VALIDATION, VALIDATION_LOSS
from grader.observations.hand_in import HandIn
from grader.records import (
    DataUse,
    Evaluated,
    LoggedTraining,
    Observation,
    Predicted,
    Trained,
)

_SCALES_INSIDE = re.compile(
    r"Rescaling|Normali[sz]ation|Lambda\s*\(|rescale\s*=|preprocess_input|featurewise|Scaler|\.map\s*\("
)
"""Code that may scale pixels where no statement between loading and training does."""

_WATCHES = re.compile(rf"{STOPPING}|{REDUCING}|{CHECKPOINTING}\([^()]{{0,400}}save_best_only\s*=\s*True")
"""Callbacks that decide something by what they watch: when to stop, which weights to keep."""
_TRAINING_METRIC = re.compile(rf"monitor\s*=\s*['\"](?!{VALIDATION})")
_PICKS = frozenset({"argmax", "nanargmax", "idxmax"})
"""Functions that tell which of several settings is the best. `max` alone tells how good it is, which chooses none,
unless it is told by which key."""
_ASKS_MODEL = re.compile(r"predict|y_true|y_test|label|axis\s*=\s*-?1")
"""Calls whose largest entries are the classes of images, or of rows."""
_TELLS = frozenset({"print", "display", "format", "title", "annotate", "text", "axvline", "suptitle"})
"""Functions that report, and choose nothing."""
_RESULTS = re.compile(r"acc|val|mean|score|result|avg|medel|moy", re.IGNORECASE)


def test_validation(hand_in: HandIn) -> Iterator[Observation]:
    """Once per submission: cells that validate on the test set, in the rerun or, if it did not come, by their text."""
    trainings = hand_in.rerun.trainings()
    cells = [t.cell for t in trainings if t.validation is not None and t.validation.split == "test"]
    by_content = bool(cells)
    recorded = {training.cell for training in trainings}
    cells += [fit.cell for fit in hand_in.fits if fit.cell not in recorded and _is_test(fit)]
    apart = _set_apart(hand_in)
    cells = [cell for cell in cells if cell not in apart]
    if not cells:
        return
    where = hand_in.places(cells)
    verb = "validates" if len(where) == 1 else "validate"
    labs = hand_in.reference.recording.trainings()
    theirs = any(t.validation is not None and t.validation.split == "test" for t in labs)
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


def validation_on_training(hand_in: HandIn) -> Iterator[Observation]:
    """Cells that validate on rows that they train on: told by counting, where both cannot be apart."""
    sharing = [training for training in hand_in.rerun.trainings() if _shares_rows(training)]
    if not sharing:
        return
    cells = [training.cell for training in sharing]
    where = hand_in.places(cells)
    training = sharing[0]
    assert training.validation is not None
    verb = "validates" if len(where) == 1 else "validate"
    yield Observation(
        kind="validation_on_training",
        question=hand_in.question_of(cells),
        message=(
            f"{capitalised(listed(where))} {verb} on images that the model is trained on: the validation curves say "
            "nothing about images that it has never seen."
        ),
        proof=(
            f"{training.train.rows:,} training and {training.validation.rows:,} validation rows are of the data set's "
            f"training part, found by content, which has {training_rows(training.train.dataset):,} in all."
        ),
    )


def _shares_rows(training: Trained) -> bool:
    train, validation = training.train, training.validation
    if validation is None or training.fit.validation != "data":
        return False
    total = training_rows(train.dataset) or 0
    apart = train.dataset != validation.dataset or (train.split, validation.split) != ("train", "train")
    return not apart and max(train.rows, validation.rows) <= total < train.rows + validation.rows


def trained_on_test(hand_in: HandIn) -> Iterator[Observation]:
    """Once per submission: cells that train on images of the test set, in the rerun, where the lab's own do not."""
    cells = [training.cell for training in hand_in.rerun.trainings() if has_test_rows(training.train)]
    if not cells or lab_trains_on_test_rows(hand_in.reference):
        return
    where = hand_in.places(cells)
    verb = "trains" if len(where) == 1 else "train"
    yield Observation(
        kind="trained_on_test",
        question=hand_in.question_of(cells),
        message=(
            f"{capitalised(listed(where))} {verb} on images of the test set: what is measured on it afterwards says "
            "little about images that the model has never seen."
        ),
        proof=f"Rows of the data set's test part are among the training data of {listed(where)}, found by content.",
    )


def _set_apart(hand_in: HandIn) -> set[int]:
    """Cells that validate on some rows of the test part while other rows of it are evaluated: a split of their own."""
    found: set[int] = set()
    for program in hand_in.programs:
        evaluated = [ask for ask in program.asked if ask.method == "evaluate" and ask.array is not None]
        if evaluated and all(ask.array is not None and not ask.array.whole for ask in evaluated):
            found |= {fit.cell for fit in program.fits if fit.validation is not None and not fit.validation.whole}
    return found


def _is_test(fit: Fit) -> bool:
    return fit.validation is not None and fit.validation.part == "test" and fit.validation.role == "x"


test_validation.__test__ = False  # type: ignore[attr-defined]  # pytest would otherwise collect it


def unscaled_inputs(hand_in: HandIn) -> Iterator[Observation]:
    """Models trained on pixels from 0 to 255, and models tested on other scales than they were trained on."""
    raw = [
        training for training in hand_in.rerun.trainings() if _is_raw(training.train) and not _scales(training, hand_in)
    ]
    if raw:
        where = hand_in.places([training.cell for training in raw])
        verb = "trains" if len(where) == 1 else "train"
        yield Observation(
            kind="unscaled_input",
            question=hand_in.question_of([training.cell for training in raw]),
            message=f"{capitalised(listed(where))} {verb} on pixels from 0 to 255, not scaled.",
            proof=f"The training rows equal the data set's own, times {quantity(raw[0].train.scale)}.",
        )
    seen: set[int] = set()
    for training, use, cell in _uses(hand_in):
        if training.seq in seen or not _differently_scaled(training.train, use):
            continue
        seen.add(training.seq)
        yield Observation(
            kind="scaled_differently",
            question=hand_in.question_of([training.cell]),
            message=(
                f"The model trained in {hand_in.place(training.cell)} meets other scales later: pixels times "
                f"{quantity(training.train.scale)} in training, times {quantity(use.scale)} in {hand_in.place(cell)}."
            ),
            proof="Both were found by comparing the rows with the data set's own.",
        )


def _is_raw(use: DataUse) -> bool:
    plain = use.scale is not None and math.isclose(use.scale, 1.0, rel_tol=1e-3) and abs(use.offset or 0.0) < 1e-6
    return plain and use.dataset in IMAGE_SETS


def _scales(training: Trained, hand_in: HandIn) -> bool:
    """Whether the model scales its input itself, or may do so in ways that are not seen."""
    given = given_range(training.train)
    architecture = hand_in.rerun.architectures.get(training.architecture)
    if given is None or architecture is None:
        return True
    reached = range_at_weights(architecture, given, model_code(hand_in.match, training.cell))
    return reached.scaled or bool(reached.unknown)


def _uses(hand_in: HandIn) -> Iterator[tuple[Trained, DataUse, int]]:
    """Each training with the data on which it was validated and evaluated."""
    by_seq = {training.seq: training for training in hand_in.rerun.trainings()}
    for event in hand_in.rerun.events:
        if isinstance(event, Trained) and event.validation is not None:
            yield event, event.validation, event.cell
        elif isinstance(event, Evaluated) and event.trained in by_seq:
            yield by_seq[event.trained], event.data, event.cell


def _differently_scaled(train: DataUse, use: DataUse) -> bool:
    if train.scale is None or use.scale is None or train.dataset != use.dataset or train.dataset is None:
        return False
    return not math.isclose(train.scale, use.scale, rel_tol=0.05)


def raw_by_text(hand_in: HandIn) -> Iterator[Observation]:
    """Trainings on pixels that no statement scales, where the rerun did not come to them."""
    if _SCALES_INSIDE.search(hand_in.code_text):
        return
    recorded = {training.cell for training in hand_in.rerun.trainings()}
    fits = [fit for fit in hand_in.fits if fit.cell not in recorded]
    raw = [fit for fit in fits if _is_read_raw(fit.train) and not (fit.train and fit.train.again)]
    if not raw:
        return
    where = hand_in.places([fit.cell for fit in raw])
    verb = "trains" if len(where) == 1 else "train"
    losses = [loss for fit in raw for loss in _first_losses(hand_in, fit.cell)]
    seen = f"; the saved log begins with a loss of {quantity(losses[0])}" if losses else ""
    yield Observation(
        kind="unscaled_input",
        question=hand_in.question_of([fit.cell for fit in raw]),
        message=f"{capitalised(listed(where))} {verb} on pixels from 0 to 255, not scaled.",
        proof=f"Between `load_data` and `fit` no statement changes the values{seen}.",
    )


def _is_read_raw(array: Array | None) -> bool:
    return array is not None and array.role == "x" and not array.scaled and array.dataset in IMAGE_SETS


def _first_losses(hand_in: HandIn, cell: int) -> list[float]:
    logs = [e for e in hand_in.saved.events if isinstance(e, LoggedTraining) and e.cell == cell and e.epochs]
    return [log.epochs[0].metrics["loss"] for log in logs if "loss" in log.epochs[0].metrics]


def reloaded_data(hand_in: HandIn) -> Iterator[Observation]:
    """Data loaded anew after they were scaled, and then used unscaled to train, evaluate or predict."""
    if _SCALES_INSIDE.search(hand_in.code_text):
        return
    for program in hand_in.programs:
        uses = [(fit.order, fit.cell, "trains", fit.train) for fit in program.fits]
        uses += [
            (ask.order, ask.cell, "evaluates" if ask.method == "evaluate" else "predicts", ask.array)
            for ask in program.asked
        ]
        found = [
            (cell, verb, array)
            for _, cell, verb, array in sorted(uses, key=lambda use: use[0])
            if array is not None and array.again and _is_read_raw(array) and not _is_scaled_in_rerun(hand_in, cell)
        ]
        if found:
            cell, verb, array = found[0]
            more = f", and so do {len(found) - 1} more" if len(found) > 1 else ""
            yield Observation(
                kind="reloaded_data",
                question=hand_in.question_of([cell]),
                message=(
                    f"{capitalised(hand_in.place(array.cell))} loads the {array.part} data anew after they had been "
                    f"scaled; {hand_in.place(cell)} {verb} on pixels from 0 to 255{more}."
                ),
                proof=f"`load_data` in {hand_in.place(array.cell)}; no statement scales its result before it is used.",
            )


def _is_scaled_in_rerun(hand_in: HandIn, cell: int) -> bool:
    """Whether the rerun saw that what `cell` uses is scaled after all."""
    if not hand_in.has_run(cell):
        return False
    events = [e for e in hand_in.rerun.events if isinstance(e, Trained | Evaluated | Predicted) and e.cell == cell]
    scales = [(e.train if isinstance(e, Trained) else e.data).scale for e in events]
    return bool(events) and not any(scale is not None and math.isclose(scale, 1.0, rel_tol=1e-3) for scale in scales)


def chosen_on_test(hand_in: HandIn) -> Iterator[Observation]:
    """Callbacks that watch validation metrics of the test set, and sweeps whose settings are compared on it."""
    watched: dict[int, str] = {}
    for training in hand_in.rerun.trainings():
        if training.validation is not None and training.validation.split == "test":
            for what in _watching(training):
                watched.setdefault(training.cell, what)
    recorded = {training.cell for training in hand_in.rerun.trainings()}
    for fit in hand_in.fits:
        if fit.cell not in recorded and fit.validation is not None and fit.validation.part == "test":
            for what in _watching_in_text(fit):
                watched.setdefault(fit.cell, what)
    if watched:
        where = hand_in.places(watched)
        what = listed(list(dict.fromkeys(watched.values())))
        yield Observation(
            kind="chosen_on_test",
            question=hand_in.question_of(watched),
            message=(
                f"{capitalised(listed(where))}: the test set decides on {what}, as it is what the training is "
                "validated on. The test accuracy is then no independent one."
            ),
            proof="Callbacks of `fit` that watch a validation metric; the validation data are the test set's.",
        )
    yield from _swept(hand_in)


def _watching(training: Trained) -> Iterator[str]:
    for callback in training.fit.callbacks:
        name, monitor = str(callback.get("class_name", "")), callback.get("monitor", VALIDATION_LOSS)
        best = name != CHECKPOINTING or callback.get("save_best_only") is True
        if name in CHOOSING_CALLBACKS and best and str(monitor).startswith(VALIDATION):
            yield CHOOSING_CALLBACKS[name]


def _watching_in_text(fit: Fit) -> Iterator[str]:
    found = _WATCHES.search(fit.callbacks[:5_000])
    if found and not _TRAINING_METRIC.search(fit.callbacks[:5_000]):
        yield CHOOSING_CALLBACKS[found.group().partition("(")[0]]


def _swept(hand_in: HandIn) -> Iterator[Observation]:
    for case in hand_in.cases:
        trainings, question = case.all_trainings, case.question.question
        swept = any(criterion.counts_sweep for criterion in question.criteria)
        settings = {training.architecture for training in trainings}
        if not swept or len(settings) < 2:
            continue
        picking = _picking(hand_in, {training.cell for training in trainings})
        tested = all(t.validation is not None and t.validation.split == "test" for t in trainings)
        if tested and picking is not None:
            where = listed(hand_in.places([training.cell for training in trainings]))
            yield Observation(
                kind="chosen_on_test",
                question=question.id,
                message=(
                    f"{capitalised(where)}: {len(settings)} settings are compared by their accuracy on the test set, "
                    f"and {hand_in.place(picking)} takes the best: it may be too good."
                ),
                proof=f"Every training of {where} is validated on rows of the data set's test part.",
            )


def _picking(hand_in: HandIn, cells: set[int]) -> int | None:
    """The cell that, after the sweep and before the next training, takes the largest of its accuracies."""
    for program in hand_in.programs:
        swept = [fit.order for fit in program.fits if fit.cell in cells]
        later = [fit.order for fit in program.fits if fit.cell not in cells and fit.order > max(swept, default=0)]
        for step in program.steps[max(swept) + 1 : min(later, default=None)] if swept else ():
            reports = any(callee(call) in _TELLS for call in step.calls)
            if not reports and any(_picks(call) for call in step.calls):
                return step.cell
    return None


def _picks(call: ast.Call) -> bool:
    """Whether a call tells which setting has the best result."""
    named = callee(call) in _PICKS or (callee(call) == "max" and any(word.arg == "key" for word in call.keywords))
    text = ast.unparse(call)
    return named and _RESULTS.search(text) is not None and not _ASKS_MODEL.search(text)
