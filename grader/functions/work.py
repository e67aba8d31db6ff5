"""The functions of one submission and the cases that they are tried on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from grader.functions.loading import CaseFile, load_cases
from grader.records.functions.plan import FunctionPlan


@dataclass(frozen=True)
class FunctionWork:
    """What a recording needs in order to try a submission's functions."""

    cases: CaseFile
    plan: FunctionPlan
    only: tuple[str, ...] = ()
    """Questions whose functions are tried; all where it is empty."""

    @property
    def key(self) -> list[object]:
        """What its outcomes rest on, as JSON-compatible values."""
        return [self.cases.digest, self.plan.as_json(), *([list(self.only)] if self.only else [])]

    def new_cases(self) -> CaseFile:
        """The cases loaded anew: what one submission's trials leave in them must not reach the next one's."""
        loaded = load_cases(self.cases.path.parent, tuple(group.question for group in self.cases.groups)) or self.cases
        wanted = tuple(group for group in loaded.groups if not self.only or group.question in self.only)
        return replace(loaded, groups=wanted)
