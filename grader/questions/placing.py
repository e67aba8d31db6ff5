"""Which parts of a submission answer which question, and what a group wrote there.

Ids count first, wherever they stand. Where no id leads to a question it is found by its words, by what points to it,
or by the concepts that an answer to it should name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from grader.questions.cues import (
    Unit,
    cue_scores,
    has_cue,
    is_pointer,
    points_to_comments_above,
    sentences,
    share_units,
    tokens,
)
from grader.questions.ids import Parts, id_parts
from grader.questions.markers import Piece, Region, free_parts, regions
from grader.questions.own_text import MarkedText, has_statements, marked_text
from grader.records import Passage, Question, Rubric, Submission

# By ids

_LISTED = 3
"""Ids in one cell from which it counts as a list of questions."""

_Found = dict[str, dict[Piece, str]]
"""Written id or question id -> piece -> how it was found."""


def find_passages(submission: Submission, rubric: Rubric) -> tuple[Passage, ...]:
    """The passages of every question of `rubric`, in the order of the submission.

    Ids count wherever they stand; questions that share a written id are told apart by their cues; chapters whose
    parts bear no ids are shared out likewise, and what is named nowhere is looked for by its cues, conservatively.
    """
    text = marked_text(submission.cells, rubric)
    everything = regions(submission.cells, text.marks)
    found = _without_listings(text, everything)
    by_written = _by_written_id(text, rubric, found)
    by_question = _by_question(text, rubric, by_written)
    _share_chapters(text, rubric, found, by_question)
    free = free_parts(submission.cells, found)
    unplaced = [question for question in rubric.questions if _is_open(text, by_question[question.id])]
    for question, piece in place_by_cues(text, rubric, unplaced, free, alone=not found or found != everything):
        by_question[question].setdefault(piece, "cue")
    for question, piece in share_by_concepts(text, rubric, by_question):
        by_question[question].setdefault(piece, "cue")
    for asked in rubric.questions:
        by_question[asked.id] = _filled(text, asked, by_question[asked.id], free)
    order = {question.id: place for place, question in enumerate(rubric.questions)}
    passages = [passage for name, pieces in by_question.items() for passage in _passages(name, pieces)]
    return tuple(sorted(passages, key=lambda p: (p.cell, p.start, order[p.question])))


def _is_open(text: MarkedText, pieces: dict[Piece, str]) -> bool:
    """Whether nothing answers the question yet, not even a pointer elsewhere."""
    return not any(text.has_content(piece) or only_points(text.own_words(piece)) for piece in pieces)


def _without_listings(text: MarkedText, found: Sequence[Region]) -> list[Region]:
    """Regions without what stands below a copied list of questions: it answers any of them, not the last alone."""
    kept: list[Region] = []
    by_cell = _by_cell(found)
    for place, region in enumerate(found):
        cell = region.marker.cell
        last = place + 1 == len(found) or found[place + 1].marker.cell != cell
        if last and any(piece.cell != cell for piece in region.pieces) and _is_listing(text, by_cell[cell]):
            region = replace(region, pieces=tuple(piece for piece in region.pieces if piece.cell == cell))
        kept.append(region)
    return kept


def _is_listing(text: MarkedText, here: Sequence[Region]) -> bool:
    """Whether the regions that begin in one cell are questions without answers."""
    cell = here[0].marker.cell
    inside = [piece for region in here for piece in region.pieces if piece.cell == cell]
    several = len({written for region in here for written in region.marker.ids}) >= _LISTED
    return several and text.cells[cell].kind == "prose" and not any(map(text.has_content, inside))


def _by_cell(found: Sequence[Region]) -> dict[int, list[Region]]:
    by_cell: dict[int, list[Region]] = {}
    for region in found:
        by_cell.setdefault(region.marker.cell, []).append(region)
    return by_cell


def _filled(text: MarkedText, question: Question, pieces: dict[Piece, str], free: Sequence[Piece]) -> dict[Piece, str]:
    """`pieces` without those that only repeat the question, and with the code to which a bare pointer points."""
    answers = [piece.cell for piece in pieces if text.has_content(piece)]
    if answers or not pieces:
        inside = range(min(answers, default=0), max(answers, default=0))
        return {piece: how for piece, how in pieces.items() if piece.cell in inside or text.has_content(piece)}
    above = follow_pointer(text, question, list(pieces), free)
    return {**dict.fromkeys(above, "cue"), **pieces}


def _by_written_id(text: MarkedText, rubric: Rubric, found: Sequence[Region]) -> _Found:
    placed: _Found = {written: {} for written in text.known.written}
    shared: list[Piece] = []
    by_cell = _by_cell(found)
    for place in range(len(found) - 1, -1, -1):
        region = found[place]
        following = found[place + 1] if place + 1 < len(found) else None
        own = [piece for piece in region.pieces if text.has_content(piece)]
        borrows = not own and following is not None and _is_beside(region, following)
        shared = shared if borrows and not any(map(text.is_left_empty, region.pieces)) else []
        for written in region.marker.ids:
            for piece in shared:
                placed[written].setdefault(piece, "following")
        shared = [piece for piece in region.pieces if piece.cell == region.marker.cell] if own else shared
        for written, piece, how in _owners(text, rubric, by_cell[region.marker.cell], region):
            placed[written][piece] = how
    return placed


def _is_beside(region: Region, following: Region) -> bool:
    """Whether both ids are parts of one chapter and stand in one cell: one answer may be meant for both."""
    one, other = region.marker, following.marker
    if not one.ids or not other.ids or one.cell != other.cell:
        return False
    return id_parts(one.ids[-1])[:-1] == id_parts(other.ids[0])[:-1] and len(one.parts) > 1


def _owners(
    text: MarkedText, rubric: Rubric, here: Sequence[Region], region: Region
) -> Iterable[tuple[str, Piece, str]]:
    """The ids to which the pieces of `region` go: code below a cell with several ids goes to those with its words."""
    if not region.marker.ids:
        return
    marker = region.marker
    siblings = dict.fromkeys(written for other in here for written in other.marker.ids)
    questions = [question for question in rubric.questions if question.written_id in siblings]
    for piece in region.pieces:
        if piece.cell == marker.cell:
            for written in marker.ids:
                yield written, piece, marker.found_by
            continue
        several = len(siblings) > len(marker.ids) and text.cells[marker.cell].kind == "prose"
        below = several and text.cells[piece.cell].kind == "code"
        chosen = _likeliest(text, questions, piece) if below else []
        for written in chosen or marker.ids:
            yield written, piece, "cue" if chosen else "following"


def _likeliest(text: MarkedText, questions: Sequence[Question], piece: Piece) -> list[str]:
    scores = cue_scores(text.units(piece), questions, text.asked)[0]
    best = max(scores.values(), default=0.0)
    return list(dict.fromkeys(q.written_id for q in questions if scores.get(q.id, 0.0) >= max(best / 2, 0.1)))


def _by_question(text: MarkedText, rubric: Rubric, by_written: _Found) -> _Found:
    placed: _Found = {}
    for written, pieces in by_written.items():
        questions = [question for question in rubric.questions if question.written_id == written]
        if len(questions) == 1:
            placed[questions[0].id] = dict(pieces)
            continue
        for question, shares in _shares(text, questions, pieces).items():
            placed[question] = shares
    return placed


def _shares(text: MarkedText, questions: Sequence[Question], pieces: dict[Piece, str]) -> dict[str, dict[Piece, str]]:
    """`pieces` shared out among `questions` by their words."""
    ordered = sorted(pieces, key=lambda piece: (piece.cell, piece.start))
    units = [unit for piece in ordered for unit in text.units(piece)]
    owned = share_units(units, questions, text.asked) if units else {}
    return {question.id: _joined(owned.get(question.id, [])) for question in questions}


def _joined(units: Sequence[tuple[Unit, bool]]) -> dict[Piece, str]:
    """Units that touch as one piece: what belongs together is an answer only as a whole."""
    joined: list[tuple[Piece, bool]] = []
    for unit, cued in sorted(units, key=lambda entry: (entry[0].cell, entry[0].start)):
        last = joined[-1] if joined else None
        if last is not None and last[0].cell == unit.cell and last[0].end == unit.start:
            joined[-1] = Piece(unit.cell, last[0].start, unit.end), last[1] or cued
        else:
            joined.append((Piece(unit.cell, unit.start, unit.end), cued))
    return {piece: "cue" if cued else "following" for piece, cued in joined}


def _share_chapters(text: MarkedText, rubric: Rubric, found: Sequence[Region], by_question: _Found) -> None:
    """Gives what stands under a chapter's id alone to its questions that have nothing of their own."""
    groups: dict[Parts, list[Piece]] = {}
    for region in found:
        if region.marker.group:
            groups.setdefault(region.marker.group, []).extend(region.pieces)
    for group in sorted(groups, key=lambda parts: (-len(parts), parts)):
        children = set(text.known.children(group))
        members = [question for question in rubric.questions if question.written_id in children]
        # Of a whole chapter with parts of its own, no question gets everything.
        direct = all(len(id_parts(written)) == len(group) + 1 for written in children)
        _share(text, members, groups[group], by_question, whole=direct)


