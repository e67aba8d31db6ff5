"""Wordings: headings and answers in our own words, in several languages."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from random import Random

from ruamel.yaml import YAML

from generator.nouns import Handin, Heading, Prose, UnfitError
from generator.transforms import transform

_PHRASES = Path(__file__).parent / "phrases.yaml"


@lru_cache(maxsize=1)
def _phrases() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = YAML(typ="safe").load(_PHRASES.read_text(encoding="utf-8"))
    return found


def speak(language: str, key: str) -> str:
    """A phrase in `language`, or in English where we have none."""
    known = _phrases()[key]
    return known.get(language, known["en"])


def _reword(handin: Handin, language: str) -> None:
    """Titles and answers in our own words of `language`; what is not known stays as it is."""
    words = handin.lab.wordings.get(language)
    if not words:
        raise UnfitError(f"no words in {language} for this lab")
    handin.language = language
    answered: set[str] = set()
    for block in handin.blocks:
        if isinstance(block, Heading) and block.question is not None and block.question in words:
            block.title = words[block.question][0]
        if isinstance(block, Prose) and len(block.answers) == 1 and block.answers[0] in words:
            question = block.answers[0]
            block.text = "" if question in answered else words[question][1]
            answered.add(question)
        elif isinstance(block, Prose) and block.answers and all(one in words for one in block.answers):
            block.text = "\n\n".join(words[one][1] for one in block.answers)
    handin.blocks = [block for block in handin.blocks if not isinstance(block, Prose) or block.text]


@transform("wording", "language")
def other_english(handin: Handin, rng: Random) -> None:
    """Headings and answers are in other English words."""
    _reword(handin, "en")


@transform("wording", "language")
def in_swedish(handin: Handin, rng: Random) -> None:
    """Headings and answers are in Swedish."""
    _reword(handin, "sv")


@transform("wording", "language")
def in_german(handin: Handin, rng: Random) -> None:
    """Headings and answers are in German."""
    _reword(handin, "de")


@transform("wording", "remarks")
def remarks_between(handin: Handin, rng: Random) -> None:
    """Short remarks stand between the cells."""
    found = [at for at, block in enumerate(handin.blocks) if getattr(block, "role", "") in ("fit", "plot")]
    for at in sorted(rng.sample(found, min(3, len(found))), reverse=True):
        handin.blocks.insert(at, Prose(rng.choice(_REMARKS), ()))
        following = handin.blocks[at + 1]
        following.opens = True  # type: ignore[union-attr]


_REMARKS = ("Now we run it.", "This takes a while.", "Let us look at the result:", "Here it goes.")
