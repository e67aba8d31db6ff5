"""All observations on a submission, in a fixed order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from grader.criteria.wording import accuracy_text, capitalised, place
from grader.observations.claims import losses_in_text, modest_claims, typed_results, unfounded_numbers, unfounded_times
from grader.observations.common import question_of
from grader.observations.data_use import (
    chosen_on_test,
    contradicting_counts,
    raw_by_text,
    reloaded_data,
    test_validation,
    trained_on_test,
    unscaled_inputs,
    validation_on_training,
)
from grader.observations.execution import decreasing_counts, early_names, failed_cells, repeated_cells
from grader.observations.habits import absolute_paths, unseeded
from grader.observations.model_faults import layers_in_loop, loss_mismatches, losses_by_text, undecayed_layers
from grader.observations.model_use import (
    drawings_of_other_histories,
    other_models_evaluated,
    other_models_plotted,
    wrong_axis_labels,
)
from grader.observations.saved_logs import renumbered_models, stale_logs, unreached_accuracies
from grader.records import Evaluated, Match, Observation, Reference

# Evaluations that say one thing, where labgrade finds another with the same weights on the same rows.


def evaluation_differences(match: Match, reference: Reference) -> Iterator[Observation]:
    """What `evaluate` returned in the rerun, held against labgrade's own evaluation of the same weights."""
    told: set[int] = set()
    for event in match.rerun.events:
        if not isinstance(event, Evaluated) or not event.disputed or event.cell in told:
            continue
        told.add(event.cell)
        assert event.measured is not None
        assert event.claimed_accuracy is not None
        where = place(match, event.cell)
        rows = f"{event.measured.rows:,} of these rows" if event.measured.rows != event.data.rows else "the same rows"
        by_own = event.claimed_accuracy in event.own_values.values()
        why = "It is a metric of the group's own." if by_own else "The code may have changed what `evaluate` returns."
        yield Observation(
            kind="evaluation_differs",
            question=question_of(match, [event.cell]),
            message=(
                f"{capitalised(where)} reports an accuracy of {accuracy_text(event.claimed_accuracy)} from `evaluate`; "
                f"labgrade finds {accuracy_text(event.measured.accuracy)} with the same weights. {why}"
            ),
            proof=f"{where}: labgrade's own evaluation of the weights, on {rows}.",
        )


# All observations on a submission, in a fixed order.

log = logging.getLogger(__name__)

Observer: TypeAlias = Callable[[Match, Reference], Iterable[Observation]]

OBSERVERS: tuple[Observer, ...] = (
    stale_logs,
    losses_in_text,
    loss_mismatches,
    losses_by_text,
    modest_claims,
    unfounded_numbers,
    unfounded_times,
    contradicting_counts,
    unreached_accuracies,
    typed_results,
    other_models_evaluated,
    other_models_plotted,
    drawings_of_other_histories,
    wrong_axis_labels,
    layers_in_loop,
    undecayed_layers,
    evaluation_differences,
    unscaled_inputs,
    raw_by_text,
    reloaded_data,
    trained_on_test,
    test_validation,
    validation_on_training,
    chosen_on_test,
    early_names,
    failed_cells,
    renumbered_models,
    repeated_cells,
    decreasing_counts,
    unseeded,
    absolute_paths,
)


def observe(match: Match, reference: Reference) -> tuple[Observation, ...]:
    """What stands out in `match`, each with its proof. An observer that fails is logged and left out."""
    found: list[Observation] = []
    for observer in OBSERVERS:
        try:
            found.extend(observer(match, reference))
        except Exception:
            log.exception("The observer %s failed", getattr(observer, "__name__", observer))
    return tuple(found)
