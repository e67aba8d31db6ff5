"""`HandIn`: what an observer is given, a whole hand-in beside the lab's reference, and what it may ask of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from grader.code.program import Fit, Program, programs
from grader.criteria import Case, place, places
from grader.records import Cell, CellFailed, Match, Recording, Reference

_LONGEST = 400_000
"""Characters of one cell in which names are looked for: any program or report is shorter."""


_NAME = re.compile(r"[^\W\d]\w{0,80}")
_LONGEST_LINE = 1_000
"""Characters of a line of text that are looked at: of code, as one writes it, none is longer."""
_BLANKS = re.compile(r"[ \t]+")
_MADE = re.compile(
    r"([\w, ()]{1,200}?) ?(?:: ?[\w.\[\]]{1,80} ?)?=(?!=)|"
    r"(?:async )?(?:def|class) (\w{1,80})|"
    r"for ([\w, ()]{1,200}?) in\b|with .{1,200}?\bas (\w{1,80})|"
    r"(?:from [\w.]{1,200} )?import (.{1,400})"
)
"""A line of code that makes names: an assignment, a definition, a loop, an import. It is held against one line without
its indentation, whose blanks are single: a run of them could be split between two parts of the pattern in each way."""


@dataclass(frozen=True)
class HandIn:
    """One hand-in, beside the lab's reference."""

    match: Match
    reference: Reference

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """Each question of it, in the rubric's order: what the criteria are given as well."""
        return tuple(Case(question, self.match, self.reference) for question in self.match.questions)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Its cells, by their indices."""
        return self.match.submission.cells

    @property
    def rerun(self) -> Recording:
        """What happened when the code was run again."""
        return self.match.rerun

    @property
    def saved(self) -> Recording:
        """What the outputs that were handed in tell."""
        return self.match.saved

    def has_run(self, cell: int) -> bool:
        """Whether the rerun came to `cell`, and tried it."""
        outcome = self.rerun.outcome
        if outcome.status == "not run":
            return False
        return outcome.status == "finished" or cell <= outcome.last_cell

    def failures_in(self, cell: int) -> list[CellFailed]:
        """The errors with which `cell` stopped in the rerun."""
        return [event for event in self.rerun.events if isinstance(event, CellFailed) and event.cell == cell]

    @cached_property
    def programs(self) -> tuple[Program, ...]:
        """The code of each file, read without running it."""
        return programs(self.cells)

    @property
    def fits(self) -> tuple[Fit, ...]:
        """The trainings that stand in the text of the code."""
        return tuple(fit for program in self.programs for fit in program.fits)

    @property
    def code_text(self) -> str:
        """All code, as text."""
        return "\n".join(cell.source for cell in self.cells if cell.kind == "code")

    def is_fragment(self, file: str) -> bool:
        """Whether the code of `file` was taken out of a document: parts of it may not have been found again."""
        return any(cell.file == file and cell.origin != "file" for cell in self.cells)

    def words_outside(self, file: str, unread: tuple[int, ...]) -> frozenset[str]:
        """Names that stand anywhere outside the code of `file` that could be read: they may be made there."""
        fragment = self.is_fragment(file)
        texts = [
            cell.source[:_LONGEST]
            for cell in self.cells
            if cell.index in unread
            or cell.unrun == "damaged"
            or (cell.kind == "code" and cell.runs and cell.file != file)
            or (cell.kind == "prose" and fragment)
        ]
        found = {name for text in texts for name in _NAME.findall(text)}
        return frozenset(found) | self.names_in_prose

    @cached_property
    def names_in_prose(self) -> frozenset[str]:
        """Names that code in a cell of text makes: it was written as code, and its cell only says that it is none."""
        prose = [cell.source[:_LONGEST] for cell in self.cells if cell.kind == "prose"]
        lines = (_BLANKS.sub(" ", line[:_LONGEST_LINE].lstrip(" \t>")) for text in prose for line in text.split("\n"))
        found = (made for line in lines if (made := _MADE.match(line)) is not None)
        return frozenset(name for made in found for name in _NAME.findall(" ".join(filter(None, made.groups()))))

    def place(self, cell: int) -> str:
        """`cell 16` or `page 3`, counted as a person counts, with the file's name where there are several."""
        return place(self.match, cell)

    def places(self, cells: Iterable[int]) -> tuple[str, ...]:
        """The places of distinct `cells`, in order; what lies outside any cell is left out."""
        return places(self.match, cells)

    def question_of(self, cells: Iterable[int]) -> str | None:
        """Id of the question whose model was made in `cells`, else of the first under which they stand, else `None`."""
        wanted = set(cells)
        asked = [case.question for case in self.cases]
        practical = [q for q in asked if any(not criterion.by_person for criterion in q.question.criteria)]
        for question in practical:
            if question.model is not None and wanted & set(question.model.cells) and wanted & set(question.cells):
                return question.question.id
        for question in practical:
            if question.model is not None and wanted & set(question.model.cells):
                return question.question.id
        return next((question.question.id for question in asked if wanted & set(question.cells)), None)

    def question_at(self, cell: int) -> str | None:
        """Id of the first question under which `cell` itself stands, whatever models it makes."""
        return next((case.question.question.id for case in self.cases if cell in case.cells), None)
