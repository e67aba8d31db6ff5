"""The functions of one submission and the cases that they are tried on."""

from __future__ import annotations

from dataclasses import dataclass

from grader.functions.loading import CaseFile, load_cases
from grader.records.functions.plan import FunctionPlan


@dataclass(frozen=True)
class FunctionWork:
    """What a recording needs in order to try a submission's functions."""

    cases: CaseFile
    plan: FunctionPlan

    @property
    def key(self) -> list[object]:
        """What its outcomes rest on, as JSON-compatible values."""
        return [self.cases.digest, self.plan.as_json()]

    def new_cases(self) -> CaseFile:
        """The cases loaded anew: what one submission's trials leave in them must not reach the next one's."""
        loaded = load_cases(self.cases.path.parent, tuple(group.question for group in self.cases.groups))
        return loaded or self.cases
