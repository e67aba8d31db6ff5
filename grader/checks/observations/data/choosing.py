"""Test data that decide something: when to stop, which weights to keep, which of several settings is best."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.checks.observations.code import programs_of
from grader.checks.observations.data.use import written_fits
from grader.checks.observations.placing import question_of
from grader.checks.wording import capitalised, listed, place, places
from grader.records.match import Match, Reference
from grader.records.recording import Trained
from grader.records.result import Observation
from grader.source.calls import Fit
from grader.source.steps import callee

_WATCHES = re.compile(r"EarlyStopping|ReduceLROnPlateau|ModelCheckpoint\([^()]{0,400}save_best_only\s*=\s*True")
_TRAINING_METRIC = re.compile(r"monitor\s*=\s*['\"](?!val_)")
_PICKS = frozenset({"max", "argmax", "nanmax", "nanargmax", "idxmax", "amax"})
_RESULTS = re.compile(r"acc|val|mean|score|result|avg|medel|moy", re.IGNORECASE)
_NAMES = {
    "EarlyStopping": "early stopping",
    "ReduceLROnPlateau": "the learning rate",
    "ModelCheckpoint": "the kept weights",
}


def chosen_on_test(match: Match, reference: Reference) -> Iterator[Observation]:
    """Callbacks that watch validation metrics of the test set, and sweeps whose settings are compared on it."""
    watched: dict[int, str] = {}
    for training in match.rerun.trainings():
        if training.validation is not None and training.validation.split == "test":
            for what in _watching(training):
                watched.setdefault(training.cell, what)
    recorded = {training.cell for training in match.rerun.trainings()}
    for fit in written_fits(match):
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
        name, monitor = str(callback.get("class_name", "")), callback.get("monitor", "val_loss")
        best = name != "ModelCheckpoint" or callback.get("save_best_only") is True
        if name in _NAMES and best and str(monitor).startswith("val_"):
            yield _NAMES[name]


def _watching_in_text(fit: Fit) -> Iterator[str]:
    found = _WATCHES.search(fit.callbacks[:5_000])
    if found and not _TRAINING_METRIC.search(fit.callbacks[:5_000]):
        yield _NAMES[found.group().partition("(")[0]]


def _swept(match: Match) -> Iterator[Observation]:
    for question in match.questions:
        trainings = match.trainings(question.model)
        swept = any(criterion.kind == "sweep" for criterion in question.question.criteria)
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
