"""The criterion `parameters`: the number of parameters of a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal, Self

from pydantic import PositiveInt

from grader.criteria import Case, Criterion, Seen
from grader.records import LoggedSummary, Mistake, Reason, Subject, Verdict


class ParametersCriterion(Criterion):
    """The number of parameters."""

    title: ClassVar[str] = "Parameters"
    about: ClassVar[Subject] = "model"
    step: ClassVar[int] = 2
    beside_layers: ClassVar[bool] = True
    before_training_ends: ClassVar[bool] = True
    mistakes: ClassVar[frozenset[Mistake]] = frozenset({"layers"})
    sentences: ClassVar[Mapping[str, str]] = {
        "same": "{parameters:count parameter}, as in the reference.",
        "other": "{parameters:count parameter}; the reference has {wanted}.",
        "as_asked": "{parameters:count parameter}, as asked for.",
        "other_than_asked": "{parameters:count parameter}; {wanted} were asked for.",
        "none_yet": "The model met no data and no input shape, so it has no parameters yet; {wanted} were asked for.",
        "saved_summary": (
            "The summary saved under {place} shows {layers:count layer} and {parameters:count parameter}."
        ),
        "saved_same": "The summary saved under {place} shows {parameters:count parameter}, as the reference has.",
        "saved_other": (
            "The summary saved under {place} shows {parameters:count parameter}; the reference has {wanted}."
        ),
    }

    kind: Literal["parameters"] = "parameters"
    equals: PositiveInt | None = None
    """Default: the reference's."""

    def judge(self, case: Case) -> Verdict:
        """All or nothing: the model's own count, as Keras gives it, is the wanted number or is not."""
        wanted = self.equals or case.reference_model.architecture.parameters
        if case.architecture is None:
            return self.missing(case, "model", *self._saved_summary(case))
        if wanted is None:
            raise LookupError(f"question {case.question.question.id}: the reference model was never built")
        evidence = case.places(case.model.cells if case.model else ())
        ours = case.architecture.parameters
        if ours is None:
            return self.graded(0.0, self.because("none_yet", wanted=wanted), expected=wanted, evidence=evidence)
        return self.graded(
            float(ours == wanted), self._counted(ours, wanted), observed=ours, expected=wanted, evidence=evidence
        )

    def judge_saved(self, case: Case) -> Verdict | None:
        """A printed summary gives the count; where several summaries disagree, none of them decides."""
        wanted = self.equals or case.reference_model.architecture.parameters
        shown = _with_counts(case)
        if wanted is None or not shown:
            return None
        same = next((summary for summary in shown if summary.parameters == wanted), None)
        if same is None and len({summary.parameters for summary in shown}) > 1:
            return None
        summary = same or shown[0]
        ours, where = summary.parameters or 0, case.place(summary.cell)
        said = (
            self.because("saved_other", place=where, parameters=ours, wanted=wanted)
            if same is None
            else self.because("saved_same", place=where, parameters=ours)
        )
        evidence = case.places([summary.cell])
        return self.graded(float(same is not None), said, observed=ours, expected=wanted, evidence=evidence)

    @classmethod
    def propose(cls, seen: Seen) -> Iterator[Self]:
        """Where a model is built."""
        if seen.happens("built"):
            yield cls(points=1)

    def _counted(self, ours: int, wanted: int) -> Reason:
        if ours == wanted:
            return self.because("as_asked" if self.equals else "same", parameters=ours)
        return self.because("other_than_asked" if self.equals else "other", parameters=ours, wanted=wanted)

    def _saved_summary(self, case: Case) -> tuple[Reason, ...]:
        return tuple(
            self.because(
                "saved_summary",
                place=case.place(summary.cell),
                layers=len(summary.layers),
                parameters=summary.parameters or 0,
            )
            for summary in _with_counts(case)[:1]
        )


def _with_counts(case: Case) -> list[LoggedSummary]:
    return [summary for summary in case.saved_summaries if summary.parameters is not None]
