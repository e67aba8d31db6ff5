"""What grading a mutant showed: who caught it, or that nothing did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Literal

from grader.mutation.grafting import same_doings
from grader.mutation.mutant import Mutant
from grader.mutation.trials import Trial, failures_of
from grader.records.base import Record
from grader.records.recording import Recording
from grader.records.result import Result, Status

_REACHED = frozenset({"accuracy"})
"""Criteria on what a training reached, which a glance does not tell."""

_BUILT = frozenset({"architecture", "parameters", "compiled", "trained", "sweep"})
"""Criteria on what was there before a later cell stopped."""

Standing = Literal["caught", "observed", "hole", "same", "stopped", "unsure"]


class Catch(Record):
    """A criterion that told a mutant from the solution."""

    question: str
    criterion: str
    status: Status
    lost: float
    """Points."""
    explanation: str


class Finding(Record):
    """What became of one mutant."""

    number: int
    question: str
    """Id of the question that the mistake belongs to."""
    kind: str
    says: str
    standing: Standing
    """`caught`: by a criterion. `observed`: by an observation alone. `hole`: by nothing. `same`: the change makes no
    difference. `stopped`: the changed code does not run. `unsure`: labgrade could not check it."""
    catches: tuple[Catch, ...] = ()
    """Those that cost most first."""
    observations: tuple[str, ...] = ()
    """Kinds of the observations that the solution has not."""
    error: str = ""
    """Of a mutant that stopped."""

    @property
    def lost(self) -> float:
        """Points lost in all."""
        return round(sum(catch.lost for catch in self.catches), 6)


def finding_of(mutant: Mutant, trial: Trial, own: Result, recording: Recording) -> Finding:
    """`mutant` beside the solution, whose result and recording are `own` and `recording`."""
    mutation = mutant.mutation
    catches = sorted(_catches(own, trial), key=lambda catch: -catch.lost)
    caught = tuple(catch for catch in catches if catch.status != "errored")
    failures = failures_of(trial.recording, recording)
    observations = _new_observations(own, trial.result)
    standing: Standing = "hole"
    if any(catch.criterion in _BUILT for catch in caught):
        standing = "caught"
    elif failures:
        standing = "stopped"
    elif caught:
        standing = "caught"
    elif observations:
        standing = "observed"
    elif catches:
        standing = "unsure"
    elif _is_the_same(mutant, trial, recording):
        standing = "same"
    return Finding(
        number=mutant.number,
        question=mutation.question,
        kind=mutation.kind,
        says=mutation.says,
        standing=standing,
        catches=caught,
        observations=observations,
        error=next(iter(failures.values()), "")[:200],
    )


def _is_the_same(mutant: Mutant, trial: Trial, recording: Recording) -> bool:
    """Whether nothing tells the mutant from the solution. A function may be wrong where no case looks."""
    tested = any(event.kind == "function_tested" and event.cell in mutant.cells for event in recording.events)
    return bool(mutant.cells) and not tested and same_doings(recording, trial.recording)


def _catches(own: Result, trial: Trial) -> Iterator[Catch]:
    for before, after in zip(own.questions, trial.result.questions, strict=True):
        for old, new in zip(before.verdicts, after.verdicts, strict=True):
            if trial.glanced and old.criterion in _REACHED:
                continue
            lost = old.awarded - new.awarded if old.decided else old.points if new.decided else 0.0
            worse = lost > 1e-9 or (new.status != old.status and new.status in ("review", "errored", "failed"))
            if worse:
                yield Catch(
                    question=before.id,
                    criterion=old.criterion,
                    status=new.status,
                    lost=round(lost, 6) if new.decided else 0.0,
                    explanation=new.explanation,
                )


def _new_observations(own: Result, other: Result) -> tuple[str, ...]:
    """Kinds that occur more often than in the solution."""
    before = Counter(observation.kind for observation in own.observations)
    after = Counter(observation.kind for observation in other.observations)
    return tuple(sorted(kind for kind in after if after[kind] > before[kind]))
