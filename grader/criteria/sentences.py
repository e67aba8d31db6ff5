"""How verdicts are worded: a small template language, strict in what it takes, and the words for places and numbers.

A template is text with fields such as `{epochs:count epoch}`. What stands behind the colon says how the value is
worded; unknown words, missing values and values that no field names are errors, which a test of all criteria finds.

| field | value | worded as |
|---|---|---|
| `{name}` | text or whole number | as it is; whole numbers with commas, such as `55,050` |
| `{n:count epoch}` | whole number | `1 epoch`, `1,875 epochs`; `{n:count match/matches}` where the plural is another |
| `{n:plural is/are}` | whole number, or a list | the first word for one, else the second |
| `{names:list}` | list of texts | `a, b and c`; another last word is given: `{names:list or}`, `{names:list and no}` |
| `{names:quoted}` | list of texts | as `list`, each in backquotes |
| `{x:score}` | number or `None` | four decimals, such as `0.9746`; `not a number` where it is none |
| `{metrics:scores}` | object of such | `accuracy 0.9746, loss 0.0812`; `no values` where there are none |
| `{x:number}` | number | `55,050`, or up to four decimals without closing zeros |
| `{xs:numbers}` | list of numbers | each as `number`, in a list; `{xs:numbers or}` for another last word |
| `{x:short}` | number or `None` | shortest form, such as `0.1` or `1e-06`; `none` for `None` |
| `{xs:quantities}` | list of numbers | each as `short`, in a list |
| `{x:percent}` | share, 0 to 1 | `12 %` |
| `{text:capital}` | text | with a capital first letter, unless it begins with the name of a file |
| `{text:sentence}` | text | with a capital and a full stop |
| `{text:ended}` | text | with a full stop where it has no end |
| `{how:choose a=one|b=another}` | text | the words behind that very name and `=`; they may be none |
| `{x:.4g}` and the like | number | as Python's own format does |
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pydantic import JsonValue

from grader.records import Match, Reason

SHARED_KIND = "shared"
"""In place of a criterion's kind, in the codes of reasons that all criteria share."""

SHARED: Mapping[str, str] = MappingProxyType(
    {
        "person_decides": "A person decides.",
        "own_error": "Labgrade could not check this; it is no fault of the submission.",
        "not_run": "The code was not run, so this could not be checked.",
        "not_run_because": "{message:sentence}",
        "ended_early": "The rerun ended early ({status}), so this could not be checked.",
        "ended_early_in": "The rerun ended early ({status} in {place}), so this could not be checked.",
        "limit": "A limit was reached in {place}: {message}",
        "stopped": "{place:capital} stopped with {error}: {message}.",
        "stopped_in_line": "{place:capital} stopped, line {line} with {error}: {message}.",
        "perhaps_the_machine": ("This may be due to the machine or its library versions rather than to the code."),
        "not_found": "No {what} was found for this question.",
        "not_repeated": "It did not happen when the code was run again.",
        "saved_training": "The output saved under {place} shows a training of {epochs:count epoch}.",
        "saved_trainings": (
            "The output saved under {place} shows {trainings} trainings, the first of {epochs:count epoch}."
        ),
        "saved_picture": "A picture is saved under {places:list}, and labgrade cannot read its content.",
        "saved_pictures": "Pictures are saved under {places:list}, and labgrade cannot read their content.",
        "picture_not_run": (
            "A picture is saved under {places:list}, but the code was not run, so there is nothing to compare it with."
        ),
        "picture_not_drawn": (
            "A picture is saved under {places:list}, but the rerun drew nothing to compare it with, and labgrade "
            "cannot read its data."
        ),
        "points_alone": "Points are drawn without lines, and labgrade compares lines only.",
        "labels": "It has {labels:list}.",
        "labels_missing": "Missing: {labels:list}.",
        "code_lost": "Code of {place} could not be recovered from its document, so it was not run.",
        "document_stopped": (
            "{place:capital} stopped with {error}; a document may show only parts of the code, or damaged ones."
        ),
        "lines_lost": "Lines of this log may have been lost in the document.",
        "unverified": ("This training ran inside the sandbox ({why}), and labgrade could not confirm what it reports."),
    }
)
"""Code (without its kind) -> template, of reasons that any criterion may give."""