def _share(
    text: MarkedText, members: Sequence[Question], pieces: Sequence[Piece], by_question: _Found, whole: bool
) -> None:
    """Gives `pieces` to those of `members` that have nothing of their own; if `whole`, what names none to all."""
    poor = [question for question in members if not any(map(text.has_content, by_question[question.id]))]
    pieces = [piece for piece in pieces if text.has_content(piece)]
    if not poor or not pieces:
        return
    alone = len(poor) == len(members)
    shares = _shares(text, poor, dict.fromkeys(pieces, "following"))
    cued = any(how == "cue" for share in shares.values() for how in share.values())
    for question in poor:
        share = shares[question.id] if cued or whole else {}
        if not alone:
            share = {piece: how for piece, how in share.items() if how == "cue" and _names(text, piece, question)}
        elif whole and not any(_is_answer(text, piece) for piece in share):
            share = {**share, **_prose(text, question, pieces)} or dict.fromkeys(pieces, "following")
        for piece, how in share.items():
            by_question[question.id].setdefault(piece, how)


def _is_answer(text: MarkedText, piece: Piece) -> bool:
    return text.cells[piece.cell].kind == "prose" and text.has_content(piece)


def _prose(text: MarkedText, question: Question, pieces: Sequence[Piece]) -> dict[Piece, str]:
    """The paragraphs in `pieces` with the question's words; all of them where none has: one answer serves several."""
    units = [unit for piece in pieces if _is_answer(text, piece) for unit in text.units(piece)]
    paragraphs = [Piece(unit.cell, unit.start, unit.end) for unit in units]
    paragraphs = [paragraph for paragraph in paragraphs if text.has_content(paragraph)]
    named = [paragraph for paragraph in paragraphs if _names(text, paragraph, question)]
    return dict.fromkeys(named, "cue") if named else dict.fromkeys(paragraphs, "following")


