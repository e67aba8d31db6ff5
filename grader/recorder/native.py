"""A training that ran inside the sandbox: the sandbox's word, marked as such."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from grader.recorder.events import EventLog, ForgedError, is_number
from grader.recorder.trainings import fit_arguments
from grader.records.models import DataUse, History
from grader.records.recording import Trained

_MAX_EPOCHS = 5_000


def native_training(
    header: Mapping[str, Any],
    model: str,
    architecture: str,
    log: EventLog,
    train: DataUse | None,
    validation: DataUse | None,
) -> Trained:
    """The training that `header` reports. Raises `ForgedError` where it is malformed."""
    sizes = header.get("train")
    unknown = DataUse(split="unknown", rows=0, used_rows=0, shape=())
    train = train or unknown
    if isinstance(sizes, dict) and _is_count(sizes.get("used")) and _is_count(sizes.get("rows")):
        train = train.model_copy(update={"rows": sizes["rows"], "used_rows": sizes["used"]})
    try:
        return Trained(
            seq=log.next_seq,
            cell=log.cell,
            model=model,
            name=str(header["description"].get("name"))[:100],
            architecture=architecture,
            compile=log.compiled(header),
            fit=fit_arguments(header.get("fit")),
            history=_history(header),
            train=train,
            validation=validation,
            native=str(header.get("why"))[:300],
        )
    except (ValidationError, TypeError, ValueError) as error:
        raise ForgedError("a malformed native training") from error


def _history(header: Mapping[str, Any]) -> History:
    raw, seconds = header.get("history"), header.get("seconds")
    if not isinstance(raw, dict) or not isinstance(seconds, list):
        raise ForgedError("a native training without history")
    metrics = {
        str(name)[:80]: tuple(float(value) for value in values[:_MAX_EPOCHS])
        for name, values in list(raw.items())[:40]
        if isinstance(values, list) and all(is_number(value) for value in values[:_MAX_EPOCHS])
    }
    if not all(is_number(value) for value in seconds[:_MAX_EPOCHS]):
        raise ForgedError("a native training whose epochs took no time")
    return History(metrics=metrics, epoch_seconds=tuple(float(value) for value in seconds[:_MAX_EPOCHS]))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40
