"""The criterion `written`: a written answer: a person decides; the concepts found in it are a suggestion."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal, Self

from pydantic import JsonValue, field_validator

from grader.criteria import Case, Criterion, Seen, rounded_points
from grader.criteria.prose import language_of, mentions
from grader.facts.languages import NAMES
from grader.records import Printed, Reason, Subject, Verdict

_FEWEST_WORDS = 12
"""Below so many words a text under a question is a remark and no answer."""
_HARDLY_MORE = 4
"""Words up to which a text beside a link is no answer: `See https://...` and `Source: ...` have fewer."""
_LONGEST = 100_000
"""Characters of an answer that are looked at: fifty pages, which nobody writes under one question."""
_SHOWN = 200
"""Characters that are quoted of what cells print in place of an answer: two lines of a report tell what it is."""
_READ = 2_000
"""Characters that the quotation is cut from, so that a dump of megabytes isn't split into words."""
_MOST_MARKED = 60
"""Words that a report sets off in the answer: with more, nothing stands out any longer."""

_WORD = re.compile(r"[^\W_]+")
_LINK = re.compile(r"(?:https?://|www\.)\S{1,500}")


class WrittenCriterion(Criterion):
    """A written answer: a person decides; the concepts found in it are a suggestion."""

    title: ClassVar[str] = "Written answer"
    about: ClassVar[Subject] = "text"
    by_person: ClassVar[bool] = True
    decided_by_text: ClassVar[bool] = True
    hint_below: ClassVar[tuple[str, ...]] = (
        "a person decides; concepts that are found in the answer are marked for that person:",
        'mentions: [["one concept", "another word for it"], ["a second concept"]]',
    )
    sentences: ClassVar[Mapping[str, str]] = {
        "words": "{words:count word}.",
        "hardly_more_than_a_link": "The answer is hardly more than a link.",
        "found": "Found: {concepts:list}.",
        "not_found": "Not found: {concepts:list}.",
        "in_another_language": (
            "Written in {language}, it seems; the rubric's words are not, "
            "so {found:choose some=other concepts|none=concepts} were not looked for."
        ),
        "only_printed": "No text of yours was found under this id; its cells print: “{text}”.",
        "only_a_picture": "No text of yours was found under this id, only a picture: a person reads it.",
        "empty_section": "The section of this question was found, and nothing is written in it.",
        "no_answer": "No answer was found under this id. It may stand elsewhere.",
    }

    kind: Literal["written"] = "written"
    mentions: tuple[tuple[str, ...], ...] = ()
    """Concepts; each a tuple of words or phrases of which one is enough."""

    def judge(self, case: Case) -> Verdict:
        """Counts words and looks for the concepts that the rubric names; it never decides.

        The concepts' words are those of the rubric's language: in an answer in another one their absence says nothing.
        """
        evidence = case.places(case.cells)
        answer = case.answer[:_LONGEST]
        links = _LINK.findall(answer)
        words = len(_WORD.findall(_LINK.sub(" ", answer)))
        if not answer.strip() or (words == 0 and not links):
            # That a person decides is said of no written answer: it goes without saying.
            nothing = self._nothing_written(case)
            return self.review(nothing, observed={"words": 0}, evidence=evidence, closing=False)
        reasons = [self.because("words", words=words)]
        if links and words <= _HARDLY_MORE:
            reasons.append(self.because("hardly_more_than_a_link"))
        observed: dict[str, JsonValue] = {"words": words}
        if self.mentions:
            reasons += self._concepts(answer, case.match.rubric.language, observed)
        expected: JsonValue = [list(concept) for concept in self.mentions]
        return self.review(*reasons, observed=observed, expected=expected, evidence=evidence, closing=False)

    @field_validator("mentions", mode="before")
    @classmethod
    def _single_phrases(cls, value: object) -> object:
        """A concept that is named by one phrase may be written as text."""
        if not isinstance(value, list):
            return value
        return tuple((one,) if isinstance(one, str) else tuple(one) if isinstance(one, list) else one for one in value)

    @property
    def concepts(self) -> tuple[tuple[str, ...], ...]:
        """Those of `mentions`."""
        return self.mentions

    @classmethod
    def propose(cls, seen: Seen) -> Iterator[Self]:
        """Where the solution answers in words, or nothing happens."""
        if len(seen.answer.split()) >= _FEWEST_WORDS or not seen.events:
            yield cls(points=1)

    def _concepts(self, answer: str, language: str, observed: dict[str, JsonValue]) -> list[Reason]:
        """Reasons on the concepts, which are noted in `observed` with the words that name them."""
        named = {concept: mentions(answer, concept) for concept in self.mentions}
        found: list[JsonValue] = [concept[0] for concept, words in named.items() if words]
        lacking: list[JsonValue] = [concept[0] for concept, words in named.items() if not words]
        marked: list[JsonValue] = list(dict.fromkeys(word for words in named.values() for word in words))
        observed["found"] = list(found)
        observed["marked"] = marked[:_MOST_MARKED]
        reasons = [self.because("found", concepts=found)] if found else []
        spoken = language_of(answer)
        if spoken is not None and spoken != language and lacking:
            observed["language"] = spoken
            other = self.because("in_another_language", language=NAMES[spoken], found="some" if found else "none")
            return [*reasons, other]
        observed["missing"] = list(lacking)
        observed["suggested"] = rounded_points(self.points, len(found) / len(self.mentions))
        return [*reasons, self.because("not_found", concepts=lacking)] if lacking else reasons

    def _nothing_written(self, case: Case) -> Reason:
        """What to say where no text stands: the cells may have printed the answer, or show it as a picture."""
        for recording in (case.match.saved, case.match.rerun):
            printed = " ".join(
                event.text for event in recording.events if isinstance(event, Printed) and event.cell in case.cells
            )
            if printed.split():
                return self.because("only_printed", text=" ".join(printed[:_READ].split())[:_SHOWN])
        if case.question.pictures:
            return self.because("only_a_picture")
        return self.because("empty_section" if case.question.placed_by == "id" else "no_answer")