def _names(text: MarkedText, piece: Piece, question: Question) -> bool:
    source = text.cells[piece.cell].source[piece.start : piece.end]
    return any(has_cue(source, cue) for cue in question.cues)


def _passages(question: str, pieces: dict[Piece, str]) -> list[Passage]:
    """Passages of one question, those that touch within a cell made one."""
    merged: list[Passage] = []
    for piece in sorted(pieces, key=lambda piece: (piece.cell, piece.start)):
        last = merged[-1] if merged else None
        if last is not None and last.cell == piece.cell and piece.start <= last.end:
            merged[-1] = last.model_copy(update={"end": max(last.end, piece.end)})
            continue
        merged.append(
            Passage.model_validate(
                {
                    "question": question,
                    "cell": piece.cell,
                    "start": piece.start,
                    "end": piece.end,
                    "found_by": pieces[piece],
                }
            )
        )
    return merged


# Without ids

_COPIED = 4.5
"""Weight from which a unit holds a copy of the question."""
_DISTINCT_CUES = 2
"""Cues of a question that place a unit which holds no copy of it, names none in its title and calls nothing."""
_CLEARLY = 1.25
"""Factor between scores up to which two questions are alike."""
_ALIEN, _PARAGRAPH = 0.5, 8
"""Factor for a question that asks for another kind of answer; words from which prose is a paragraph."""
_CELLS_ABOVE = 4
"""Pieces of code, the nearest above, to which a pointer leads."""
_CONCEPTS = 2
"""Concepts that a text must name before it is taken for an answer; and half of them at least."""
_FOLLOWING = 3
"""Cells that follow a placed one without words of their own."""


