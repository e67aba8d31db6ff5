"""`Criterion`: what the file of a criterion subclasses, and the verdicts that it makes."""

from __future__ import annotations

import inspect
import math
from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Self

from pydantic import JsonValue

from grader.criteria.case import Case
from grader.criteria.sentences import PERSON_DECIDES, explanation, listed, quantity, shared
from grader.records import BaseCriterion, Event, Reason, Recording, Status, Verdict


@dataclass(frozen=True)
class Seen:
    """What a lab's solution does under one question: what `labgrade rubric new` proposes criteria by."""

    recording: Recording
    cells: Collection[int]
    """Indices of the question's cells."""
    model: str | None
    """Name of the model that most of it is about; `None` where it is about none that was trained."""
    answer: str = ""
    """The prose of the question."""
    events: tuple[Event, ...] = field(init=False, default=())
    """What happened in `cells`, in order."""

    def __post_init__(self) -> None:
        """Looks the question's events up once."""
        found = tuple(event for event in self.recording.events if event.cell in self.cells)
        object.__setattr__(self, "events", found)

    @property
    def of_model(self) -> tuple[Event, ...]:
        """Those of `events` that are about the question's model; none where it is about none."""
        if self.model is None:
            return ()
        named = [event for event in self.recording.events if getattr(event, "name", None) == self.model]
        identities = {getattr(event, "model", None) for event in named} - {None}
        return tuple(event for event in self.events if getattr(event, "model", None) in identities)

    def happens(self, kind: str) -> bool:
        """Whether an event of `kind`, such as `built`, is about the question's model."""
        return any(event.kind == kind for event in self.of_model)


class Criterion(BaseCriterion):
    """Something that is judged on its own, for points.

    The first sentence of a subclass's docstring says what is wanted: the answer key prints it. Its fields are the
    options that a rubric may set, its class variables answer what other rooms ask (`records/rubric.py`).
    """

    sentences: ClassVar[Mapping[str, str]] = {}
    """Code without the kind -> template (`criteria/sentences.py`): everything that it says of a hand-in."""

    lab: ClassVar[str] = ""
    """Folder of the lab whose `checks.py` holds the class; empty for all others."""

    def __reduce__(self) -> str | tuple[object, ...]:
        """Of a lab's own class, which another process has to load first: by folder and options."""
        if not self.lab:
            return super().__reduce_ex__(2)
        return _restore, (self.lab, self.model_dump(mode="json", exclude_unset=True) | {"kind": self.kind})

    @abstractmethod
    def judge(self, case: Case) -> Verdict:
        """The verdict on what the rerun shows: the same for the same case, whatever a hand-in holds."""

    def judge_saved(self, case: Case) -> Verdict | None:
        """The verdict of the saved outputs alone, where the code was not run; `None` where they decide nothing.

        Saved outputs are the group's word. A saved score can reach what was asked for, but never fall short of it:
        that is for a person.
        """
        return None

    @classmethod
    def propose(cls, seen: Seen) -> Iterator[Self]:
        """Criteria of this class, for one point each, that a question whose solution does this may ask for."""
        yield from ()

    def wanted(self) -> str:
        """What it asks for, for the answer key: the first sentence of its docstring, and the options that are set."""
        about = inspect.cleandoc(type(self).__doc__ or "").split("\n")[0]
        options = [
            _option(name, getattr(self, name))
            for name in type(self).model_fields
            if name in self.model_fields_set and name not in ("kind", "points")
        ]
        return f"{about} Asked for: {'; '.join(options)}." if options else about

    def because(self, name: str, **values: JsonValue) -> Reason:
        """A reason of this criterion: `name` is one of its `sentences`, `values` are those of its fields."""
        return Reason(code=f"{self.kind}.{name}", values=values)

    def graded(
        self,
        share: float,
        *reasons: Reason,
        observed: JsonValue = None,
        expected: JsonValue = None,
        evidence: tuple[str, ...] = (),
    ) -> Verdict:
        """A decided verdict: passed, partial or failed by `share` (0 to 1) of the points."""
        share = share if math.isfinite(share) else 0.0
        awarded = rounded_points(self.points, share)
        status: Status = "passed" if share >= 1.0 - 1e-9 else ("partial" if share > 0.0 else "failed")
        if status == "partial" and awarded == 0.0 and self.points > 0.0:
            status = "failed"
        return self._verdict(status, awarded, reasons, observed, expected, evidence)

    def review(
        self,
        *reasons: Reason,
        observed: JsonValue = None,
        expected: JsonValue = None,
        evidence: tuple[str, ...] = (),
        closing: bool = True,
    ) -> Verdict:
        """A person decides, which the explanation says at its end unless `closing` is false."""
        said = (*reasons, PERSON_DECIDES) if closing and PERSON_DECIDES not in reasons else reasons
        return self._verdict("review", 0.0, said, observed, expected, evidence)

    def errored(self, *reasons: Reason, evidence: tuple[str, ...] = ()) -> Verdict:
        """A limit was hit or labgrade failed: it costs nobody points and goes to the teacher."""
        return self._verdict("errored", 0.0, reasons, None, None, evidence)

    def missing(self, case: Case, what: str, *saved: Reason) -> Verdict:
        """The verdict when `what` (such as `trained model`) is not there.

        A limit or labgrade's fault is `errored`; where the saved outputs still show something (`saved`) a person
        decides; otherwise what was asked for is not there, which is `failed`.
        """
        hindered = case.hindrance
        evidence = case.places(hindered.cells if hindered else case.cells)
        why = hindered.reasons if hindered else ()
        if hindered is not None and hindered.limit:
            return self.errored(*why, *saved, evidence=evidence)
        if saved:
            return self.review(*(why or (shared("not_repeated"),)), *saved, evidence=evidence)
        return self.graded(0.0, *why, shared("not_found", what=what), evidence=evidence)

    def _verdict(
        self,
        status: Status,
        awarded: float,
        reasons: Sequence[Reason],
        observed: JsonValue,
        expected: JsonValue,
        evidence: tuple[str, ...],
    ) -> Verdict:
        return Verdict(
            criterion=self.kind,
            title=self.title,
            status=status,
            points=self.points,
            awarded=awarded,
            observed=observed,
            expected=expected,
            reasons=tuple(reasons),
            explanation=explanation(reasons, self.kind, self.sentences),
            evidence=evidence,
        )


