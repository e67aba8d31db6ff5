"""All observations on a submission, in a fixed order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TypeAlias

from grader.checks.observations.claims import modest_claims, unfounded_numbers
from grader.checks.observations.data import test_validation, unscaled_inputs
from grader.checks.observations.execution import decreasing_counts, failed_cells, repeated_cells
from grader.checks.observations.figures import other_models_plotted
from grader.checks.observations.losses import losses_in_text
from grader.checks.observations.regularisation import undecayed_layers
from grader.checks.observations.stale_logs import stale_logs
from grader.checks.observations.unreached import unreached_accuracies
from grader.records.match import Match, Reference
from grader.records.result import Observation

log = logging.getLogger(__name__)

Observer: TypeAlias = Callable[[Match, Reference], Iterable[Observation]]

OBSERVERS: tuple[Observer, ...] = (
    stale_logs,
    losses_in_text,
    modest_claims,
    unfounded_numbers,
    unreached_accuracies,
    other_models_plotted,
    undecayed_layers,
    unscaled_inputs,
    test_validation,
    failed_cells,
    repeated_cells,
    decreasing_counts,
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
