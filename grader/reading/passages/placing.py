"""Questions found where no id leads to them: by their words, by what points to them, by the concepts of an answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from grader.reading.passages.cues import Unit, cue_scores, has_cue
from grader.reading.passages.marked import MarkedText, has_statements
from grader.reading.passages.prose import is_pointer, points_to_comments_above, sentences, tokens
from grader.reading.passages.regions import Piece
from grader.records.criteria.texts import WrittenCriterion
from grader.records.rubric import Question, Rubric

_COPIED = 4.5
"""Weight from which a unit holds a copy of the question."""
_DISTINCT_CUES = 2
_CLEARLY = 1.25
_ALIEN, _PARAGRAPH = 0.5, 8
_CELLS_ABOVE = 4
_CONCEPTS = 2
"""Concepts that a text must name before it is taken for an answer; and half of them at least."""
_FOLLOWING = 3
"""Cells that follow a placed one without words of their own."""


def placed_by_cues(
    text: MarkedText, rubric: Rubric, unplaced: Sequence[Question], free: Sequence[Piece], alone: bool
) -> Iterator[tuple[str, Piece]]:
    """(question, piece) for each of `unplaced` whose words stand in `free`, the parts under no id.

    All questions compete for a piece, so that none takes what is another's. `alone`: the submission has no ids at
    all, and pieces without words of their own follow the piece before them; otherwise only code does.
    """
    units = [unit for piece in free for unit in text.units(piece)]
    scores = cue_scores(units, rubric.questions, text.asked)
    wanted = {question.id for question in unplaced}
    owner: str | None = None
    before: str | None = None
    last = -10
    for unit, score in zip(units, scores, strict=True):
        first = unit is units[0] and unit.cell == 0 and unit.text.lstrip().startswith("# ") and not unit.is_code
        placed = None if first else _placed(unit, _suited(unit, score, rubric.questions), rubric.questions, before)
        if placed is not None:
            owner, before, last = placed, placed, unit.cell
        elif not (alone or unit.is_code) or unit.cell - last > (_FOLLOWING if alone else 1) or _opens_section(unit):
            owner = None
        if owner in wanted and owner is not None:
            yield owner, Piece(unit.cell, unit.start, unit.end)


def _suited(unit: Unit, score: dict[str, float], questions: Sequence[Question]) -> dict[str, float]:
    """`score`, halved where a paragraph meets a question that asks for no words, or code one that asks for words alone.

    A heading may announce either.
    """
    if _opens_section(unit) or (not unit.is_code and len(tokens(unit.text)) < _PARAGRAPH):
        return score
    asked = {question.id: {criterion.kind == "written" for criterion in question.criteria} for question in questions}
    alien = {name for name, kinds in asked.items() if kinds == ({True} if unit.is_code else {False})}
    return {name: value * (_ALIEN if name in alien else 1.0) for name, value in score.items()}


def _opens_section(unit: Unit) -> bool:
    return not unit.is_code and unit.text.lstrip().startswith("#")


def _placed(unit: Unit, score: dict[str, float], questions: Sequence[Question], before: str | None) -> str | None:
    """The question to which `unit` clearly belongs; of several alike the one that follows `before`."""
    ranked = sorted(score, key=lambda question: -score[question])
    if not ranked:
        return None
    alike = [name for name in ranked if _CLEARLY * score[name] > score[ranked[0]]]
    if len(alike) > 1:
        ids = [question.id for question in questions]
        following = ids[ids.index(before) + 1 :][:1] if before in ids else []
        alike = [name for name in alike if name in following]
    best = next((question for question in questions if question.id in alike), None)
    if best is None:
        return None
    cues = [cue for cue in best.cues if has_cue(unit.telling, cue)]
    titled = any(has_cue(unit.title, cue) for cue in best.cues)
    called = unit.is_code and any(_is_call(cue) for cue in cues)
    if score[best.id] >= _COPIED or len(cues) >= _DISTINCT_CUES or called or (titled and not unit.is_code):
        return best.id
    return None


def _is_call(cue: str) -> bool:
    """Whether a cue is code that does what is asked for, such as `.save(`: once is enough."""
    return "(" in cue


def pointed_to(text: MarkedText, question: Question, pieces: Sequence[Piece], free: Sequence[Piece]) -> list[Piece]:
    """The code above an answer that is no more than `see the comments above`: by the question's words or comments."""
    words = "\n".join(text.own_words(piece) for piece in pieces)
    if not points_to_comments_above(words):
        return []
    first = min(piece.cell for piece in pieces)
    above = [piece for piece in free if piece.cell < first and text.cells[piece.cell].kind == "code"]
    above = [piece for piece in above if has_statements(text.cells[piece.cell].source[piece.start : piece.end])]
    named = [piece for piece in above if _cues(text, piece, question)]
    if not named:
        named = [piece for piece in above if len(tokens(text.own_words(piece, all_comments=True))) >= 8]
    return named[-_CELLS_ABOVE:]


def _cues(text: MarkedText, piece: Piece, question: Question) -> bool:
    source = text.cells[piece.cell].source[piece.start : piece.end]
    return any(has_cue(source, cue) for cue in question.cues)


def only_points(words: str) -> bool:
    """Whether `words` do nothing but send the reader elsewhere."""
    found = [sentence for sentence in sentences(words) if tokens(sentence)]
    return bool(found) and all(is_pointer(sentence) for sentence in found)


def shared_by_concepts(
    text: MarkedText, rubric: Rubric, placed: Mapping[str, Mapping[Piece, str]]
) -> Iterator[tuple[str, Piece]]:
    """(question, piece) for questions of a shared section that have no words of their own.

    Where the whole answer asked for is written, the piece of a sibling that names most of its concepts is the
    answer to both.
    """
    for question in rubric.questions:
        siblings = [q for q in rubric.questions if q.written_id == question.written_id and q.id != question.id]
        own = [text.own_words(piece) for piece in placed[question.id]]
        concepts = _concepts(question)
        if not siblings or not concepts or any(words and not only_points(words) for words in own):
            continue
        pieces = sorted(
            {piece for q in siblings for piece in placed[q.id]}, key=lambda piece: (piece.cell, piece.start)
        )
        named = [
            sum(any(has_cue(text.own_words(piece), p) for p in phrases) for phrases in concepts) for piece in pieces
        ]
        most = max(named, default=0)
        if most >= _CONCEPTS and 2 * most >= len(concepts):
            yield question.id, pieces[named.index(most)]


def _concepts(question: Question) -> tuple[tuple[str, ...], ...]:
    """The concepts that a written answer should name; none where anything but words is asked for."""
    written = [criterion for criterion in question.criteria if isinstance(criterion, WrittenCriterion)]
    if len(written) != len(question.criteria):
        return ()
    return tuple(phrases for criterion in written for phrases in criterion.mentions)
