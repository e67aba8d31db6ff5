"""Tables made from a result, read as a spreadsheet reads them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from grader.classroom.gradebook import gradebook_text
from grader.classroom.review_sheet import review_rows, review_text
from grader.records import Entry, Member, Result

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_CALCULATES = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a cell begins that some spreadsheet takes for a formula, in full width too."""


def complaints(result: Result) -> Iterator[str]:
    """Cells of the gradebook and of the review's list that a spreadsheet would calculate or obey."""
    name = result.submission
    entry = Entry(name=name, path="", members=(Member(name=name, id=name, email=name),))
    # A problem stands in the same place as a remark: both are words of whoever handed in.
    answers = " ".join(question.answer for question in result.questions)
    tables = {
        "gradebook.csv": gradebook_text([entry], {name: result}, {name: answers}),
        "review.csv": review_text(review_rows(result), everything=True),
    }
    for table, text in tables.items():
        for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"))):
            for cell in row:
                if cell.startswith(_CALCULATES) and not _NUMBER.fullmatch(cell) and cell != "-":
                    yield f"{table} has the cell {cell[:60]!r}"
                if any(ord(sign) < 32 and sign not in "\n\t" for sign in cell):
                    yield f"{table} has control characters in {cell[:60]!r}"