class AboutAModel(Criterion):
    """A criterion that may be about another model than its question's."""

    model: str | None = None
    """Name of a reference model, or `any` for whichever serves the group best; default: the question's."""

    @property
    def named_models(self) -> tuple[str, ...]:
        """The model that it is about, where it names one."""
        return (self.model,) if self.model is not None else ()


def _restore(lab: str, options: dict[str, JsonValue]) -> Criterion:
    """A criterion of a lab's own `checks.py`, in another process than the one that read the rubric."""
    from grader.criteria.registry import criterion_of

    return criterion_of(options, Path(lab))


def rounded_points(points: float, share: float) -> float:
    """Points for `share` (0 to 1) of `points`. Full marks only for the whole share.

    Partial credit is rounded to a quarter of a point, or to a twentieth where a criterion is worth less than one
    point: what a teacher would write on paper.
    """
    if not math.isfinite(share) or share <= 0.0 or points <= 0.0:
        return 0.0
    if share >= 1.0 - 1e-9:
        return points
    step = 0.25 if points >= 1.0 else 0.05
    steps = math.floor(points * share / step + 0.5)
    most = math.ceil(points / step - 1e-9) - 1
    return round(max(0, min(steps, most)) * step, 2)


def _option(name: str, value: object) -> str:
    words = name.replace("_", " ")
    if isinstance(value, bool):
        return words if value else f"not {words}"
    return f"{words} {_value(value)}"


def _value(value: object) -> str:
    if isinstance(value, float):
        return quantity(value)
    if isinstance(value, tuple | list):
        if any(isinstance(part, tuple | list) for part in value):
            return ", and ".join(" or ".join(map(str, part)) for part in value)
        return listed([_value(part) for part in value])
    return str(value)
