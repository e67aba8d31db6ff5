"""Times as learning platforms, spreadsheets and people write them."""

from __future__ import annotations

import re
from datetime import datetime

_FORMS = (
    "%b %d, %Y %I%M %p",
    "%b %d, %Y %I.%M %p",
    "%b %d, %Y %I:%M %p",
    "%b %d, %Y %H%M",
    "%d %b, %Y %H%M",
    "%d %b %Y %H%M",
    "%d %b %Y %H.%M",
    "%d %b %Y, %H:%M",
    "%d %b %Y, %I:%M %p",
    "%d %b %Y %H:%M",
    "%Y %m %d %H%M",
    "%d/%m/%Y %H:%M",
    "%d.%m.%Y %H:%M",
)
_MONTHS = {
    name: at % 12 + 1
    for at, name in enumerate(
        "january february march april may june july august september october november december "
        "januar februar märz april mai juni juli august september oktober november dezember "
        "januari februari mars april maj juni juli augusti september oktober november december "
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre "
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split()
    )
}
"""English, German, Swedish, French, Spanish."""
_SHORT = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WORD = re.compile(r"[^\W\d_]+")
_WEEKDAY = re.compile(r"[^\W\d_]+,? (?=\d)")


def read_time(text: str) -> datetime | None:
    """A time as an LMS, a spreadsheet or ISO 8601 writes it; without a zone unless it names one. `None`: not one."""
    text = " ".join(text.replace("\u202f", " ").split())[:80]
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    text = _in_english(text)
    for form in _FORMS:
        for said in (text, _WEEKDAY.sub("", text, count=1)):
            try:
                return datetime.strptime(said, form)
            except ValueError:
                continue
    return None


def _in_english(text: str) -> str:
    """`2 mars 2026` with its month as `strptime` knows it, and the signs of short forms (`févr.`, `2. März`) gone."""
    text = re.sub(r"(?<=[^\W\d_])\.", "", text)
    text = re.sub(r"\b(\d{1,2})\. ?(?=[^\W\d_])", r"\1 ", text)
    text = re.sub(r"\bde\b ?|\bkl\b ?|\bà\b ?", "", text, flags=re.IGNORECASE)
    return _WORD.sub(lambda found: _month(found[0]), text)


def _month(word: str) -> str:
    folded = word.casefold()
    if len(folded) < 3:
        return word
    numbers = {number for name, number in _MONTHS.items() if name.startswith(folded)}
    return _SHORT[numbers.pop()] if len(numbers) == 1 else word
