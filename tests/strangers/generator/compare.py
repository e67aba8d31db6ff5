"""What labgrade says of a hand-in, held against the truth."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field

from generator.code import text
from generator.nouns import Expected, Handin, Network, Prose, Question, Step
from generator.render import step_text
from grader.records import Architecture, ModelMatch, QuestionMatch, Recording, Result
from grader.records import Match as Matched

_OPEN = frozenset({"review", "errored"})
_EDGE = 50
"""Letters and digits at both ends of a text by which it is known again: enough to tell any two answers apart, and few
enough that formulas and tables in the middle may be read in another way."""
_SLACK = 1e-6
_NO_CONTENT = frozenset({"imports", "other", "define"})


@dataclass
class Outcome:
    """How labgrade did on one hand-in."""

    key: str
    applied: list[str]
    placed: int = 0
    to_place: int = 0
    matched: int = 0
    to_match: int = 0
    right: int = 0
    unfair: int = 0
    generous: int = 0
    open: int = 0
    exempt: int = 0
    false: int = 0
    missed: int = 0
    observed: int = 0
    lost: float = 0.0
    """Points lost unfairly."""
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    """Each thing that went wrong, in a line: measure, question, what was said."""
    crash: str = ""

    def as_json(self) -> dict[str, object]:
        """As plain data."""
        return asdict(self)


def compare(handin: Handin, key: str, result: Result, match: Matched) -> Outcome:
    """Count what is placed, matched, rightly decided and rightly observed."""
    outcome = Outcome(key, list(handin.applied))
    for question in handin.lab.questions:
        _place(handin, question, match, outcome)
    _models(handin, match, outcome)
    _verdicts(handin, result, outcome)
    _observations(handin, result, outcome)
    return outcome


# Placing


def _letters(words: str) -> str:
    return "".join(re.findall(r"[^\W_]+", words.casefold()))


def _place(handin: Handin, question: Question, match: Matched, outcome: Outcome) -> None:
    if question.id in handin.truth.absent:
        return
    found = match.question(question.id)
    texts = [block for block in handin.prose if question.id in block.answers and len(_letters(block.text)) > _EDGE / 2]
    code = [
        step
        for step in handin.steps
        if step.question == question.id and step.role not in _NO_CONTENT and not question.asks_for_words
    ]
    if not texts and not code:
        return
    outcome.to_place += 1
    problem = _misplaced_text(handin, question, found, texts) if question.asks_for_words and texts else ""
    if not problem and code and question.id not in handin.truth.free:
        problem = _misplaced_code(handin, code, match, found)
    if problem:
        outcome.problems.append(f"placed {question.id}: {problem}")
    else:
        outcome.placed += 1


def _misplaced_text(handin: Handin, question: Question, found: QuestionMatch, texts: list[Prose]) -> str:
    answer = _letters(found.answer)
    for block in texts:
        words = _letters(block.text)
        if words[:_EDGE] not in answer or words[-_EDGE:] not in answer:
            return f"its text is not in the answer ({found.placed_by or 'nowhere'}): {block.text[:60]!r}"
    section = {one.id for one in handin.lab.questions if one.written_id == question.written_id}
    for block in handin.prose:
        words = _letters(block.text)
        # Questions that share a number on the sheet may share what stands under it: a person reads on to the next.
        alien = block.foreign or (block.answers and not section & set(block.answers))
        if (
            alien
            and len(words) > _EDGE / 2
            and words[:_EDGE] in answer
            and not any(block.text in t.text for t in texts)
        ):
            return f"a text of {', '.join(block.answers) or 'no question'} is in the answer: {block.text[:60]!r}"
    return ""


def _misplaced_code(handin: Handin, code: list[Step], match: Matched, found: QuestionMatch) -> str:
    sources = "".join("".join(match.submission.cells[at].source.split()) for at in found.cells)
    for step in code:
        if "".join(step_text(handin, step).split()) in sources:
            return ""
    first = text(code[0].statements).split("\n")[0][:60]
    return f"none of its code is in its cells ({found.placed_by or 'nowhere'}): {first!r}"


# Matching


def _models(handin: Handin, match: Matched, outcome: Outcome) -> None:
    asked = dict.fromkeys(question.model for question in handin.lab.questions if question.model)
    for name in asked:
        if name not in handin.truth.networks:
            continue
        wanted = handin.truth.networks[name]
        found = next((model for model in match.models if model.reference == name), None)
        outcome.to_match += 1
        problem = _mismatched(wanted, found, match)
        if problem:
            outcome.problems.append(f"matched {name}: {problem}")
        else:
            outcome.matched += 1


def _mismatched(wanted: Network | None, found: ModelMatch | None, match: Matched) -> str:
    if wanted is None:
        return "" if found is None else f"{found.label}, and none is there"
    if found is None:
        return "no model"
    architecture = match.architecture(found)
    if architecture is None:
        return f"{found.label}, of which no layers are known"
    sizes = _sizes(architecture)
    if sizes != [(name, size) for name, size, _ in wanted.layers]:
        return f"{found.label}, whose layers are {sizes}"
    trainings = match.trainings(found)
    if wanted.epochs and not any(training.fit.epochs == wanted.epochs for training in trainings):
        return (
            f"{found.label}, trained for {[training.fit.epochs for training in trainings]} epochs, not {wanted.epochs}"
        )
    if wanted.trainings > 1 and len(trainings) != wanted.trainings:
        return f"{found.label}, {len(trainings)} trainings, not {wanted.trainings}"
    return ""


def _sizes(architecture: Architecture) -> list[tuple[str, str]]:
    """Class and size of its dense and convolutional layers."""
    layers = [layer for layer in architecture.layers if layer.class_name in ("Dense", "Conv2D")]
    return [(layer.class_name, str(layer.config.get("units", layer.config.get("filters")))) for layer in layers]


def reached(network: Network, what: str, rerun: Recording) -> float | None:
    """The best or last value of a metric that the training of `network` reached; `None` where it was not trained."""
    which, _, metric = what.partition("_")
    for training in rerun.trainings():
        architecture = rerun.architectures.get(training.architecture)
        if architecture is None or training.fit.epochs != network.epochs:
            continue
        if _sizes(architecture) == [(name, size) for name, size, _ in network.layers]:
            values = training.history.metrics.get(metric) or training.history.metrics.get(
                metric.replace("accuracy", "acc")
            )
            if values:
                return float(max(values) if which == "best" else values[-1])
    return None


# Verdicts


def _verdicts(handin: Handin, result: Result, outcome: Outcome) -> None:
    for question in result.questions:
        for position, verdict in enumerate(question.verdicts):
            expected = handin.truth.verdicts[question.id, position]
            kind = verdict_kind(expected, verdict.status, verdict.awarded)
            setattr(outcome, kind, getattr(outcome, kind) + 1)
            if kind == "unfair":
                outcome.lost += expected.least - verdict.awarded
            if kind not in ("right", "exempt"):
                why = f" (truth: {'/'.join(sorted(expected.statuses))}, {expected.why or 'as in the solution'})"
                said = f"{verdict.status} {verdict.awarded:g}/{verdict.points:g}, {verdict.explanation[:160]}"
                outcome.problems.append(f"{kind} {question.id} {verdict.criterion}: {said}{why}")


def verdict_kind(expected: Expected, status: str, awarded: float) -> str:
    """`right`, `unfair`, `generous`, `open` where the truth decides and labgrade does not, or `exempt`."""
    if expected.exempt:
        return "exempt"
    if status in expected.statuses and (
        status in _OPEN or expected.least - _SLACK <= awarded <= expected.most + _SLACK
    ):
        return "right"
    if status in _OPEN:
        return "open"
    if awarded < expected.least - _SLACK:
        return "unfair"
    if awarded > expected.most + _SLACK:
        return "generous"
    return "right"


# Observations


def _observations(handin: Handin, result: Result, outcome: Outcome) -> None:
    seen = {observation.kind for observation in result.observations}
    outcome.observed = len(result.observations)
    for observation in result.observations:
        if observation.kind not in handin.truth.may and observation.kind not in handin.truth.must:
            outcome.false += 1
            outcome.problems.append(f"false {observation.kind}: {observation.message[:160]}")
    for kind, (why, _) in handin.truth.must.items():
        if kind not in seen:
            outcome.missed += 1
            outcome.problems.append(f"missed {kind}: {why}")
