"""All observations on a submission, in a fixed order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TypeAlias

from grader.observations import claims, data_use, drawn_curves, execution, model_faults, model_use, saved_logs
from grader.observations.hand_in import HandIn
from grader.records import Match, Observation, Reference

log = logging.getLogger(__name__)

Observer: TypeAlias = Callable[[HandIn], Iterable[Observation]]

OBSERVERS: tuple[Observer, ...] = (
    saved_logs.stale_logs,
    claims.losses_in_text,
    model_faults.loss_mismatches,
    model_faults.losses_by_text,
    claims.modest_claims,
    claims.unfounded_numbers,
    claims.unfounded_times,
    saved_logs.contradicting_counts,
    saved_logs.unreached_accuracies,
    claims.typed_results,
    model_use.other_models_evaluated,
    model_use.other_models_plotted,
    model_use.drawings_of_other_histories,
    model_use.wrong_axis_labels,
    drawn_curves.swapped_legends,
    drawn_curves.scaled_epochs,
    model_faults.layers_in_loop,
    model_faults.undecayed_layers,
    model_use.evaluation_differences,
    data_use.unscaled_inputs,
    data_use.raw_by_text,
    data_use.reloaded_data,
    data_use.trained_on_test,
    data_use.test_validation,
    data_use.validation_on_training,
    data_use.chosen_on_test,
    execution.early_names,
    execution.failed_cells,
    saved_logs.renumbered_models,
    execution.repeated_cells,
    execution.decreasing_counts,
    execution.unseeded,
    execution.absolute_paths,
)
"""In the order in which a report tells them."""


def observe(match: Match, reference: Reference) -> tuple[Observation, ...]:
    """What stands out in `match`, each with its proof. An observer that fails is logged and left out."""
    hand_in = HandIn(match, reference)
    found: list[Observation] = []
    for observer in OBSERVERS:
        try:
            found.extend(observer(hand_in))
        except Exception:
            log.exception("The observer %s failed", getattr(observer, "__name__", observer))
    return tuple(found)
