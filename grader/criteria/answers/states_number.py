"""The criterion `states_number`: the answer states a number."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Self, TypeAlias

from pydantic import NonNegativeFloat, model_validator

from grader.criteria import Case, Criterion
from grader.criteria.prose import Number, numbers_in
from grader.facts.keras import VALIDATION_ACCURACY
from grader.records import Mistake, Printed, Reason, Subject, Verdict

Source: TypeAlias = Literal["given", "model", "summary", "saved", "rerun"]
"""Where a number that must be stated comes from."""

_PROGRESS = re.compile(r"s/step|/sample|ETA:|\[=+|val_loss|━|Epoch \d")
"""A line of a training log: it states nothing by itself."""
_OF_EVALUATE = re.compile(r"\btest(?!.*valid)|\bevaluat|^\s*\[\d[\d.e-]*,\s*\d[\d.e-]*\]\s*$", re.IGNORECASE)
"""A printed line that tells what `evaluate` found, in words or as its pair of loss and accuracy."""
_MOST_TEXT = 50_000
"""Characters of one output that are searched: what is longer is a dump, in which any number can be found."""
_FEW = 3
"""Numbers that a sentence names."""
_TELLING = 10_000
"""Whole numbers from which one is too long to stand somewhere by chance."""
_COUNT = 1_000
"""Numbers from which an answer states a count of something: then no output speaks in its place."""

_WHOSE = (
    "{source:choose given=|model=, as the model has|summary=, as your saved summary shows"
    "|saved=, as your saved outputs show|rerun=, as the rerun shows}"
)


@dataclass(frozen=True)
class _Target:
    """A number of which one must be stated."""

    value: float
    source: Source


@dataclass(frozen=True)
class _Statement:
    """A text that may state a number, and where it stands."""

    text: str
    code: str = "stated"
    """The sentence that says so."""
    place: str = ""
    """A cell or a question; empty for the answer itself."""


class StatesNumberCriterion(Criterion):
    """The answer states a number."""

    title: ClassVar[str] = "Number stated"
    about: ClassVar[Subject] = "text"
    decided_by_text: ClassVar[bool] = True
    mistakes: ClassVar[frozenset[Mistake]] = frozenset({"not_printed", "other_number"})
    sentences: ClassVar[Mapping[str, str]] = {
        "stated": f"{{number:number}} is stated{_WHOSE}.",
        "stated_in_output": f"{{number:number}} is stated in the output of {{place}}{_WHOSE}.",
        "stated_in_print": f"{{number:number}} is stated in what {{place}} prints{_WHOSE}.",
        "stated_under": f"{{number:number}} is stated under {{place}}{_WHOSE}.",
        "stated_elsewhere": "{number:number} is stated in {place}, though not under this question.",
        "answer_states": "Your answer states {numbers:list}.",
        "no_answer": (
            "No answer was found under this id ({wanted:numbers or} was looked for). "
            "It may stand elsewhere: a person decides."
        ),
        "no_log": "No log of yours was handed in to compare with; the rerun gives {wanted:numbers or}.",
        "no_log_less_data": (
            "No log of yours was handed in to compare with; the rerun with less data than you had gives "
            "{wanted:numbers or}."
        ),
        "shown_only": "{wanted:numbers or} is not stated under this question, but the output of {place} shows it.",
        "wanted": "{wanted:numbers or} was looked for.",
        "no_number": "No number is stated; {wanted:numbers or} was looked for.",
    }

    kind: Literal["states_number"] = "states_number"
    equals: float | None = None
    of: Literal["parameters", "best_val_accuracy"] | None = None
    """Taken from the group's own testimonies (saved or rerun) for the question's model."""
    tolerance: NonNegativeFloat = 0.0
    """Absolute."""

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.equals is None) == (self.of is None):
            raise ValueError("states_number takes exactly one of 'equals' and 'of'")
        return self

    @property
    def states_accuracy(self) -> bool:
        """Whether it asks for the best validation accuracy."""
        return self.of == "best_val_accuracy"

    @property
    def stated_number(self) -> float | None:
        """That of `equals`."""
        return self.equals

    def judge(self, case: Case) -> Verdict:
        """In the answer or in what the question's cells print; English and continental spellings, shares, percentages.

        What the group's own saved outputs say is as good as what the rerun says.
        """
        targets = self._targets(case)
        statements = _statements(case)
        for target in targets:
            for statement in statements:
                if self._states(statement, target.value):
                    return self._stated(target, statement, case)
        if not targets:
            return self.missing(case, "model to compare the number with", *self._answer_states(case, targets))
        elsewhere = _elsewhere(targets, case)
        if elsewhere is not None:
            first = targets[0].value
            said = self.because("stated_elsewhere", number=first, place=elsewhere)
            return self.graded(1.0, said, observed=first, expected=first, evidence=(elsewhere,))
        return self._not_stated(case, targets, statements)

    def _states(self, statement: _Statement, target: float) -> bool:
        """Whether a text states `target`.

        A test accuracy near the best validation accuracy is another number: it is that one only where it equals it,
        as it does where the validation data are the test data.
        """
        if not self.states_accuracy or statement.code not in ("stated_in_output", "stated_in_print"):
            return _stating(statement.text, target, self.tolerance, self.states_accuracy) is not None
        lines = statement.text.split("\n")
        tested = "\n".join(line for line in lines if _OF_EVALUATE.search(line))
        others = "\n".join(line for line in lines if not _OF_EVALUATE.search(line))
        near = _stating(others, target, self.tolerance, True)
        return near is not None or _stating(tested, target, 0.0, True) is not None

    def _targets(self, case: Case) -> list[_Target]:
        """The numbers of which one must be stated."""
        if self.equals is not None:
            return [_Target(self.equals, "given")]
        if self.of == "parameters":
            built = case.architecture.parameters if case.architecture else None
            shown = [summary.parameters for summary in case.saved_summaries]
            found: list[tuple[int | None, Source]] = [(built, "model"), *((count, "summary") for count in shown)]
            return [_Target(float(count), source) for count, source in found if count]
        return [
            *(_Target(value, "saved") for value in case.saved_accuracies),
            *(_Target(value, "rerun") for value in _rerun_accuracies(case)),
        ]

    def _stated(self, target: _Target, statement: _Statement, case: Case) -> Verdict:
        where = {"place": statement.place} if statement.place else {}
        said = self.because(statement.code, number=target.value, source=target.source, **where)
        evidence = case.places(case.cells)
        return self.graded(1.0, said, observed=target.value, expected=target.value, evidence=evidence)

    def _not_stated(self, case: Case, targets: list[_Target], statements: list[_Statement]) -> Verdict:
        evidence, expected = case.places(case.cells), targets[0].value
        wanted = list(dict.fromkeys(target.value for target in targets))[:_FEW]
        stated = self._answer_states(case, targets)
        if not any(statement.text.strip() for statement in statements):
            said = self.because("no_answer", wanted=[*wanted])
            return self.review(said, expected=expected, evidence=evidence, closing=False)
        # Another seed, or less data, gives another accuracy: only the group's own log can contradict its number.
        if stated and self.states_accuracy and not case.saved_accuracies:
            said = self.because("no_log_less_data" if case.is_reduced else "no_log", wanted=[*wanted])
            return self.review(*stated, said, expected=expected, evidence=evidence)
        counts = [value for number in numbers_in(case.answer) for value in number.values if value >= _COUNT]
        shown = None if counts else _shown(targets, case)
        if shown is not None:
            said = self.because("shown_only", wanted=[*wanted], place=shown)
            return self.review(said, expected=expected, evidence=(shown,))
        stopped = case.hindrance(self.about)
        ran = case.match.rerun.outcome.status != "not run"
        if self.of is not None and ran and stopped is not None and stopped.limit:
            # What the rerun would have given was never seen: the saved outputs alone contradict nobody.
            return self.errored(*stopped.reasons, *stated, evidence=evidence)
        said = self.because("wanted" if stated else "no_number", wanted=[*wanted])
        return self.graded(0.0, *stated, said, expected=expected, evidence=evidence)

    def _answer_states(self, case: Case, targets: list[_Target]) -> tuple[Reason, ...]:
        """What the answer states: of many numbers those nearest to what is asked for, in the order of the text."""
        numbers = numbers_in(case.answer)
        if not numbers:
            return ()
        wanted = [target.value for target in targets]
        nearest = sorted(numbers, key=lambda number: _distance(number, wanted))[:_FEW] if wanted else numbers[:_FEW]
        shown = list(dict.fromkeys(number.text for number in numbers if number in nearest))
        return (self.because("answer_states", numbers=[*shown]),)


def _rerun_accuracies(case: Case) -> list[float]:
    found: list[float] = []
    for training in case.all_trainings:
        values = [value for value in training.history.values_of(VALIDATION_ACCURACY) or () if math.isfinite(value)]
        # Of a history that only the group's own process stands for, a number proves nothing.
        if values and training.vouched:
            found += [max(values), values[-1]]
    return list(dict.fromkeys(found))


def _statements(case: Case) -> list[_Statement]:
    """The answer, then what the question's cells print, saved and rerun, without lines of training logs."""
    found = [_Statement(case.answer)]
    cells = _printing_cells(case)
    for cell in cells:
        if 0 <= cell < len(case.match.submission.cells):
            saved = "\n".join(output.text[:_MOST_TEXT] for output in case.match.submission.cells[cell].outputs)
            found.append(_Statement(_without_progress(saved), "stated_in_output", case.place(cell)))
    found += [
        _Statement(_without_progress(event.text[:_MOST_TEXT]), "stated_in_print", case.place(event.cell))
        for event in case.match.rerun.events
        if isinstance(event, Printed) and event.cell in cells
    ]
    # Of questions that share a section, a number may have gone to the neighbour that asks about the same model.
    found += [
        _Statement(other.answer, "stated_under", other.question.id)
        for other in case.match.questions
        if other is not case.question and other.model is not None and other.model == case.model
        if other.question.written_id == case.question.question.written_id
    ]
    return found


