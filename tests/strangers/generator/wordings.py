"""Wordings: headings and answers in our own words, in several languages."""

from __future__ import annotations

from random import Random

from generator.nouns import Handin, Heading, Prose, UnfitError
from generator.transforms import transform

_SPOKEN = {
    "own_chapter_title": {
        "en": "4 Reflections",
        "sv": "4 Reflektioner",
        "de": "4 Rückblick",
    },
    "own_chapter": {
        "en": "We worked on this lab in two long afternoons. Most of the time went into finding out why our first plots stayed empty. "
        "Next time we would start earlier and write down what each run gave.",
        "sv": "Vi arbetade med labben under två långa eftermiddagar. Den mesta tiden gick åt till att förstå varför våra första bilder "
        "var tomma. Nästa gång börjar vi tidigare och antecknar vad varje körning gav.",
        "de": "Wir haben zwei lange Nachmittage an dieser Aufgabe gesessen. Die meiste Zeit ging damit hin, herauszufinden, warum unsere "
        "ersten Bilder leer blieben. Nächstes Mal fangen wir früher an und schreiben auf, was jeder Lauf ergab.",
    },
    "references_title": {"en": "References", "sv": "Källor", "de": "Quellen"},
    "opening": {
        "en": "Group 7. Hours spent: 14 and 12. We declare that we wrote this hand-in ourselves.",
        "sv": "Grupp 7. Nedlagd tid: 14 och 12 timmar. Vi intygar att vi har skrivit inlämningen själva.",
        "de": "Gruppe 7. Aufwand: 14 und 12 Stunden. Wir versichern, dass wir diese Abgabe selbst geschrieben haben.",
    },
}


def speak(language: str, key: str) -> str:
    """A phrase in `language`, or in English where we have none."""
    return _SPOKEN[key].get(language, _SPOKEN[key]["en"])


def _reword(handin: Handin, language: str) -> None:
    """Titles and answers in our own words of `language`; what is not known stays as it is."""
    words = handin.lab.wordings.get(language)
    if not words:
        raise UnfitError(f"no words in {language} for this lab")
    handin.language = language
    answered: set[str] = set()
    for block in handin.blocks:
        if isinstance(block, Heading) and block.question in words:
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
