"""A group's own words, told from copied questions, labels and pointers; and questions told apart by their words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from grader.code.syntax import comment_text
from grader.facts.languages import OPENING_WORDS, STOP_WORDS
from grader.records import Question, Rubric

# Own words

_TOKEN = re.compile(r"[^\W_]+(?:['’.][^\W_]+)*")
_SENTENCE_END = re.compile(r"(?<=[.?!])[*_]{0,3}\s+(?=[^a-zà-ÿ])")
_LABEL = re.compile(
    r"[\s*_#>\[(`-]{0,12}(?:(?:our|my|the)\s)?(?:a[ns]{0,2}w[sn]?ers?|ans|svar|antwort(?:en)?|respuestas?|"
    r"réponses?|solution|lösning)"
    r"\s?(?:to (?:question|part)[\s\d.a-h]{0,8})?(?::[\s*_]{0,4}|[\s*_]{0,4}:|[*_\])]{1,4}|\s*$)[\s*_:]{0,6}",
    re.IGNORECASE,
)
_POINTER_START = re.compile(
    r"[\s*_(>-]{0,8}(?:(?:please|kindly)\s)?(?:see|look|shown|refer|check|as above|se|siehe|ver|véase|voir|cf)\b",
    re.IGNORECASE,
)
_POINTER_WORDS = set(
    "above below ovan ovanför nedan nedanför oben unten arriba abajo anterior siguiente dessus dessous comments "
    "comment kommentarer kommentare comentarios commentaires code cell cells next previous plot figure "
    "summary".split()
)
_UP = set("above ovan ovanför oben arriba anterior dessus previous".split())
_COMMENTS = set("comment comments commets kommentar kommentarer kommentare comentarios commentaires".split())
_BOLD = re.compile(r"\*\*[^*]{1,5000}\*\*|__[^_]{1,5000}__")
_COPY, _ASKING, _BESIDE_ID = 0.9, 0.7, 0.45
"""Likeness to a question from which a sentence copies it: any, one that asks or tells, one that does beside an id."""
_YOU = {"you", "your"}


@lru_cache(maxsize=4_096)
def tokens(text: str) -> tuple[str, ...]:
    """Words and numbers of `text` in lower case."""
    return tuple(token.casefold() for token in _TOKEN.findall(text[:4_000]))


class RubricTexts:
    """The texts that a rubric asks, for recognising copies of them."""

    def __init__(self, rubric: Rubric) -> None:
        self.by_question = {question.id: _asked(f"{question.asks}\n{question.title}") for question in rubric.questions}
        cues = [tokens(cue) for question in rubric.questions for cue in question.cues]
        self._phrases = tuple(" ".join(cue) for cue in cues if len(cue) >= 2)
        self._questions = tuple(" ".join(cue) for cue in cues if len(cue) >= 3)
        self._long_phrases = tuple(" ".join(cue) for cue in cues if len(cue) >= 4)
        self._openings = OPENING_WORDS | {part[0] for parts in self.by_question.values() for part in parts} - STOP_WORDS
        self._parts = {part: _Part(part) for parts in self.by_question.values() for part in parts}
        self._with_word: dict[str, list[_Part]] = {}
        for part in self._parts.values():
            for word in part.weighty:
                self._with_word.setdefault(word, []).append(part)
        self._likest: dict[tuple[str, ...], dict[tuple[str, ...], float]] = {}

    def likeness(self, sentence: str, question: str | None = None) -> float:
        """How much `sentence` is a copy of what a question asks, 0 to 1; of any question where none is named."""
        found = self._likenesses(tokens(sentence))
        if question is None:
            return max(found.values(), default=0.0)
        return max((found[part] for part in self.by_question.get(question, ()) if part in found), default=0.0)

    def _likenesses(self, words: tuple[str, ...]) -> dict[tuple[str, ...], float]:
        """How much `words` are a copy of each part of a question that has a word in common with them."""
        if words not in self._likest:
            weighty = set(words) - STOP_WORDS
            near = dict.fromkeys(part for word in sorted(weighty) for part in self._with_word.get(word, ()))
            found = {part.words: part.likeness(words, weighty) for part in near}
            self._likest[words] = {words: 1.0} if not weighty and words in self._parts else found
        return self._likest[words]

    def is_copy(self, sentence: str, beside_id: bool = False) -> bool:
        """Whether `sentence` is a copied question.

        An answer often repeats the question's words: only what asks or tells to do something counts as a copy when it
        is merely like one, sooner still beside an id.
        """
        words = tokens(sentence)
        if not words:
            return False
        if words[0] == "hint" or (_is_question(sentence) and self._has_phrase(words, self._questions)):
            return True
        if not (_is_question(sentence) or words[0] in self._openings):
            return self.likeness(sentence) >= _COPY
        if self.likeness(sentence) >= (_BESIDE_ID if beside_id else _ASKING):
            return True
        return self._has_phrase(words, self._phrases if beside_id else self._long_phrases)

    @staticmethod
    def _has_phrase(words: tuple[str, ...], phrases: tuple[str, ...]) -> bool:
        text = f" {' '.join(words)} "
        return any(f" {phrase} " in text for phrase in phrases)


def _asked(text: str) -> tuple[tuple[str, ...], ...]:
    whole = tokens(text)
    parts = [tokens(sentence) for sentence in sentences(text)]
    return tuple(dict.fromkeys(part for part in [whole, *parts] if len(part) >= 2))


class _Part:
    """A sentence that a question asks, or all that it asks."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = words
        self.weighty = frozenset(words) - STOP_WORDS
        self._pairs = frozenset(pairwise(words))

    def likeness(self, words: tuple[str, ...], weighty: set[str]) -> float:
        """How much a sentence of `words`, of which `weighty` count, is a copy of it: 0 to 1."""
        shared = weighty & self.weighty
        common = len(shared) / len(weighty)
        covered = len(shared) / max(1, len(self.weighty))
        if len(weighty) < 3:
            return min(common, covered) if len(words) <= len(self.words) + 2 else 0.0
        if common < 0.4 or any(word[0].isdigit() for word in weighty - shared):
            # A number that was not in the question is an answer: `The total number of parameters is 55050`.
            return min(common, 0.4)
        pairs = set(pairwise(words))
        ratio = 2 * len(pairs & self._pairs) / max(1, len(pairs) + len(self._pairs))
        # A short part of a long question is a copy, too, when all its words stand there.
        part = common * 0.95 if len(weighty) >= 4 and covered >= 0.15 else 0.0
        return max(min(ratio, common), min(common, covered), part)


