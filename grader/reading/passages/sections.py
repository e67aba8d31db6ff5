"""Which parts of a submission answer which question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from grader.reading.passages.cues import Unit, cue_scores, has_cue, shared_out
from grader.reading.passages.ids import Parts, id_parts
from grader.reading.passages.marked import MarkedText, marked_text
from grader.reading.passages.placing import only_points, placed_by_cues, pointed_to, shared_by_concepts
from grader.reading.passages.regions import Piece, Region, regions, uncovered
from grader.records.rubric import Question, Rubric
from grader.records.submission import Passage, Submission

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
    free = uncovered(submission.cells, found)
    unplaced = [question for question in rubric.questions if _is_open(text, by_question[question.id])]
    for question, piece in placed_by_cues(text, rubric, unplaced, free, alone=not found or found != everything):
        by_question[question].setdefault(piece, "cue")
    for question, piece in shared_by_concepts(text, rubric, by_question):
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
    above = pointed_to(text, question, list(pieces), free)
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
    owned = shared_out(units, questions, text.asked) if units else {}
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
