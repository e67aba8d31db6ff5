"""The language of an answer, guessed from its small words."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_LONGEST = 20_000
_LEAST = 3
_SHARE = 0.12
_CLEARLY = 1.6

SMALL_WORDS = {
    "en": "the and is are of to in that this with for we it as which was on by because our not can than have has be "
    "from will when also its they more these an were how but each at so",
    "sv": "och att det som en är för av på med inte den vi till har kan ett eftersom vilket detta när från mer än "
    "också eller om de men så blir våra vår där hur varje varför mycket bättre",
    "de": "der die das und ist nicht ein eine mit auf für den dem des sich wir dass von zu im als auch wird sind "
    "werden weil bei oder durch wenn kann mehr sehr unser einer einen zum zur wie aber da haben",
    "fr": "le la les des est une un et que qui dans pour pas sur avec nous ce cette il par au plus sont car aux ou du "
    "elle mais comme donc être on très notre ses leur entre peut",
    "es": "el la los las que es una un y en de por con para no se del al como más su lo nuestro porque son este esta "
    "pero cuando también hay muy entre ya tiene puede cada",
    "nl": "de het een en is van dat niet op te zijn voor met die wij we als ook maar om door naar bij wordt worden dit "
    "kan meer omdat onze deze heeft er aan dan of zou zeer hoe",
    "it": "il lo la gli le che è un una e di in per non con del della dei si più sono questo questa nel nostro perché "
    "come anche ma al alla ogni essere può molto",
    "pt": "o a os as que é um uma e de em por com para não do da se mais são este esta nosso porque como também mas no "
    "na cada ser pode muito entre quando pelo",
    "da": "og at det som en er for af på med ikke den vi til har kan et fordi hvilket dette når fra mere end også "
    "eller de men så bliver vores hvor hvordan hver meget bedre",
}
"""Language -> words that hardly any text in it does without."""

NAMES = {
    "en": "English",
    "sv": "Swedish",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "nl": "Dutch",
    "it": "Italian",
    "pt": "Portuguese",
    "da": "Danish or Norwegian",
}
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
