"""How like the names are that students and teachers give to the same thing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import lru_cache

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-zäöüåéèß]+|\d+")
_LEAST_RATIO = 0.78


def words(name: str) -> tuple[str, ...]:
    """The words of `max_pooling` or `MaxPooling2D`, in lower case."""
    return tuple(part.lower() for part in _PARTS.findall(name[:120]))


def likeness(name: str, known: Iterable[str]) -> float:
    """0 to 1: how like `name` is to the likest of `known`; of `Pool.forward`, the class or the method."""
    parts = [name, *name.split(".")] if "." in name else [name]
    return max((_likeness(words(part), words(one)) for part in parts for one in known), default=0.0)


@lru_cache(maxsize=20_000)
def _likeness(given: tuple[str, ...], known: tuple[str, ...]) -> float:
    left, right = "".join(given), "".join(known)
    if not left or not right:
        return 0.0
    if left == right:
        return 1.0
    if len(right) >= 4 and (right in left or set(known) <= set(given)):
        return 0.9
    if set(known) <= set(given):
        return 0.85
    ratio = SequenceMatcher(None, left, right, autojunk=False).ratio()
    return ratio * 0.9 if ratio >= _LEAST_RATIO else 0.0
