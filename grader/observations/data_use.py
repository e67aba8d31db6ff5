"""How data were used: validated or chosen on the test set, left unscaled, counted wrongly."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator

from grader.code.data_flow import Array
from grader.code.program import Fit
from grader.code.syntax import callee
from grader.criteria.input_scaling import given_range, range_at_weights
from grader.criteria.leakage import has_test_rows, lab_trains_on_test_rows
from grader.criteria.model_code import model_code
from grader.criteria.wording import accuracy_text, capitalised, listed, place, places, quantity
from grader.facts.datasets import IMAGE_SETS, training_rows
from grader.facts.keras import (
    CHECKPOINTING,
    CHOOSING_CALLBACKS,
    REDUCING,
    STOPPING,
    VALIDATION,
    VALIDATION_LOSS,
    is_accuracy,
)
from grader.observations.common import code_text, has_run, programs_of, question_of
from grader.records import (
    DataUse,
    Evaluated,
    LoggedScore,
    LoggedTraining,
    Match,
    Observation,
    Predicted,
    Recording,
    Reference,
    Trained,
)

# How data were used: validated on the test set, or not scaled.


def test_validation(match: Match, reference: Reference) -> Iterator[Observation]:
    """Once per submission: cells that validate on the test set, in the rerun or, if it did not come, by their text."""
    trainings = match.rerun.trainings()
    cells = [t.cell for t in trainings if t.validation is not None and t.validation.split == "test"]
    by_content = bool(cells)
    recorded = {training.cell for training in trainings}
    cells += [fit.cell for fit in fits_in_code(match) if fit.cell not in recorded and _is_test(fit)]
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


def validation_on_training(match: Match, reference: Reference) -> Iterator[Observation]:
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


def fits_in_code(match: Match) -> Iterator[Fit]:
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
    return plain and use.dataset in IMAGE_SETS


def _scales(training: Trained, match: Match) -> bool:
    """Whether the model scales its input itself, or may do so in ways that are not seen."""
    given = given_range(training.train)
    architecture = match.rerun.architectures.get(training.architecture)
    if given is None or architecture is None:
        return True
    reached = range_at_weights(architecture, given, model_code(match, training.cell))
    return reached.scaled or bool(reached.unknown)


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


# Pixels that the text of the code leaves unscaled, and data loaded anew after they were scaled.

_SCALES_INSIDE = re.compile(
    r"Rescaling|Normali[sz]ation|Lambda\s*\(|rescale\s*=|preprocess_input|featurewise|Scaler|\.map\s*\("
)


def raw_by_text(match: Match, reference: Reference) -> Iterator[Observation]:
    """Trainings on pixels that no statement scales, where the rerun did not come to them."""
    if _SCALES_INSIDE.search(code_text(match)):
        return
    recorded = {training.cell for training in match.rerun.trainings()}
    fits = [fit for program in programs_of(match) for fit in program.fits if fit.cell not in recorded]
    raw = [fit for fit in fits if _is_read_raw(fit.train) and not (fit.train and fit.train.again)]
    if not raw:
        return
    where = places(match, [fit.cell for fit in raw])
    verb = "trains" if len(where) == 1 else "train"
    losses = [loss for fit in raw for loss in _first_losses(match, fit.cell)]
    seen = f"; the saved log begins with a loss of {quantity(losses[0])}" if losses else ""
    yield Observation(
        kind="unscaled_input",
        question=question_of(match, [fit.cell for fit in raw]),
        message=f"{capitalised(listed(where))} {verb} on pixels from 0 to 255, not scaled.",
        proof=f"Between `load_data` and `fit` no statement changes the values{seen}.",
    )


def _is_read_raw(array: Array | None) -> bool:
    return array is not None and array.role == "x" and not array.scaled and array.dataset in IMAGE_SETS


def _first_losses(match: Match, cell: int) -> list[float]:
    logs = [e for e in match.saved.events if isinstance(e, LoggedTraining) and e.cell == cell and e.epochs]
    return [log.epochs[0].metrics["loss"] for log in logs if "loss" in log.epochs[0].metrics]


def reloaded_data(match: Match, reference: Reference) -> Iterator[Observation]:
    """Data loaded anew after they were scaled, and then used unscaled to train, evaluate or predict."""
    if _SCALES_INSIDE.search(code_text(match)):
        return
    for program in programs_of(match):
        uses = [(fit.order, fit.cell, "trains", fit.train) for fit in program.fits]
        uses += [
            (ask.order, ask.cell, "evaluates" if ask.method == "evaluate" else "predicts", ask.array)
            for ask in program.asked
        ]
        found = [
            (cell, verb, array)
            for _, cell, verb, array in sorted(uses, key=lambda use: use[0])
            if array is not None and array.again and _is_read_raw(array) and not _is_scaled_in_rerun(match, cell)
        ]
        if found:
            cell, verb, array = found[0]
            more = f", and so do {len(found) - 1} more" if len(found) > 1 else ""
            yield Observation(
                kind="reloaded_data",
                question=question_of(match, [cell]),
                message=(
                    f"{capitalised(place(match, array.cell))} loads the {array.part} data anew after they had been "
                    f"scaled; {place(match, cell)} {verb} on pixels from 0 to 255{more}."
                ),
                proof=f"`load_data` in {place(match, array.cell)}; no statement scales its result before it is used.",
            )


def _is_scaled_in_rerun(match: Match, cell: int) -> bool:
    """Whether the rerun saw that what `cell` uses is scaled after all."""
    if not has_run(match, cell):
        return False
    events = [e for e in match.rerun.events if isinstance(e, Trained | Evaluated | Predicted) and e.cell == cell]
    scales = [(e.train if isinstance(e, Trained) else e.data).scale for e in events]
    return bool(events) and not any(scale is not None and math.isclose(scale, 1.0, rel_tol=1e-3) for scale in scales)


# Test data that decide something: when to stop, which weights to keep, which of several settings is best.

_WATCHES = re.compile(rf"{STOPPING}|{REDUCING}|{CHECKPOINTING}\([^()]{{0,400}}save_best_only\s*=\s*True")
_TRAINING_METRIC = re.compile(rf"monitor\s*=\s*['\"](?!{VALIDATION})")
_PICKS = frozenset({"max", "argmax", "nanmax", "nanargmax", "idxmax", "amax"})
_RESULTS = re.compile(r"acc|val|mean|score|result|avg|medel|moy", re.IGNORECASE)


def chosen_on_test(match: Match, reference: Reference) -> Iterator[Observation]:
    """Callbacks that watch validation metrics of the test set, and sweeps whose settings are compared on it."""
    watched: dict[int, str] = {}
    for training in match.rerun.trainings():
        if training.validation is not None and training.validation.split == "test":
            for what in _watching(training):
                watched.setdefault(training.cell, what)
    recorded = {training.cell for training in match.rerun.trainings()}
    for fit in fits_in_code(match):
        if fit.cell not in recorded and fit.validation is not None and fit.validation.part == "test":
            for what in _watching_in_text(fit):
                watched.setdefault(fit.cell, what)
    if watched:
        where = places(match, watched)
        what = listed(list(dict.fromkeys(watched.values())))
        yield Observation(
            kind="chosen_on_test",
            question=question_of(match, watched),
            message=(
                f"{capitalised(listed(where))}: the test set decides on {what}, as it is what the training is "
                "validated on. The test accuracy is then no independent one."
            ),
            proof="Callbacks of `fit` that watch a validation metric; the validation data are the test set's.",
        )
    yield from _swept(match)


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


def _swept(match: Match) -> Iterator[Observation]:
    for question in match.questions:
        trainings = match.trainings(question.model)
        swept = any(criterion.counts_sweep for criterion in question.question.criteria)
        settings = {training.architecture for training in trainings}
        if not swept or len(settings) < 2:
            continue
        picking = _picking(match, {training.cell for training in trainings})
        tested = all(t.validation is not None and t.validation.split == "test" for t in trainings)
        if tested and picking is not None:
            where = listed(places(match, [training.cell for training in trainings]))
            yield Observation(
                kind="chosen_on_test",
                question=question.question.id,
                message=(
                    f"{capitalised(where)}: {len(settings)} settings are compared by their accuracy on the test set, "
                    f"and {place(match, picking)} takes the best: it may be too good."
                ),
                proof=f"Every training of {where} is validated on rows of the data set's test part.",
            )


def _picking(match: Match, cells: set[int]) -> int | None:
    """The cell that, after the sweep and before the next training, takes the largest of its accuracies."""
    for program in programs_of(match):
        swept = [fit.order for fit in program.fits if fit.cell in cells]
        later = [fit.order for fit in program.fits if fit.cell not in cells and fit.order > max(swept, default=0)]
        for step in program.steps[max(swept) + 1 : min(later, default=None)] if swept else ():
            if any(callee(call) in _PICKS and _RESULTS.search(ast.unparse(call)) for call in step.calls):
                return step.cell
    return None


# Printed counts of right and wrong predictions that contradict every accuracy that was printed.

_NUMBER = r"(?<![\d.,])(\d{1,6})(?![\d.,]\d)"
_RIGHT = r"(?:(?<!in)(?<!not )correct(?:ly)?|\bright\b|\brätt|\bricht\w{0,4}|\bjuste?s?\b)"
_WRONG = r"(?:incorrect(?:ly)?|wrong(?:ly)?|not correct|misclassified|mistakes?|errors?|\bfel\b|\bfalsch\w{0,2})"
_SIZES = frozenset({10_000, 60_000, 50_000, 12_000, 48_000})
"""Rows of the data sets' usual parts: only counts that add up to one of them are counts of predictions."""
_ENOUGH = 0.0006
_MOST_TEXT = 20_000


def contradicting_counts(match: Match, reference: Reference) -> Iterator[Observation]:
    """Counts of right and wrong in one saved output whose share is no accuracy that the saved outputs show."""
    shown = _accuracies(match.saved)
    logged = {event.cell for event in match.saved.events if isinstance(event, LoggedTraining)}
    # A training that was silent may be the one whose predictions are counted.
    if not shown or any(fit.cell not in logged for program in programs_of(match) for fit in program.fits):
        return
    for cell in match.submission.cells:
        text = "\n".join(output.text[:_MOST_TEXT] for output in cell.outputs)
        found = _counts(text)
        if found is None:
            continue
        right, wrong = found
        share = right / (right + wrong)
        if any(abs(share - value) <= _ENOUGH for value in shown):
            continue
        nearest = min(shown, key=lambda value: abs(value - share))
        where = place(match, cell.index)
        yield Observation(
            kind="counts_contradict",
            question=question_of(match, [cell.index]),
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
    before = re.findall(rf"{_NUMBER}[^\d\n]{{0,40}}?{words}", text, re.IGNORECASE)
    after = re.findall(rf"{words}[^\d\n]{{0,40}}?{_NUMBER}", text, re.IGNORECASE)
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
