"""Words by language: what groups and teachers call things, in the languages in which labs are written."""

from __future__ import annotations

import re

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
"""Code -> English name."""

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

STOP_WORDS = frozenset(
    "the a an of in to and is are for you your do does what how why which that this with on as it use used using can "
    "be den det en ett och som är för av hur vad varför der die das und ist wie warum el la los las de que y es le "
    "les".split()
)
"""Words that tell no question from another, those of asking among them."""

OPENING_WORDS = frozenset(
    "what how why which when where explain describe discuss vad hur varför vilken vilka förklara beskriv diskutera was "
    "wie warum welche erkläre beschreibe qué cómo por cuál explica describe quel quelle comment pourquoi expliquez "
    "update train implement plot design select compute calculate state report give compare show write draw evaluate "
    "define create build modify change add repeat träna implementera rita jämför trainiere entrena entraînez".split()
)
"""Words with which a task or a question begins."""

QUESTION_WORDS = {
    "en": "questions? quest q answers? ans",
    "sv": "frågor fråga svar",
    "de": "frage antwort",
    "es": "pregunta respuesta",
    "fr": "réponse",
    "nl": "vraag",
    "da": "spørsmål",
}
"""Regular expressions, apart by spaces, of what stands before a question's number."""

TASK_WORDS = {
    "en": "subtask tasks? parts? exercises? ex problem section",
    "sv": "deluppgift uppgift uppg del steg",
    "de": "aufgabe teil übung lösung",
    "es": "parte ejercicio apartado tarea",
    "fr": "exercice partie tâche",
    "nl": "opgave",
    "da": "oppgave",
}
"""Regular expressions, apart by spaces, of what stands before the number of a task or a part."""

POINT_WORDS = {
    "en": "points? pts? marks? credits?",
    "sv": "poäng",
    "de": "punkte?",
    "es": "puntos?",
}
"""Regular expressions, apart by spaces, of what stands behind a number of points."""

MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
}

ACCURACY_WORDS = {
    "en": "accuracy acc precision",
    "sv": "noggrannhet träffsäkerhet",
    "de": "genauigkeit",
    "fr": "exactitude précision",
    "es": "exactitud precisión",
    "nl": "nauwkeurigheid",
}
LOSS_WORDS = {
    "en": "loss losses",
    "sv": "förlust",
    "de": "verlust",
    "fr": "perte",
    "es": "pérdida perdida",
}
VALIDATION_WORDS = {"en": "val validation", "sv": "validering", "de": "validierung", "es": "validación"}
TRAINING_WORDS = {"en": "train training", "sv": "träning", "fr": "entraînement", "es": "entrenamiento"}

TIME_WORDS = {
    "en": "s secs? seconds? ms mins? minutes?",
    "sv": "sekunder",
    "de": "sekunden? minuten",
    "fr": "secondes?",
    "es": "segundos?",
}
"""Regular expressions, apart by spaces, of the units behind a time that a training takes."""

LABEL_WORDS = {
    "en": "predicted prediction predict pred predictions true truth actual label labels class real expected digit the "
    "and image number probability prob",
    "sv": "förutsagd sann riktig",
    "de": "vorhersage wahr",
    "fr": "prédit vrai prédiction",
    "es": "predicho verdadero",
}
"""Words beside the labels that a model predicts, and those that are true, which are no labels themselves."""

SAYS_ACCURACY = re.compile(
    # `acc`, `accs` and a misspelt `accuarcy`, not `according`; else stems, as words are bent: `Testgenauigkeit`.
    r"\bacc(?:u(?!m)|s?(?![^\W\d_]))|accura|exactitud|précisi|precisi|genauigkeit|noggrann|träff|nauwkeurig",
    re.IGNORECASE,
)
"""Finds a word for accuracy in a label or a sentence."""

SAYS_LOSS = re.compile(r"loss|förlust|verlust|perte|pérdida|perdida|fehler|error|cost|entrop|kostnad", re.IGNORECASE)
"""Finds a word for a loss in a label."""

SAYS_EPOCH = re.compile(r"epoch|epok|epoche|époque|época", re.IGNORECASE)
"""Finds a word for an epoch in a label or a sentence."""

SAYS_PREDICTED = re.compile(r"pred|vorher|prédi|predic|förut", re.IGNORECASE)
"""Finds a word for what a model predicts in a line or a title."""


def words(table: dict[str, str]) -> frozenset[str]:
    """All words of a table, of any language."""
    return frozenset(word for line in table.values() for word in line.split())


def alternatives(*tables: dict[str, str]) -> str:
    """A regular expression that is any of the words of `tables`: the longer first, so that none cuts another short."""
    found = {word for table in tables for word in words(table)}
    return "|".join(sorted(found, key=lambda word: (-len(word), word)))


def month_number(name: str) -> int | None:
    """1 to 12 for a month's name or the beginning of one, in any language; `None` where that is none, or two."""
    folded = name.casefold()
    months = [line.casefold().split() for line in MONTHS.values()]
    numbers = {at for line in months for at, month in enumerate(line, start=1) if month.startswith(folded)}
    return numbers.pop() if len(numbers) == 1 else None
