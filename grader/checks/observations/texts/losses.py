"""A loss that the text names and the code does not use."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grader.checks.subject import compile_of
from grader.checks.wording import capitalised, listed, place, places
from grader.records.match import Match, QuestionMatch, Reference
from grader.records.models import CompileArguments
from grader.records.result import Observation

_CATEGORICAL = "categorical cross-entropy"
_BINARY = "binary cross-entropy"
_SQUARED = "mean squared error"
_WRITTEN = {
    _CATEGORICAL: re.compile(r"categorical[\s_\-]{0,3}cross[\s_\-]{0,3}entropy", re.IGNORECASE),
    _BINARY: re.compile(r"binary[\s_\-]{0,3}cross[\s_\-]{0,3}entropy", re.IGNORECASE),
    _SQUARED: re.compile(r"mean[\s_\-]{0,3}squared?[\s_\-]{0,3}error|\bmse\b", re.IGNORECASE),
}
_COMPILED = {
    "categorical_crossentropy": _CATEGORICAL,
    "sparse_categorical_crossentropy": _CATEGORICAL,
    "binary_crossentropy": _BINARY,
    "mean_squared_error": _SQUARED,
}


def losses_in_text(match: Match, reference: Reference) -> Iterator[Observation]:
    """Answers that name one kind of loss alone, where models of the lab are compiled with another."""
    for question in match.questions:
        named = _named_loss(question)
        if named is None:
            continue
        others = [
            (arguments.loss, cell)
            for arguments, cell in _compiled_models(match)
            if arguments.loss in _COMPILED and _COMPILED[arguments.loss] != named
        ]
        if not others:
            continue
        where = places(match, [cell for _, cell in others])
        losses = list(dict.fromkeys(f"`{loss}`" for loss, _ in others))
        verb = "compiles" if len(where) == 1 else "compile"
        own = _own_sentence(question, match, named)
        yield Observation(
            kind="loss_differs",
            question=question.question.id,
            message=(
                f"The answer to {question.question.id} names {named}; "
                f"{listed(where)} {verb} with {listed(losses)}.{own}"
            ),
            proof=f"Text under {question.question.id}; compile arguments when the code runs ({listed(where)}).",
        )


def _named_loss(question: QuestionMatch) -> str | None:
    about = f"{question.question.title} {question.question.asks}"
    if not re.search(r"\bloss", about, re.IGNORECASE):
        return None
    named = [name for name, pattern in _WRITTEN.items() if pattern.search(question.answer[:50_000])]
    return named[0] if len(named) == 1 else None


def _compiled_models(match: Match) -> list[tuple[CompileArguments, int]]:
    """Compile arguments, with their cell, of every model that answers a question of the lab."""
    found: dict[str, tuple[CompileArguments, int]] = {}
    for question in match.questions:
        compiled = compile_of(question, match)
        if question.model is not None and compiled is not None:
            found.setdefault(question.model.label, compiled)
    return list(found.values())


def _own_sentence(question: QuestionMatch, match: Match, named: str) -> str:
    """Fairness: where the model that the question is about does use the loss that the answer names."""
    own = compile_of(question, match)
    if own is None or _COMPILED.get(own[0].loss or "") != named:
        return ""
    return f" {capitalised(place(match, own[1]))} uses what the answer names."