def sentences(text: str) -> list[str]:
    """The sentences of `text`; one ends with its line at the latest."""
    found = []
    for line in text.split("\n"):
        found += [part for part in _SENTENCE_END.split(line[:20_000]) if part.strip()]
    return found


def strip_label(line: str) -> tuple[str, bool]:
    """`line` without an `Answer:` at its beginning, and whether there was one."""
    label = _LABEL.match(line)
    return (line[label.end() :], True) if label else (line, False)


def is_pointer(sentence: str) -> bool:
    """Whether `sentence` only sends the reader elsewhere: `See comments above`."""
    words = tokens(sentence)
    return len(words) <= 12 and bool(_POINTER_START.match(sentence)) and bool(set(words) & _POINTER_WORDS)


def points_to_comments_above(text: str) -> bool:
    """Whether an answer is only a reference to comments, or to something further up."""
    found = [sentence for sentence in sentences(text) if tokens(sentence)]
    if not found or not all(is_pointer(sentence) for sentence in found):
        return False
    words = {word for sentence in found for word in tokens(sentence)}
    return bool(words & _UP) or (
        bool(words & _COMMENTS) and not words & {"below", "nedan", "unten", "abajo", "dessous"}
    )


def own_lines(lines: Iterable[tuple[str, bool]], asked: RubricTexts) -> list[str]:
    """What is left of `lines` without question copies and answer labels.

    Each line comes without its question id, with whether it had one: what stands beside the id is taken for the
    question sooner than other text, and so is what stands between an id and an `Answer:` with something behind it.
    """
    kept: list[str] = []
    question: tuple[int, int] | None = None
    start = 0
    for text, marked in lines:
        text, labelled = strip_label(text)
        if marked or labelled:
            kept, start = _without_question(kept, question), min(start, len(kept))
            question = None
        if marked:
            start = len(kept)
        if labelled and not marked:
            question = (start, len(kept))
        kept.append(_own_sentences(text, asked, marked and not labelled))
    return _without_question(kept, question)