SHOWN_IN = (
    "{source:choose figure=The figure of|saved=The output saved under|printed=What} {place}"
    "{source:choose figure=|saved=|printed= prints}"
)
"""Begins the template of a sentence on what a place shows: `What cell 3 prints`. Two values: `source`, which is
`figure` or the `Text.source` of a text, and `place`."""


class TemplateError(Exception):
    """A template and values that do not fit each other: a mistake in labgrade or in a lab's own criterion."""


def shared(name: str, **values: JsonValue) -> Reason:
    """A reason of `SHARED`."""
    return Reason(code=f"{SHARED_KIND}.{name}", values=values)


PERSON_DECIDES = shared("person_decides")
"""Closes the explanation of what a person decides."""


def is_shared(reason: Reason, *names: str) -> bool:
    """Whether `reason` is one of these of `SHARED`."""
    return reason.code in {f"{SHARED_KIND}.{name}" for name in names}


def explanation(reasons: Sequence[Reason], kind: str, templates: Mapping[str, str]) -> str:
    """The sentences of `reasons` in a row. `templates` are those of the criterion `kind`.

    Raises `TemplateError`.
    """
    return " ".join(filter(None, (sentence_of(reason, kind, templates) for reason in reasons)))


def sentence_of(reason: Reason, kind: str, templates: Mapping[str, str]) -> str:
    """The sentence of one reason. Raises `TemplateError`."""
    owner, _, name = reason.code.partition(".")
    known = SHARED if owner == SHARED_KIND else templates if owner == kind else {}
    if name not in known:
        raise TemplateError(f"no sentence for the reason {reason.code!r} of the criterion '{kind}'")
    return filled(known[name], reason.values)


def filled(template: str, values: Mapping[str, JsonValue]) -> str:
    """`template` with `values` in its fields. Raises `TemplateError`, also for values that no field names."""
    try:
        return _Fields().vformat(template, (), values)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise TemplateError(f"{template!r} and {sorted(values)}: {error}") from error


def sample_values(template: str, many: bool = True) -> dict[str, JsonValue]:
    """Values that fit the fields of `template`, for tests; `many`: more than one of what is counted or listed."""
    return {
        name: _sample(*(spec or "").partition(" ")[::2], many)
        for _, name, spec, _ in string.Formatter().parse(template)
        if name is not None
    }


def _sample(word: str, rest: str, many: bool) -> JsonValue:
    if word == "choose":
        return rest.split("|")[-1 if many else 0].partition("=")[0]
    if word in ("numbers", "quantities"):
        return [55_050.0, 0.25] if many else [55_050.0]
    if word == "scores":
        return {"accuracy": 0.9746, "loss": 0.25} if many else {}
    if word in ("list", "quoted"):
        return ["cell 2", "cell 3"] if many else ["cell 2"]
    if word in ("count", "plural"):
        return 2 if many else 1
    if word in ("capital", "sentence", "ended"):
        return "cell 2"
    return 0.25 if word else "cell 2"


