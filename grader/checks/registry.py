"""Which function checks which kind of criterion."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, TypeAlias

from grader.checks.function import check_function
from grader.checks.models.accuracy import check_accuracy
from grader.checks.models.architecture import check_architecture, check_parameters
from grader.checks.models.compiling import check_compiled
from grader.checks.models.keeping import check_saved_model, check_summary_shown
from grader.checks.models.scaled import check_scaled
from grader.checks.models.training import check_trained
from grader.checks.outputs.confusion_matrix import check_confusion_matrix
from grader.checks.outputs.evaluated import check_evaluated
from grader.checks.outputs.prediction import check_prediction
from grader.checks.outputs.right_and_wrong import check_right_and_wrong
from grader.checks.outputs.single_image import check_single_image
from grader.checks.plots.comparison_plot import check_comparison_plot
from grader.checks.plots.error_bar_plot import check_error_bar_plot
from grader.checks.plots.histogram import check_histogram
from grader.checks.plots.history_plot import check_history_plot
from grader.checks.plots.image_grid import check_image_grid
from grader.checks.plots.sweep import check_sweep
from grader.checks.texts.console_log import check_console_log
from grader.checks.texts.generalisation_gap import check_generalisation_gap
from grader.checks.texts.states_number import check_states_number
from grader.checks.texts.written import check_written
from grader.errors import UserError
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.result import Verdict

# The criterion is of the one class that each function names: the registry's key vouches for it.
Check: TypeAlias = Callable[[Any, QuestionMatch, Match, Reference], Verdict]

CHECKS: MappingProxyType[str, Check] = MappingProxyType(
    {
        "architecture": check_architecture,
        "parameters": check_parameters,
        "compiled": check_compiled,
        "trained": check_trained,
        "accuracy": check_accuracy,
        "console_log": check_console_log,
        "history_plot": check_history_plot,
        "sweep": check_sweep,
        "error_bar_plot": check_error_bar_plot,
        "comparison_plot": check_comparison_plot,
        "image_grid": check_image_grid,
        "histogram": check_histogram,
        "confusion_matrix": check_confusion_matrix,
        "evaluated": check_evaluated,
        "prediction": check_prediction,
        "right_and_wrong": check_right_and_wrong,
        "saved_model": check_saved_model,
        "summary_shown": check_summary_shown,
        "scaled": check_scaled,
        "generalisation_gap": check_generalisation_gap,
        "single_image": check_single_image,
        "states_number": check_states_number,
        "written": check_written,
        "function": check_function,
    }
)


def check_of(kind: str) -> Check:
    """The function that checks criteria of `kind`; `UserError` naming the nearest kind when there is none."""
    if kind not in CHECKS:
        near = get_close_matches(kind, CHECKS, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else f" Known: {', '.join(CHECKS)}."
        raise UserError(f"unknown criterion '{kind}'.{hint}")
    return CHECKS[kind]


def title_of(kind: str) -> str:
    """How reports call criteria of `kind`: the first line of the check's docstring."""
    return (inspect.getdoc(check_of(kind)) or kind).splitlines()[0].rstrip(".")