def _without_question(kept: list[str], question: tuple[int, int] | None) -> list[str]:
    if question is None:
        return kept
    start, end = question
    answered = any(tokens(part) and not is_pointer(part) for line in kept[end:] for part in sentences(line))
    return [*kept[:start], *kept[end:]] if answered else kept


def _own_sentences(line: str, asked: RubricTexts, marked: bool) -> str:
    parts = _SENTENCE_END.split(line)
    if _BOLD.fullmatch(line.strip()) and len(parts) > 1 and any(map(asked.is_copy, parts)) and _is_question(parts[-1]):
        return ""
    if marked:
        parts = parts[_asked_sentences(parts, asked) :]
    kept = [part for part in parts if not asked.is_copy(part)]
    if len(kept) == len(parts) and not marked:
        return line if tokens(line) else ""
    return " ".join(part for part in kept if tokens(part)).strip()


def _asked_sentences(parts: list[str], asked: RubricTexts) -> int:
    """How many sentences beside an id are the question: those like it, and up to the last that asks or says `you`."""
    count = 0
    for place, part in enumerate(parts):
        goes_on = count > 0 and (_is_question(part) or bool(_YOU & set(tokens(part))))
        begins = place == count and (_is_question(part) or asked.is_copy(part, beside_id=True))
        if goes_on or begins:
            count = place + 1
    return count


def _is_question(sentence: str) -> bool:
    return sentence.rstrip(" *_)").endswith("?")


# Questions told apart

_TITLE_WEIGHT = 3.0
"""What a cue in a title counts; one in the text counts 1."""
_COPY_WEIGHT = 6.0
"""What a copy of a question counts, times its likeness."""
_COPIED = 0.75
"""Likeness from which a sentence counts as a copy."""
_STAY = 0.4
"""What it counts for a question that the unit before was about it."""
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
    cue = fold_case(cue.strip())
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
def fold_case(text: str) -> str:
    """`text` without the difference of capitals; the Turkish ones of i count as an i."""
    return text.lower() if text.isascii() else text.casefold().replace("i\u0307", "i").replace("\u0131", "i")


def has_cue(text: str, cue: str) -> bool:
    """Whether `cue` stands in `text` as whole words, in prose or as part of a name in code."""
    wanted = _prepared(cue)
    if wanted is None:
        return False
    plain, words = fold_case(text), wanted.words
    # most cues are not there at all: to look for their words takes a fraction of what the pattern takes
    if not all(word in plain for word in words):
        return False
    position = plain.find(words[0]) if words else 0
    while position >= 0:
        if wanted.pattern.match(plain, position):
            return True
        position = plain.find(words[0], position + 1) if words else -1
    return False


def cue_scores(units: Sequence[Unit], questions: Sequence[Question], asked: RubricTexts) -> list[dict[str, float]]:
    """For each unit the questions whose words it has, with weights: rare cues, titles and copies count most."""
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


def _copies(text: str, questions: Sequence[Question], asked: RubricTexts) -> dict[str, float]:
    """Questions of which `text` holds a copy; each sentence counts for the likest alone."""
    found: dict[str, float] = {}
    for sentence in sentences(text)[:200]:
        likeness = {q.id: asked.likeness(sentence, q.id) for q in questions}
        best = max(likeness, key=lambda question: likeness[question], default=None)
        if best is not None and likeness[best] >= _COPIED:
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


def share_units(
    units: Sequence[Unit], questions: Sequence[Question], asked: RubricTexts
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