class _Fields(string.Formatter):
    """Python's own fields, with words of its own behind the colon and nothing but names before it."""

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, str]:
        """The value of that very name: no attributes, no items."""
        if not field_name.isidentifier():
            raise ValueError(f"{field_name!r} is no name of a value")
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        """`value` as the words behind the colon say."""
        word, _, rest = format_spec.partition(" ")
        if word in _WORDINGS:
            return _WORDINGS[word](value, rest)
        if not format_spec:
            return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else _text(value)
        if not re.fullmatch(r"[+]?[,]?(?:\.\d)?[dfg]?", format_spec):
            raise ValueError(f"{format_spec!r} is unknown")
        return format(_number(value), format_spec)

    def check_unused_args(self, used_args: set[int | str], args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Every value has its field."""
        if unused := sorted(set(kwargs) - {str(name) for name in used_args}):
            raise ValueError(f"no field for {', '.join(unused)}")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return value


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{value!r} is no list")
    return [_text(item) for item in value]


def _count(value: Any, noun: str) -> str:
    one, _, many = noun.partition("/")
    number = int(_number(value))
    return f"{number:,} {one if number == 1 else many}" if many else counted(number, one)


def _plural(value: Any, words: str) -> str:
    one, _, many = words.partition("/")
    return one if (len(value) if isinstance(value, list | tuple) else _number(value)) == 1 else many


def _list(value: Any, last: str) -> str:
    return listed(_texts(value), last or "and")


def _quoted(value: Any, last: str) -> str:
    return listed([f"`{text}`" for text in _texts(value)], last or "and")


def _score(value: Any, rest: str) -> str:
    return accuracy_text(math.nan if value is None else _number(value))


def _scores(value: Any, rest: str) -> str:
    if not isinstance(value, Mapping):
        raise TypeError(f"{value!r} is no object")
    return ", ".join(f"{name} {_score(number, '')}" for name, number in value.items()) or "no values"


def _plain_number(value: Any, rest: str) -> str:
    number = _number(value)
    # From 2 ** 53 on a float cannot hold every whole number; long before it nobody reads the digits.
    if float(number).is_integer() and abs(number) < 1e15:
        return f"{int(number):,}"
    return f"{number:.4f}".rstrip("0")


def _numbers(value: Any, last: str) -> str:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{value!r} is no list")
    return listed([_plain_number(number, "") for number in value], last or "and")


def _choose(value: Any, words: str) -> str:
    found = dict(pair.split("=", 1) for pair in words.split("|"))
    if value not in found:
        raise ValueError(f"{value!r} is none of {', '.join(found)}")
    return found[value]


def _short(value: Any, rest: str) -> str:
    return quantity(None if value is None else _number(value))


def _quantities(value: Any, last: str) -> str:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{value!r} is no list")
    return listed([_short(number, "") for number in value], last or "and")


def _percent(value: Any, rest: str) -> str:
    return f"{100.0 * _number(value):.0f} %"


def _capital(value: Any, rest: str) -> str:
    return capitalised(_text(value))


def _sentence(value: Any, rest: str) -> str:
    return sentence(_text(value))


def _ended(value: Any, rest: str) -> str:
    text = _text(value).rstrip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


_WORDINGS: Mapping[str, Callable[[Any, str], str]] = MappingProxyType(
    {
        "count": _count,
        "plural": _plural,
        "list": _list,
        "quoted": _quoted,
        "score": _score,
        "scores": _scores,
        "number": _plain_number,
        "numbers": _numbers,
        "choose": _choose,
        "short": _short,
        "quantities": _quantities,
        "percent": _percent,
        "capital": _capital,
        "sentence": _sentence,
        "ended": _ended,
    }
)
"""First word behind a field's colon -> the wording of (value, what follows the word)."""


def place(match: Match, cell: int) -> str:
    """`cell 16` or `page 3`, counted as a person counts, with the file's name where there are several."""
    cells = match.submission.cells
    if not 0 <= cell < len(cells):
        return "outside any cell"
    found = cells[cell]
    named = len(match.submission.files) > 1
    return f"{found.file} {found.place}" if named else found.place


def places(match: Match, cells: Iterable[int]) -> tuple[str, ...]:
    """The places of distinct `cells`, in order; what lies outside any cell is left out."""
    found = (place(match, cell) for cell in sorted(set(cells)) if 0 <= cell < len(match.submission.cells))
    return tuple(dict.fromkeys(found))


def listed(words: Sequence[str], last: str = "and") -> str:
    """`a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def counted(number: int, noun: str) -> str:
    """`1 epoch`, `1,875 steps`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def quantity(value: float | None) -> str:
    """A factor or rate in its shortest form, such as `0.1` or `1e-06`."""
    return "none" if value is None else f"{value:.5g}"


def accuracy_text(value: float) -> str:
    """Four decimals, such as `0.9746`; a diverged one by name."""
    return f"{value:.4f}" if math.isfinite(value) else "not a number"


def capitalised(text: str) -> str:
    """`text` with a capital first letter, unless it begins with the name of a file."""
    if "." in text.split(" ", 1)[0][:-1]:
        return text
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """`text` with a capital and a full stop."""
    text = capitalised(text.strip())
    return text if text.endswith((".", "!", "?")) else f"{text}."


def clipped(text: str, most: int = 160) -> str:
    """One line of at most `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
