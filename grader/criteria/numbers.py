"""Numbers in prose and printed text, in English and continental spelling."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_LONGEST = 200_000
_SPACES = " \u00a0\u2009\u202f"
_GROUPED = re.compile(rf"(?<![\w.,])\d{{1,3}}(?:[{_SPACES}'’]\d{{3}})+(?:[.,]\d+)?(?![\w])")
_PLAIN = re.compile(r"(?<![\w.,])[.]?\d[\d.,]*(?:[eE][-+]?\d{1,3})?")
_PERCENT = re.compile(r"\s{0,2}\\?(?:%|percent|per cent|prozent|procent|pour cent)", re.IGNORECASE)


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
