"""Pixels that the text of the code leaves unscaled, and data loaded anew after they were scaled."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from grader.checks.observations.code import code_text, has_run, programs_of
from grader.checks.observations.placing import question_of
from grader.checks.wording import capitalised, listed, place, places, quantity
from grader.records.match import Match, Reference
from grader.records.recording import Evaluated, LoggedTraining, Predicted, Trained
from grader.records.result import Observation
from grader.source.arrays import Array

_PIXELS = frozenset({"mnist", "fashion_mnist", "cifar10", "cifar100"})
_SCALES_INSIDE = re.compile(
    r"Rescaling|Normali[sz]ation|Lambda\s*\(|rescale\s*=|preprocess_input|featurewise|Scaler|\.map\s*\("
)


def raw_by_text(match: Match, reference: Reference) -> Iterator[Observation]:
    """Trainings on pixels that no statement scales, where the rerun did not come to them."""
    if _SCALES_INSIDE.search(code_text(match)):
        return
    recorded = {training.cell for training in match.rerun.trainings()}
    fits = [fit for program in programs_of(match) for fit in program.fits if fit.cell not in recorded]
    raw = [fit for fit in fits if _is_raw(fit.train) and not (fit.train and fit.train.again)]
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


def _is_raw(array: Array | None) -> bool:
    return array is not None and array.role == "x" and not array.scaled and array.dataset in _PIXELS


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
            if array is not None and array.again and _is_raw(array) and not _is_scaled_in_rerun(match, cell)
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
