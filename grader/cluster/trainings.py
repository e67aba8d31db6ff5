"""The task of one training, done by any worker of the cluster that may train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from grader.cluster.threads import TRAININGS
from grader.options import Options
from grader.records.progress import Silence
from grader.training.pool import Array
from grader.training.spec import TrainingSpec
from grader.training.store import TrainingResult
from grader.workshop import Workshop

_OPEN: dict[Options, Workshop] = {}
"""At most one: the workshop of this process for trainings."""


def trained(
    options: Options,
    spec: TrainingSpec,
    start: Sequence[Array],
    test_dataset: str,
    rows_at_once: int,
    limit_seconds: float,
    digests: Sequence[str],
    arrays: Sequence[Array],
) -> TrainingResult:
    """The result of `spec`. `arrays` are its data, in the order of `digests`. Errors are those of the service."""
    work = TRAININGS.submit(
        _computed,
        options,
        spec,
        start,
        test_dataset,
        rows_at_once,
        limit_seconds,
        dict(zip(digests, arrays, strict=True)),
    )
    return work.result()


def device(options: Options) -> str:
    """What trainings run on here."""
    return TRAININGS.submit(lambda: _workshop(options).device).result()


def _computed(
    options: Options,
    spec: TrainingSpec,
    start: Sequence[Array],
    test_dataset: str,
    rows_at_once: int,
    limit_seconds: float,
    data: dict[str, Array],
) -> TrainingResult:
    service = _workshop(options).service
    service.limit_seconds = limit_seconds
    for array in data.values():
        service.pool.add(array)
    return service.compute(spec, start, test_dataset, lambda _: None, rows_at_once)


def _workshop(options: Options) -> Workshop:
    kept = replace(options, fresh=False)
    if kept not in _OPEN:
        for shop in _OPEN.values():
            shop.__exit__(None, None, None)
        _OPEN.clear()
        _OPEN[kept] = Workshop(kept, Silence())
    return _OPEN[kept]
