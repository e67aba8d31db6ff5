"""A group's own words, told from copied questions, labels and pointers elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

from grader.records.rubric import Rubric

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
_OPENINGS = set(
    "what how why which when where explain describe discuss vad hur varför vilken vilka förklara beskriv diskutera was "
    "wie warum welche erkläre beschreibe qué cómo por cuál explica describe quel quelle comment pourquoi expliquez "
    "update train implement plot design select compute calculate state report give compare show write draw evaluate "
    "define create build modify change add repeat träna implementera rita jämför trainiere entrena entraînez".split()
)
_YOU = {"you", "your"}
_STOP = set(
    "the a an of in to and is are for you your do does what how why which that this with on as it use used using can "
    "be den det en ett och som är för av hur vad varför der die das und ist wie warum el la los las de que y es le "
    "les".split()
)


@lru_cache(maxsize=4_096)
def tokens(text: str) -> tuple[str, ...]:
    """Words and numbers of `text` in lower case."""
    return tuple(token.casefold() for token in _TOKEN.findall(text[:4_000]))


class Asked:
    """The texts that a rubric asks, for recognising copies of them."""

    def __init__(self, rubric: Rubric) -> None:
        self.by_question = {question.id: _asked(f"{question.asks}\n{question.title}") for question in rubric.questions}
        cues = [tokens(cue) for question in rubric.questions for cue in question.cues]
        self._phrases = tuple(" ".join(cue) for cue in cues if len(cue) >= 2)
        self._questions = tuple(" ".join(cue) for cue in cues if len(cue) >= 3)
        self._long_phrases = tuple(" ".join(cue) for cue in cues if len(cue) >= 4)
        self._openings = _OPENINGS | {part[0] for parts in self.by_question.values() for part in parts} - _STOP
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
            weighty = set(words) - _STOP
            near = dict.fromkeys(part for word in sorted(weighty) for part in self._with_word.get(word, ()))
            found = {part.words: part.likeness(words, weighty) for part in near}
            self._likest[words] = {words: 1.0} if not weighty and words in self._parts else found
        return self._likest[words]

    def is_copy(self, sentence: str, beside_id: bool = False) -> bool:
        """Whether `sentence` is a copied question. An answer often repeats the question's words: only what asks or
        tells to do something counts as a copy when it is merely like one, sooner still beside an id."""
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
        self.weighty = frozenset(words) - _STOP
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
    """Lines, and the sentences within them."""
    found = []
    for line in text.split("\n"):
        found += [part for part in _SENTENCE_END.split(line[:20_000]) if part.strip()]
    return found


def without_label(line: str) -> tuple[str, bool]:
    """`line` without an `Answer:` at its beginning, and whether there was one."""
    label = _LABEL.match(line)
    return (line[label.end() :], True) if label else (line, False)


def is_pointer(sentence: str) -> bool:
    """Whether it only sends the reader elsewhere: `See comments above`."""
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


def own_lines(lines: Iterable[tuple[str, bool]], asked: Asked) -> list[str]:
    """What is left of `lines` without question copies and answer labels.

    Each line comes without its question id, with whether it had one: what stands beside the id is taken for the
    question sooner than other text, and so is what stands between an id and an `Answer:` with something behind it.
    """
    kept: list[str] = []
    question: tuple[int, int] | None = None
    start = 0
    for text, marked in lines:
        text, labelled = without_label(text)
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


def _own_sentences(line: str, asked: Asked, marked: bool) -> str:
    parts = _SENTENCE_END.split(line)
    if _BOLD.fullmatch(line.strip()) and len(parts) > 1 and any(map(asked.is_copy, parts)) and _is_question(parts[-1]):
        return ""
    if marked:
        parts = parts[_asked_sentences(parts, asked) :]
    kept = [part for part in parts if not asked.is_copy(part)]
    if len(kept) == len(parts) and not marked:
        return line if tokens(line) else ""
    return " ".join(part for part in kept if tokens(part)).strip()


def _asked_sentences(parts: list[str], asked: Asked) -> int:
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
