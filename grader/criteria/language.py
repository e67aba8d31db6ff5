"""The language of an answer, guessed from its small words."""

from __future__ import annotations

import re

from grader.facts.languages import SMALL_WORDS

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_LONGEST = 20_000
"""Characters that are looked at: ten pages tell a language, and nobody answers at greater length."""
_LEAST = 3
"""Small words that must stand there: `in` or `die` alone belong to several languages."""
_SHARE = 0.12
"""Share of the words that small ones make at least: prose has about a third, a list of terms or names hardly any."""
_CLEARLY = 1.6
"""How many times as many small words as the next language has: Danish and Swedish share half of theirs, and an answer
in both is of neither."""

_SETS = {language: frozenset(words.split()) for language, words in SMALL_WORDS.items()}


def language_of(text: str) -> str | None:
    """The code of the language of `text`; `None` where it is short, mixed, or of none that is known here.

    A language is named when enough of its small words stand there, clearly more than of any other.
    """
    words = [word.casefold() for word in _WORD.findall(text[:_LONGEST])]
    counts = {language: sum(word in known for word in words) for language, known in _SETS.items()}
    best, second = sorted(counts, key=lambda language: -counts[language])[:2]
    enough = counts[best] >= max(_LEAST, _SHARE * len(words))
    return best if enough and counts[best] >= _CLEARLY * counts[second] else None
