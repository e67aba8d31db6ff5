"""All observations on a submission, in a fixed order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TypeAlias

from grader.checks.observations.data.choosing import chosen_on_test
from grader.checks.observations.data.counts import contradicting_counts
from grader.checks.observations.data.raw import raw_by_text, reloaded_data
from grader.checks.observations.data.use import test_validation, trained_on_test, unscaled_inputs, validated_on_training
from grader.checks.observations.evaluations import disputed_evaluations
from grader.checks.observations.execution.failures import decreasing_counts, failed_cells, repeated_cells
from grader.checks.observations.execution.names import early_names
from grader.checks.observations.habits.paths import absolute_paths
from grader.checks.observations.habits.seeds import unseeded
from grader.checks.observations.logs.accuracies import unreached_accuracies
from grader.checks.observations.logs.epochs import stale_logs
from grader.checks.observations.logs.sessions import renumbered_models
from grader.checks.observations.models.evaluated import other_models_evaluated
from grader.checks.observations.models.labels import wrong_axis_labels
from grader.checks.observations.models.mismatches import mismatched_losses
from grader.checks.observations.models.plotted import other_histories_drawn, other_models_plotted
from grader.checks.observations.models.regularisation import undecayed_layers
from grader.checks.observations.models.written import layers_in_loop, losses_by_text
from grader.checks.observations.texts.claims import modest_claims, unfounded_numbers
from grader.checks.observations.texts.losses import losses_in_text
from grader.checks.observations.texts.times import unfounded_times
from grader.checks.observations.texts.typed import typed_results
from grader.records.match import Match, Reference
from grader.records.result import Observation

log = logging.getLogger(__name__)

Observer: TypeAlias = Callable[[Match, Reference], Iterable[Observation]]

OBSERVERS: tuple[Observer, ...] = (
    stale_logs,
    losses_in_text,
    mismatched_losses,
    losses_by_text,
    modest_claims,
    unfounded_numbers,
    unfounded_times,
    contradicting_counts,
    unreached_accuracies,
    typed_results,
    other_models_evaluated,
    other_models_plotted,
    other_histories_drawn,
    wrong_axis_labels,
    layers_in_loop,
    undecayed_layers,
    disputed_evaluations,
    unscaled_inputs,
    raw_by_text,
    reloaded_data,
    trained_on_test,
    test_validation,
    validated_on_training,
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