def _printing_cells(case: Case) -> tuple[int, ...]:
    """The question's cells; for an accuracy none that are another model's, and its own model's where no answer is."""
    if case.model is None or not any(criterion.states_accuracy for criterion in case.question.question.criteria):
        return case.cells
    own = set(case.model.cells)
    others = {cell for model in case.others for cell in model.cells} - own
    # A number that is written down stands: what the model's cells print beside it does not replace it.
    cells = set(case.cells) - own if _names_a_share(case.answer) else own | set(case.cells)
    return tuple(sorted(cell for cell in cells if cell not in others))


def _names_a_share(answer: str) -> bool:
    """Whether a number in `answer` can be an accuracy: a share or a percentage with two decimals or more."""
    return any(
        decimals >= 2 and (0.5 < value <= 1.0 or 50.0 < value <= 100.0)
        for number in numbers_in(answer)
        for value, decimals in zip(number.values, number.decimals, strict=True)
    )


def _without_progress(text: str) -> str:
    return "\n".join(line for line in re.split(r"[\r\n\b]+", text) if not _PROGRESS.search(line))


def _stating(text: str, target: float, tolerance: float, is_share: bool) -> Number | None:
    for number in numbers_in(text):
        if number.states(target, tolerance):
            return number
        # `92.05` without a sign of percentage is one all the same, where an accuracy is asked for.
        if is_share and any(1.0 < value <= 100.0 for value in number.values):
            as_share = Number(
                number.text, tuple(v / 100.0 for v in number.values), tuple(d + 2 for d in number.decimals), 0
            )
            if as_share.states(target, tolerance) and as_share.decimals[0] > 2:
                return number
    return None


def _elsewhere(targets: Sequence[_Target], case: Case) -> str | None:
    """Where else a number stands that is too long to be there by chance."""
    own = case.own_cells
    for target in _telling(targets):
        for cell in case.match.submission.cells:
            if cell.index not in own and _stating(cell.source, target, 0.0, False):
                return case.place(cell.index)
    return None


def _shown(targets: Sequence[_Target], case: Case) -> str | None:
    """The cell whose output shows a number that is too long to be there by chance."""
    for target in _telling(targets):
        for cell in case.match.submission.cells:
            if any(_stating(_without_progress(o.text[:_MOST_TEXT]), target, 0.0, False) for o in cell.outputs):
                return case.place(cell.index)
    return None


def _telling(targets: Sequence[_Target]) -> list[float]:
    return [one.value for one in targets if float(one.value).is_integer() and abs(one.value) >= _TELLING]


def _distance(number: Number, targets: Sequence[float]) -> float:
    """How far `number` is from the nearest target, as a share of the larger of the two."""
    return min(abs(v - t) / max(abs(v), abs(t), 1e-12) for v in number.values for t in targets)
