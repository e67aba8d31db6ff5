"""What a criterion asks for, in words, whatever its kind."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from markupsafe import Markup

from grader.records.rubric import Criterion
from grader.reports.key.view import WantedView
from grader.reports.prose import sentence
from grader.reports.text import plain
from grader.reports.words import criterion_title, listed, points, setting, underscored


def wanted_view(criterion: Criterion) -> WantedView:
    """The first sentence of the criterion's own description, and the options that the rubric set."""
    about = inspect.cleandoc(type(criterion).__doc__ or "").split("\n")[0]
    options = [
        _option(name, getattr(criterion, name))
        for name in type(criterion).model_fields
        if name in criterion.model_fields_set and name not in ("kind", "points")
    ]
    text = f"{about} {_asked(options)}".strip()
    return WantedView(criterion_title(criterion.kind), _safe(text), points(criterion.points))


def _asked(options: Sequence[str]) -> str:
    return f"Asked for: {'; '.join(options)}." if options else ""


def _option(name: str, value: object) -> str:
    words = underscored(name)
    if isinstance(value, bool):
        return words if value else f"not {words}"
    return f"{words} {_value(value)}"


def _value(value: object) -> str:
    if isinstance(value, float):
        return setting(value)
    if isinstance(value, tuple | list):
        if any(isinstance(part, tuple | list) for part in value):
            return ", and ".join(" or ".join(map(str, part)) for part in value)
        return listed([_value(part) for part in value])
    return str(value)


def _safe(text: str) -> Markup:
    return sentence(plain(text, 900))
