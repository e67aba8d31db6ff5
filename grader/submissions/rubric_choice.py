"""Which rubric a submission is graded by: the one chosen, else the one that a `labgrade.yaml` names, else the best fit.

How well a rubric fits is told by its phrases, question ids, cues and data sets that stand in the submission.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.errors import UserError
from grader.formats.yaml_lines import Document, line_of, suggestion
from grader.questions.cues import has_cue
from grader.questions.ids import KnownIds
from grader.questions.markers import Marker, find_markers
from grader.records import Rubric, Submission
from grader.submissions.rubric_file import load_rubric, rubrics

SETTINGS = "labgrade.yaml"
"""File in a submission's folder or its parent that names the rubric."""

_FITS = 2.5
"""Score from which a rubric fits; one with everything has 9.

Hand-ins of a lab have 4.4 and more of its rubric, their code alone too. Those of other labs that share the data set,
the vocabulary of Keras and numbers such as 1.1 have up to 2.4: they are stopped before anything is trained, and the
teacher, who can tell, is asked.
"""
_FITS_BY_ID = 1.5
"""The same for a hand-in whose ids stand beside words of the very questions that they name in the rubric, such as
`1.1 Pre-processing`: one that answers two questions of fifteen has no more. Another lab's 1.1 is about something else.
"""
_BESIDE = 200
"""Characters behind an id in which words of its question are looked for: a title, or the question copied."""
_WHOLE = 9
"""What a rubric has whose every phrase, id, cue and data set stands in a hand-in."""
_CLEARLY = 1.2
"""Factor between scores up to which two rubrics fit equally well: then the teacher chooses."""
_TEXT_LIMIT = 2_000_000
"""Characters in which phrases, cues and data sets are looked for."""


@dataclass(frozen=True)
class _Fit:
    rubric: Rubric
    score: float
    reasons: tuple[str, ...]
    agrees: bool
    """At least half of its ids stand beside words of their own questions."""

    @property
    def needed(self) -> float:
        """The score from which it fits."""
        return _FITS_BY_ID if self.agrees else _FITS


def find_rubric(submission: Submission, path: Path, choice: str | None, folders: Sequence[Path]) -> tuple[Rubric, str]:
    """The rubric for `submission`, read from `path`, and one sentence that says why it.

    `choice` (a name, or the path of a rubric's folder) comes first, then a `labgrade.yaml`: of a file beside it or one
    folder up, of a folder beside it or in it; then the best-fitting rubric in `folders`. Raises `UserError` when none
    or several fit.
    """
    available = rubrics(folders)
    if choice is not None:
        return load_rubric(_chosen(choice, available)), f"The rubric was chosen with --rubric {choice}."
    settings = _settings_file(path)
    if settings is not None:
        name = _named_rubric(settings, available)
        return load_rubric(next(place for place in available if place.name == name)), f"{settings} names the rubric."
    return _best_fitting(submission, available)


def choose_rubric(choice: str, folders: Sequence[Path]) -> Rubric:
    """The rubric called `choice`, or in the folder at that path. Raises `UserError` where it is none or broken."""
    return load_rubric(_chosen(choice, rubrics(folders)))


def _chosen(choice: str, available: Sequence[Path]) -> Path:
    for place in available:
        if place.name == choice:
            return place
    given = Path(choice)
    if given.name == "rubric.yaml" and given.is_file():
        return given.parent
    if given.is_dir():
        return given
    names = [place.name for place in available]
    if not names:
        raise UserError(
            f"No rubric is called '{choice}', and no rubrics were found. Give the path of a rubric's folder."
        )
    raise UserError(f"No rubric is called '{choice}'.{suggestion(choice, names)}")


def _settings_file(path: Path) -> Path | None:
    # Of a group's own folder the one above counts first: it is the class's, and no group chooses its own rubric there.
    places = (path.resolve().parent, path) if path.is_dir() else (path.parent, path.parent.resolve().parent)
    for place in places:
        if (place / SETTINGS).is_file():
            return place / SETTINGS
    return None


def _named_rubric(settings: Path, available: Sequence[Path]) -> str:
    """The name in `settings`. Only names: the file may come from the group, and a path would be theirs to choose."""
    document = Document(settings)
    value = document.value
    if not isinstance(value, dict):
        raise document.error(1, "expected a line such as 'rubric: dat405-neural-networks'.")
    for key in value:
        if key != "rubric":
            raise document.error(
                line_of(value, key), f"unknown key '{str(key)[:60]}'.{suggestion(str(key), ['rubric'])}"
            )
    name = value.get("rubric")
    names = [place.name for place in available]
    if not isinstance(name, str) or not name:
        raise document.error(line_of(value, "rubric"), "rubric must be the name of a rubric.")
    if name not in names:
        raise document.error(line_of(value, "rubric"), f"no rubric is called '{name[:80]}'.{suggestion(name, names)}")
    return name


