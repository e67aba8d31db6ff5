"""What a text says: its numbers in English and continental spelling, the concepts of a rubric, its language."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from grader.facts.languages import SMALL_WORDS

_LONGEST = 200_000
"""Characters of a text whose numbers are looked at: a printed log of hundreds of epochs; what is longer is a dump."""
_SPACES = " \u00a0\u2009\u202f"
_GROUPED = re.compile(rf"(?<![\w.,])\d{{1,3}}(?:[{_SPACES}'’]\d{{3}})+(?:[.,]\d+)?(?![\w])")
_PLAIN = re.compile(r"(?<![\w.,])[.]?\d[\d.,]*(?:[eE][-+]?\d{1,3})?")
_PERCENT = re.compile(r"\s{0,2}\\?(?:%|percent|per cent|prozent|procent|pour cent)", re.IGNORECASE)

_RUN = re.compile(r"[^\W_]+")
_MOST_FINDS = 200
"""Finds of one concept that are kept: more than a report marks, and a bound on a text of one word repeated."""

_SPOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_LONGEST_ANSWER = 20_000
"""Characters that are looked at: ten pages tell a language, and nobody answers at greater length."""
_LEAST_SMALL = 3
"""Small words that must stand there: `in` or `die` alone belong to several languages."""
_SMALL_SHARE = 0.12
"""Share of the words that small ones make at least: prose has about a third, a list of terms or names hardly any."""
_CLEARLY = 1.6
"""How many times as many small words as the next language has: Danish and Swedish share half of theirs, and an answer
in both is of neither."""

_SETS = {language: frozenset(words.split()) for language, words in SMALL_WORDS.items()}


@dataclass(frozen=True)
class Number:
    """A number as it stands in a text."""

    text: str
    values: tuple[float, ...]
    """What it may mean: `55,050` is 55050 or 55.05. A percentage is given as a share too."""
    decimals: tuple[int, ...]
    """Digits after the point in each of `values`."""
    position: int

    def states(self, target: float, tolerance: float) -> bool:
        """Whether it may mean `target`: within `tolerance`, or equal when rounded as it is (two digits at least)."""
        for value, decimals in zip(self.values, self.decimals, strict=True):
            rounding = 0.5 * 10.0**-decimals * (1.0 + 1e-9) if decimals >= 2 else 0.0
            if abs(value - target) <= max(tolerance, rounding, 1e-9):
                return True
        return False


@lru_cache(maxsize=256)
def numbers_in(text: str) -> tuple[Number, ...]:
    """All numbers of `text` (its first 200,000 characters), in order. Dotted ids such as `2.1.5` are none."""
    text = _cleaned(text)
    found = [_number(match, text) for pattern in (_GROUPED, _PLAIN) for match in pattern.finditer(text)]
    # The parts of `55 050` are kept beside the whole: two numbers may be meant.
    return tuple(
        sorted((number for number in found if number), key=lambda number: (number.position, -len(number.text)))
    )


def values_in(text: str) -> frozenset[float]:
    """All that the numbers of `text` may mean; percentages as they stand."""
    text = _cleaned(text)
    tokens = {token.rstrip(".,") for pattern in (_GROUPED, _PLAIN) for token in pattern.findall(text)}
    return frozenset(value for token in tokens for value, _ in _meanings(_ungrouped(token)))


def _cleaned(text: str) -> str:
    return text[:_LONGEST].replace("{,}", ",").replace("\\,", " ")


def _ungrouped(token: str) -> str:
    return token if token.replace(".", "").isdecimal() else re.sub(rf"[{_SPACES}'’]", "", token)


def _number(match: re.Match[str], text: str) -> Number | None:
    token = match.group().rstrip(".,")
    end = match.start() + len(token)
    meanings = _meanings(_ungrouped(token))
    if not meanings:
        return None
    if _PERCENT.match(text, end):
        meanings = (*meanings, *((value / 100.0, decimals + 2) for value, decimals in meanings))
    values, decimals = zip(*meanings, strict=True)
    return Number(token, values, decimals, match.start())


@lru_cache(maxsize=4_096)
def _meanings(token: str) -> tuple[tuple[float, int], ...]:
    """(value, decimals) of every reading of `token`."""
    return tuple(_readings(token))


def _readings(token: str) -> list[tuple[float, int]]:
    mantissa, _, exponent = token.replace("E", "e").partition("e")
    if exponent:
        try:
            return [(float(f"{mantissa.replace(',', '.')}e{exponent}"), 12)]
        except ValueError:
            return []
    marks = [sign for sign in mantissa if sign in ".,"]
    if not marks:
        return [(float(mantissa), 0)] if len(mantissa) <= 15 else []
    if len(set(marks)) == 2:
        last = max(mantissa.rfind("."), mantissa.rfind(","))
        if mantissa.count(mantissa[last]) > 1:
            return []
        whole = mantissa[:last].replace(",", "").replace(".", "")
        return _decimal(whole, mantissa[last + 1 :])
    parts = mantissa.split(marks[0])
    thousands = 0 < len(parts[0]) <= 3 and parts[0] != "0" and all(len(part) == 3 for part in parts[1:])
    meanings = [(float("".join(parts)), 0)] if thousands else []
    if len(parts) == 2:
        meanings += _decimal(parts[0], parts[1])
    return meanings


def _decimal(whole: str, fraction: str) -> list[tuple[float, int]]:
    if len(whole) + len(fraction) > 30 or not (whole + fraction).isdigit():
        return []
    return [(float(f"{whole or '0'}.{fraction or '0'}"), len(fraction))]


@lru_cache(maxsize=512)
def folded(text: str) -> tuple[str, tuple[int, ...]]:
    """Lower case without accents, every run of other signs as one blank; and where each sign of it came from."""
    signs: list[str] = [" "]
    places: list[int] = [0]
    for word in _RUN.finditer(text):
        if word.group().isascii():
            signs.append(word.group().lower())
            places += range(word.start(), word.end())
        else:
            for offset, sign in enumerate(word.group(), start=word.start()):
                letters = [s for s in unicodedata.normalize("NFKD", sign.casefold()) if not unicodedata.combining(s)]
                signs += letters
                places += [offset] * len(letters)
        signs.append(" ")
        places.append(word.end())
    return "".join(signs), tuple(places)


def mentions(text: str, phrases: tuple[str, ...]) -> list[str]:
    """The words of `text` that name one of `phrases`, as they are written there; the start of a word is enough."""
    plain, places = folded(text)
    found: list[str] = []
    for phrase in phrases:
        # The start of a word is enough: `probabilit` finds both its singular and its plural.
        wanted = folded(phrase)[0].rstrip()
        if not wanted.strip():
            if phrase.strip() and phrase.strip() in text:
                found.append(phrase.strip())
            continue
        position = plain.find(wanted)
        while position >= 0 and len(found) < _MOST_FINDS:
            end = plain.find(" ", position + len(wanted))
            found.append(text[places[position + 1] : places[end] if end > 0 else len(text)])
            position = plain.find(wanted, position + 1)
    return list(dict.fromkeys(part for part in found if part))


def language_of(text: str) -> str | None:
    """The code of the language of `text`; `None` where it is short, mixed, or of none that is known here.

    A language is named when enough of its small words stand there, clearly more than of any other.
    """
    words = [word.casefold() for word in _SPOKEN.findall(text[:_LONGEST_ANSWER])]
    counts = {language: sum(word in known for word in words) for language, known in _SETS.items()}
    best, second = sorted(counts, key=lambda language: -counts[language])[:2]
    enough = counts[best] >= max(_LEAST_SMALL, _SMALL_SHARE * len(words))
    return best if enough and counts[best] >= _CLEARLY * counts[second] else None
