"""Which row of a platform's list is which student."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from grader.exports.grades import Export, Grade


def matched_rows(
    grades: Sequence[Grade],
    rows: Iterable[tuple[int, Mapping[str, str]]],
    fields: Sequence[tuple[str, Callable[[Grade], Iterable[str]]]],
    export: Export,
    agrees: Callable[[Grade, Mapping[str, str]], bool] = lambda *_: True,
) -> dict[int, Grade]:
    """Row -> grade. `rows` are (place, cells by field); `fields` say, surest first, which values of a grade stand in
    which field. A value that several rows or several students have decides nothing, and neither does a less sure field
    for them; a pair that does not `agree` otherwise is none. Who is left goes to `export.unmatched`; rows that are left
    go to `export.absent`.
    """
    rows = list(rows)
    cells_at = dict(rows)
    found: dict[int, Grade] = {}
    left = list(grades)
    contested: list[Grade] = []
    for name, values in fields:
        places: defaultdict[str, list[int]] = defaultdict(list)
        for place, cells in rows:
            if place not in found and (value := cells.get(name, "")):
                places[value].append(place)
        claims: defaultdict[str, list[Grade]] = defaultdict(list)
        for grade in left:
            for value in dict.fromkeys(value for value in values(grade) if value):
                claims[value].append(grade)
        for value, claimants in claims.items():
            if len(claimants) > 1 or len(places[value]) > 1:
                contested += claimants if places[value] else []
                continue
            at, grade = next(iter(places[value]), None), claimants[0]
            if (
                at is not None
                and at not in found
                and grade in left
                and grade not in contested
                and agrees(grade, cells_at[at])
            ):
                found[at] = grade
                left.remove(grade)
    export.unmatched += [grade.called for grade in left]
    export.absent += [cells.get("shown", "") or f"line {place}" for place, cells in rows if place not in found]
    return found


def folded_name(text: str) -> str:
    """A name without case, accents, signs and order: `Doe, Jane` and `Jane Doe` are one."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(sorted(re.findall(r"[^\W_]+", letters)))


def joined_name(text: str) -> str:
    """A name as Canvas puts it into file names: `Doe, Jane` is `doejane`."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[\W_]+", "", "".join(sign for sign in plain if not unicodedata.combining(sign)))