def place_by_cues(
    text: MarkedText, rubric: Rubric, unplaced: Sequence[Question], free: Sequence[Piece], alone: bool
) -> Iterator[tuple[str, Piece]]:
    """Pairs (question, piece) for each of `unplaced` whose words stand in `free`, the parts under no id.

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
    asked = {question.id: {criterion.by_person for criterion in question.criteria} for question in questions}
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


def follow_pointer(text: MarkedText, question: Question, pieces: Sequence[Piece], free: Sequence[Piece]) -> list[Piece]:
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


def share_by_concepts(
    text: MarkedText, rubric: Rubric, placed: Mapping[str, Mapping[Piece, str]]
) -> Iterator[tuple[str, Piece]]:
    """Pairs (question, piece) for questions of a shared section that have no words of their own.

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
    if not all(criterion.by_person for criterion in question.criteria):
        return ()
    return tuple(phrases for criterion in question.criteria for phrases in criterion.concepts)


# Answers

_LIMIT = 20_000
"""Characters of one answer."""
_ANSWERED = 20
"""Words of prose from which a question is answered, so that comments in its code are remarks on the code.

`Here is our code:` with the reasoning in comments has fewer; the shortest answers in prose beside commented code in the
samples have more.
"""


def answer_texts(submission: Submission, passages: Sequence[Passage], rubric: Rubric) -> dict[str, str]:
    """The group's own words in answer to every question of `rubric`, by question id."""
    text = marked_text(submission.cells, rubric)
    return {question.id: _answer(text, passages, question) for question in rubric.questions}


def answer_text(submission: Submission, passages: Sequence[Passage], question: Question, rubric: Rubric) -> str:
    """The group's own words in the passages of `question`, at most 20,000 characters; empty where there are none.

    That is prose, and in code comments on lines of their own and docstrings, without question ids, copies of what
    was asked, and labels such as `Answer:`. Where the prose only points to comments, those behind code count too.
    """
    return _answer(marked_text(submission.cells, rubric), passages, question)


def _answer(text: MarkedText, passages: Sequence[Passage], question: Question) -> str:
    own = [passage for passage in passages if passage.question == question.id]
    pieces = [Piece(passage.cell, passage.start, passage.end) for passage in own]
    prose = [piece for piece in pieces if text.cells[piece.cell].kind == "prose"]
    said = "\n".join(text.own_words(piece) for piece in prose)
    all_comments = only_points(said)
    # Beside an answer in prose, comments explain the code; without one they may be the answer.
    beside = len(tokens(said)) >= _ANSWERED and not all_comments
    parts = [text.own_words(piece, all_comments) for piece in pieces if not (beside and text.has_remarks_alone(piece))]
    return "\n\n".join(part for part in parts if part)[:_LIMIT]