def _best_fitting(submission: Submission, available: Sequence[Path]) -> tuple[Rubric, str]:
    fits: list[_Fit] = []
    broken: list[str] = []
    for place in available:
        try:
            fits.append(_fit(submission, load_rubric(place)))
        except UserError as error:
            broken.append(str(error))
    fits.sort(key=lambda fit: (-fit.score, fit.rubric.name))
    fitting = [fit for fit in fits if fit.score >= fit.needed]
    if not fitting:
        raise UserError(_nothing_fits(submission, fits, [place.name for place in available], broken))
    best = fitting[0]
    rivals = [fit.rubric.name for fit in fitting[1:] if fit.score * _CLEARLY > best.score]
    if rivals:
        names = ", ".join([best.rubric.name, *rivals])
        raise UserError(f"Several rubrics fit {submission.name} equally well. Choose one with --rubric: {names}.")
    return best.rubric, f"Rubric {best.rubric.name} fits best: {'; '.join(best.reasons)}."


def _nothing_fits(submission: Submission, fits: Sequence[_Fit], names: Sequence[str], broken: Sequence[str]) -> str:
    if not names:
        return "No rubrics were found. Choose one with --rubric and the path of its folder."
    also = f" ({broken[0]})" if broken else ""
    near = fits[0] if fits and fits[0].score > 0 else None
    nearest = (
        f" The nearest, {near.rubric.name}, reaches {near.score:.1f} of {_WHOLE}, and {near.needed:g} are needed: "
        f"{'; '.join(near.reasons)}."
        if near
        else ""
    )
    return f"No rubric fits {submission.name}.{nearest} Choose one with --rubric: {', '.join(names)}.{also}"


def _fit(submission: Submission, rubric: Rubric) -> _Fit:
    text = "\n".join(cell.source for cell in submission.cells)[:_TEXT_LIMIT]
    phrases = [phrase for phrase in rubric.recognise if has_cue(text, phrase)]
    ids = _found_ids(submission, rubric)
    cued = [question for question in rubric.questions if question.cues]
    named = [question for question in cued if any(has_cue(text, cue) for cue in question.cues)]
    datasets = [name for name in rubric.datasets if re.search(rf"\b{re.escape(name)}", text, re.IGNORECASE)]
    known = {question.written_id for question in rubric.questions}
    score = 3 * _share(phrases, rubric.recognise) + 3 * _share(ids, known) + 2 * _share(named, cued)
    score += _share(datasets, rubric.datasets)
    reasons = []
    if phrases:
        reasons.append(f"it has the words {', '.join(repr(phrase) for phrase in phrases[:3])}")
    if ids:
        reasons.append(f"{len(ids)} of {len(known)} question ids stand in it")
    if named:
        reasons.append(f"words of {len(named)} of {len(cued)} questions")
    if datasets:
        reasons.append(f"it uses {', '.join(datasets)}")
    # words such as Conv2D stand in every lab's code: alone they tell a lab only where most questions have them
    evidence = bool(phrases or ids) or 2 * len(named) >= max(len(cued), 6)
    return _Fit(rubric, score if evidence else 0.0, tuple(reasons), _ids_agree(submission, rubric))


def _share(found: Sequence[object], of: object) -> float:
    whole = len(of) if isinstance(of, tuple | list | set) else 0
    return min(1.0, len(found) / whole) if whole else 0.0


def _found_ids(submission: Submission, rubric: Rubric) -> list[str]:
    return sorted({written for mark in _marks(submission, rubric) for written in mark.ids})


def _marks(submission: Submission, rubric: Rubric) -> list[Marker]:
    marks = find_markers(submission.cells, KnownIds(rubric))
    return [mark for mark in marks if isinstance(mark, Marker)]


def _ids_agree(submission: Submission, rubric: Rubric) -> bool:
    """Whether at least half of the ids stand beside words of the questions that they name."""
    named: dict[str, bool] = {}
    for mark in _marks(submission, rubric):
        beside = submission.cells[mark.cell].source[mark.end : mark.end + _BESIDE]
        for question in rubric.questions:
            if question.written_id in mark.ids:
                words = any(has_cue(beside, cue) for cue in question.cues)
                named[question.written_id] = named.get(question.written_id, False) or words
    return bool(named) and 2 * sum(named.values()) >= len(named)
