"""The criterion `summary_shown`: the model's summary is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal, Self

from grader.criteria import AboutAModel, Case, Seen
from grader.records import Mistake, Subject, SummaryShown, Verdict


class SummaryShownCriterion(AboutAModel):
    """The model's summary is shown."""

    title: ClassVar[str] = "Summary"
    about: ClassVar[Subject] = "model"
    mistakes: ClassVar[frozenset[Mistake]] = frozenset({"no_summary"})

    sentences: ClassVar[Mapping[str, str]] = {
        "shown": "{place:capital} shows the model's summary.",
        "saved": "The output saved under {place} shows a summary of {parameters:count parameter}.",
    }

    kind: Literal["summary_shown"] = "summary_shown"

    def judge(self, case: Case) -> Verdict:
        """`summary()` of the question's own model, in the rerun or in the outputs that were handed in."""
        case = case.about(self.model)
        model, events = case.model, case.match.rerun.events
        shown = [e.cell for e in events if isinstance(e, SummaryShown) and model and e.model in model.models]
        if shown:
            said = self.because("shown", place=case.place(shown[0]))
            return self.graded(1.0, said, evidence=case.places(shown[:1]))
        expected = case.architecture.parameters if case.architecture else None
        for summary in case.saved_summaries:
            if expected is None or summary.parameters == expected:
                said = self.because("saved", place=case.place(summary.cell), parameters=summary.parameters or 0)
                return self.graded(1.0, said, evidence=case.places([summary.cell]))
        return self.missing(case, "summary of the model")

    @classmethod
    def propose(cls, seen: Seen) -> Iterator[Self]:
        """Where the summary is shown."""
        if seen.happens("summary"):
            yield cls(points=1)
