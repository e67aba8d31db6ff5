"""Questions told apart by their words, where ids do not."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from grader.reading.passages.comments import comment_text
from grader.reading.passages.prose import Asked, sentences
from grader.records.rubric import Question

_TITLE_WEIGHT = 3.0
_COPY_WEIGHT = 6.0
_COPY = 0.75
_STAY = 0.4
_IMPORTS = re.compile(r"^[ \t]*(?:from[ \t]+[\w.]{1,200}[ \t]+)?import[ \t][^\n]{0,1000}$", re.MULTILINE)
_LEAD = re.compile(r"\s*(?:#{1,6}[ \t]*(?P<heading>[^\n]{1,200})|(?:\*\*|__)(?P<bold>[^*_\n]{1,200})(?:\*\*|__))")


@dataclass(frozen=True)
class Unit:
    """A piece of one cell that goes to questions as a whole."""

    cell: int
    start: int
    end: int
    text: str
    is_code: bool

    @property
    def telling(self) -> str:
        """What may tell the question: the text without imports, which serve a whole file."""
        return _IMPORTS.sub("", self.text) if self.is_code else self.text

    @property
    def title(self) -> str:
        """Its headings, or its first line, or the comments before its first statement."""
        lines = [line for line in self.text.split("\n") if line.strip()]
        titled: list[str] = []
        for line in lines:
            if line.lstrip().startswith("#"):
                titled.append(comment_text(line))
            elif self.is_code or titled:
                break
            else:
                titled.append(line)
                break
        return "\n".join(titled)


@dataclass(frozen=True)
class _Cue:
    """A cue in folded text: the words that must stand in it, and how they must stand there."""

    words: tuple[str, ...]
    pattern: re.Pattern[str]


@lru_cache(maxsize=4_000)
def _prepared(cue: str) -> _Cue | None:
    """`cue` as it is looked for; `None` where nothing of it is left."""
    cue = folded(cue.strip())
    words = tuple(word for word in re.split(r"[\s_-]+", cue) if word)
    if not cue:
        return None
    body = r"[\s_\-]{0,4}".join(re.escape(word) for word in words)
    before = r"(?<![^\W_])" if cue[:1].isalnum() else ""
    if cue[:1].isdigit():
        before += r"(?<![\d.,])"
    after = "s?(?![^\\W_])" if cue[-1:].isalpha() else ""
    if cue[-1:].isdigit():
        after = r"(?![^\W_]|[.,]\d)"
    return _Cue(words, re.compile(before + body + after))


@lru_cache(maxsize=1_024)
def folded(text: str) -> str:
    """`text` without the difference of capitals; the Turkish ones of i count as an i."""
    return text.lower() if text.isascii() else text.casefold().replace("i\u0307", "i").replace("\u0131", "i")


def has_cue(text: str, cue: str) -> bool:
    """Whether `cue` stands in `text` as whole words, in prose or as part of a name in code."""
    wanted = _prepared(cue)
    if wanted is None:
        return False
    plain, words = folded(text), wanted.words
    # most cues are not there at all: to look for their words takes a fraction of what the pattern takes
    if not all(word in plain for word in words):
        return False
    position = plain.find(words[0]) if words else 0
    while position >= 0:
        if wanted.pattern.match(plain, position):
            return True
        position = plain.find(words[0], position + 1) if words else -1
    return False


def cue_scores(units: Sequence[Unit], questions: Sequence[Question], asked: Asked) -> list[dict[str, float]]:
    """For each unit the questions whose words it has, weighted: rare cues, titles and copied questions count most."""
    texts = [unit.telling for unit in units]
    hits = [{(q.id, cue): has_cue(text, cue) for q in questions for cue in q.cues} for text in texts]
    spread = {key: sum(hit[key] for hit in hits) for key in hits[0]} if hits else {}
    scores: list[dict[str, float]] = []
    for unit, hit in zip(units, hits, strict=True):
        title = unit.title
        score = dict.fromkeys((q.id for q in questions), 0.0)
        for (question, cue), there in hit.items():
            if there:
                rarity = math.log(1 + len(units) / spread[question, cue]) / math.log(2)
                score[question] += rarity * (_TITLE_WEIGHT if has_cue(title, cue) else 1.0)
        for question, likeness in _copies(title if unit.is_code else unit.text, questions, asked).items():
            score[question] += _COPY_WEIGHT * likeness
        scores.append({question: value for question, value in score.items() if value > 0})
    return scores


def _copies(text: str, questions: Sequence[Question], asked: Asked) -> dict[str, float]:
    """Questions of which `text` holds a copy; each sentence counts for the likest alone."""
    found: dict[str, float] = {}
    for sentence in sentences(text)[:200]:
        likeness = {q.id: asked.likeness(sentence, q.id) for q in questions}
        best = max(likeness, key=lambda question: likeness[question], default=None)
        if best is not None and likeness[best] >= _COPY:
            found[best] = max(found.get(best, 0.0), likeness[best])
    return found


def _announced(unit: Unit, questions: Sequence[Question]) -> str | None:
    """The one question whose words stand in the bold or heading lead of a paragraph."""
    found = None if unit.is_code else _LEAD.match(unit.text)
    if found is None:
        return None
    lead = found["heading"] or found["bold"] or ""
    named = [question.id for question in questions if any(has_cue(lead, cue) for cue in question.cues)]
    return named[0] if len(named) == 1 else None


def shared_out(
    units: Sequence[Unit], questions: Sequence[Question], asked: Asked
) -> dict[str, list[tuple[Unit, bool]]]:
    """Which of `units` go to which of `questions` that share a section.

    Each unit goes to the question whose words it has most, the others follow the unit before (`False` beside them). A
    question that gets none this way shares those that have its words. Where no words are found, every question gets
    everything.
    """
    scores = cue_scores(units, questions, asked)
    owned: dict[str, list[tuple[Unit, bool]]] = {question.id: [] for question in questions}
    order = {question.id: place for place, question in enumerate(questions)}
    owner: str | None = None
    waiting: list[Unit] = []
    strength, cell = 0.0, -1
    for unit, score in zip(units, scores, strict=True):
        # Further paragraphs of a cell belong to what its first ones are about, unless they clearly name another.
        stay = max(_STAY, strength / 2) if unit.cell == cell and not unit.is_code else _STAY
        announced = _announced(unit, questions)
        if announced is not None:
            score, stay = {announced: max(score.get(announced, 0.0), _TITLE_WEIGHT)}, 0.0
        weights = {q: score.get(q, 0.0) + (stay if q == owner else 0.0) for q in (*score, *([owner] if owner else ()))}
        named = min(weights, key=lambda q: (-weights[q], order[q])) if score else owner
        if named is None:
            waiting.append(unit)
            continue
        strength = max(score.get(named, 0.0), strength if named == owner and unit.cell == cell else 0.0)
        owner, cell = named, unit.cell
        owned[owner] += [(before, False) for before in waiting]
        waiting = []
        owned[owner].append((unit, owner in score))
    if owner is None:
        return {question.id: [(unit, False) for unit in units] for question in questions}
    for question in questions:
        if not owned[question.id]:
            owned[question.id] = [
                (unit, True) for unit, score in zip(units, scores, strict=True) if question.id in score
            ]
    return owned
