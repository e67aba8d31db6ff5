"""What hand-ins are judged by: one file a criterion, in the room of what it is about.

What the file of a criterion needs is imported from here: the class that it subclasses, what it is given, the reasons
that all criteria share, and the words for places and numbers, which observations use too. What is measured or compared
stands in a chapter of its own.

| module | what it is |
|---|---|
| `base` | `Criterion`, of which every criterion is a subclass, and the verdicts that it makes |
| `case` | `Case`: what a criterion is given, and what it may ask of it |
| `sentences` | how it is said: templates of reasons, those that all criteria share, places and numbers |
| `figure_parts` | what a figure shows: recorded histories, images, labels |
| `input_scaling` | in which range pixels reach a model |
| `layers` | two networks side by side |
| `prose` | what a text says: numbers, concepts, its language |
| `training_evidence` | what trainings saw and varied |
| `registry` | finds criteria: those here, those of installed packages, and a lab's own `checks.py` |
| `judge` | verdicts on every criterion of every question |
"""

from grader.criteria.base import AboutAModel, Criterion, Seen, rounded_points
from grader.criteria.case import Case, Text
from grader.criteria.sentences import (
    PERSON_DECIDES,
    SHOWN_IN,
    accuracy_text,
    capitalised,
    clipped,
    counted,
    listed,
    place,
    places,
    quantity,
    sentence,
    shared,
)

__all__ = [
    "PERSON_DECIDES",
    "SHOWN_IN",
    "AboutAModel",
    "Case",
    "Criterion",
    "Seen",
    "Text",
    "accuracy_text",
    "capitalised",
    "clipped",
    "counted",
    "listed",
    "place",
    "places",
    "quantity",
    "rounded_points",
    "sentence",
    "shared",
]
