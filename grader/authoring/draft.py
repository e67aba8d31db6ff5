"""A first rubric from a teacher's solution: read, run, graded under all that could be asked, and written down.

Headings of the solution become questions. Whatever its recording shows under one could be asked for there; the solution
is graded under all of it, and what it meets in full is kept. The YAML says in comments what the teacher has to decide.
"""

from __future__ import annotations

import ast
import json
import os
import re
import tempfile
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.criteria import Seen
from grader.criteria.answers.written import WrittenCriterion
from grader.criteria.registry import criteria_for
from grader.errors import UserError
from grader.facts.languages import QUESTION_WORDS, TASK_WORDS, alternatives
from grader.options import Options
from grader.pipeline import Reading, judge_submission
from grader.questions.placing import answer_text, find_passages
from grader.records import BaseCriterion, Figure, Progress, Question, Recording, Rubric, Submission, Trained
from grader.session import Session
from grader.submissions.read import read_submission
from grader.submissions.rubric_file import load_rubric

# Questions

_HEADING = re.compile(r"^[ \t]{0,3}(#{1,6})[ \t]+(\S.{0,300}?)[ \t#]*$", re.MULTILINE)
_ID = re.compile(
    rf"(?:[*_]{{0,2}}(?:{alternatives(QUESTION_WORDS, TASK_WORDS)})"
    r"[ \t]{0,3}[.:]?[ \t]{0,3})?(\d{1,2}(?:\.\d{1,2}){0,3}[a-h]?)(?![\w%])[).:]?[*_]{0,2}(?:[ \t]+|$)(.{0,300})",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\W_]+")
_TITLE_LENGTH = 90
"""Characters of a question's title: one line of a rubric."""


@dataclass(frozen=True)
class Section:
    """A heading that names a question."""

    id: str
    title: str
    cues: tuple[str, ...] = ()
    """Where the heading has no number: its words."""


def sections_of(solution: Submission) -> tuple[Section, ...]:
    """The numbered headings, or all of the commonest level where none bears a number; each id once."""
    headings = list(_headings(solution))
    numbered = [section for _, text in headings if (section := _numbered(text))]
    found = numbered or [_named(text) for text in _of_the_commonest_level(headings)]
    unique: dict[str, Section] = {}
    for section in found:
        known = unique.get(section.id)
        if known is None or (known.title.startswith("Question ") and section.title):
            unique[section.id] = section
    parents = {".".join(other.split(".")[:count]) for other in unique for count in range(1, other.count(".") + 1)}
    leaves = [section for section in unique.values() if section.id not in parents or not numbered]
    return tuple(leaves)


def _headings(solution: Submission) -> Iterator[tuple[int, str]]:
    for cell in solution.cells:
        if cell.kind == "prose":
            for found in _HEADING.finditer(cell.source):
                yield len(found[1]), found[2].strip()


def _numbered(text: str) -> Section | None:
    found = _ID.match(text)
    if found is None:
        return None
    question = found[1].lower()
    title = " ".join(found[2].strip(" *_:.-–").split())[:_TITLE_LENGTH]
    return Section(question, title or f"Question {question}")


def _of_the_commonest_level(headings: list[tuple[int, str]]) -> list[str]:
    levels = [level for level, _ in headings]
    if not levels:
        return []
    commonest = max(sorted(set(levels), reverse=True), key=levels.count)
    return [text for level, text in headings if level == commonest]


def _named(text: str) -> Section:
    plain = unicodedata.normalize("NFKC", text).strip(" *_")
    words = [word.lower() for word in _WORDS.findall(plain)]
    return Section("-".join(words[:6]) or "question", plain[:_TITLE_LENGTH], (plain.lower()[:60],))


# Criteria


def model_of(recording: Recording, cells: Collection[int]) -> str | None:
    """The model that most of what happens in `cells` is about; trained models alone can be compared with."""
    trained = {event.name for event in recording.trainings() if event.name}
    names = {event.model: event.name for event in recording.events if event.kind in ("built", "trained")}
    found = [names.get(getattr(event, "model", ""), "") for event in recording.events if event.cell in cells]
    about = [name for name in found if name in trained]
    if about:
        return max(dict.fromkeys(about), key=about.count)
    drawn = [event.figure for event in recording.events if event.kind == "figure" and event.cell in cells]
    for training in recording.trainings():
        if any(_draws(figure, training) for figure in drawn) and training.name:
            return training.name
    return None


def _draws(figure: Figure, training: Trained) -> bool:
    curves = [values for values in training.history.metrics.values() if len(values) > 1]
    lines = [tuple(line.y) for axes in figure.axes for line in axes.lines]
    return any(_alike(line, curve) for line in lines for curve in curves)


def _alike(line: tuple[Any, ...], curve: tuple[float, ...]) -> bool:
    return len(line) == len(curve) and all(abs(one - other) < 1e-6 for one, other in zip(line, curve, strict=True))


def criteria_proposals(
    recording: Recording, cells: Collection[int], model: str | None, answer: str
) -> Iterator[BaseCriterion]:
    """What could be asked for, one point each: more than is kept, as the solution may not meet all of it."""
    seen = Seen(recording, cells, model, answer)
    for criterion in criteria_for().values():
        yield from criterion.propose(seen)


# The solution as a script


def percent_script(solution: Submission) -> str:
    """The cells of `solution` under `# %%` lines. Magics, which are no Python, are commented out."""
    parts = []
    for cell in solution.cells:
        if cell.kind == "prose":
            lines = [f"# {line}".rstrip() for line in cell.source.split("\n")]
            parts.append("\n".join(["# %% [markdown]", *lines]))
        elif cell.source.strip():
            parts.append(f"# %%\n{_plain(cell.source)}")
    return "\n\n".join(parts) + "\n"


def _plain(source: str) -> str:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        lines = source.split("\n")
        magic = [line.lstrip().startswith(("%", "!")) for line in lines]
        whole = bool(lines) and lines[0].lstrip().startswith("%%")
        pairs = zip(lines, magic, strict=True)
        return "\n".join(f"# {line}" if whole or is_magic else line for line, is_magic in pairs)
    return source


# The rubric as YAML

_HEAD = """\
# A first draft, made of the solution beside it. Points are 1 each: set them. Then run
#   labgrade rubric validate {folder}     the solution has to get full marks
#   labgrade rubric test {folder}         shows the mistakes that nothing catches yet
# docs/rubrics.md lists every criterion with its options.
"""


def rubric_text(rubric: Rubric, folder: str, remarks: dict[str, list[str]]) -> str:
    """The YAML of `rubric`. `remarks`: comments under each question, by its id."""
    lines = [_HEAD.format(folder=folder), "version: 1", f"title: {_text(rubric.title)}"]
    lines.append(f"datasets: [{', '.join(rubric.datasets)}]")
    lines.append("recognise:   # words typical of this lab's hand-ins, by which it is told from others: add some")
    lines += [f"  - {_text(words)}" for words in rubric.recognise]
    lines += ["", "questions:"]
    for question in rubric.questions:
        lines += [*_question(question, remarks.get(question.id, [])), ""]
    return "\n".join(lines).rstrip() + "\n"


def _question(question: Question, remarks: list[str]) -> Iterator[str]:
    yield f"  - id: {_text(question.id)}"
    yield f"    title: {_text(question.title)}"
    yield "    # asks: what the sheet asks for, as reports show it"
    if question.cues:
        yield f"    cues: [{', '.join(_text(cue) for cue in question.cues)}]   # words that find this part: add some"
    if question.model is not None:
        yield f"    model: {_text(question.model)}"
    yield from (f"    # {remark}" for remark in remarks)
    yield "    criteria:"
    for criterion in question.criteria:
        yield from _criterion(criterion)


def _criterion(criterion: BaseCriterion) -> Iterator[str]:
    options = criterion.model_dump(mode="json", exclude_defaults=True)
    kind = str(criterion.model_dump()["kind"])
    options = {"points": 1, **{name: value for name, value in options.items() if name not in ("kind", "points")}}
    written = ", ".join(f"{name}: {_value(value)}" for name, value in options.items())
    hint = f"   # {criterion.hint}" if criterion.hint else ""
    yield f"      - {kind}: {{{written}}}{hint}"
    yield from (f"      #   {text}" for text in criterion.hint_below)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(str(item) for item in value)}]"
    return _text(value) if isinstance(value, str) and not value.isidentifier() else json.dumps(value).strip('"')


def _text(text: str) -> str:
    """Double-quoted YAML, which JSON's strings are."""
    return json.dumps(text, ensure_ascii=False)


# The draft

_AUTOMATIC = ("sequential", "functional", "model")
"""How Keras names models that nobody named."""


@dataclass(frozen=True)
class Draft:
    """A rubric that was written."""

    folder: Path
    rubric: Rubric
    remarks: tuple[str, ...]
    """What the teacher has to look at, one sentence each."""


def draft_rubric(folder: Path, source: Path, options: Options, progress: Progress) -> Draft:
    """Write a first rubric.yaml into `folder`, and `source` as its solution.py. Raises `UserError`.

    Nothing that lies in the folder is overwritten.
    """
    progress.stage("Reading the solution")
    _check_folder(folder, source)
    solution = read_submission(source)
    script = None if source.suffix == ".py" else percent_script(solution)
    sections = sections_of(solution)
    if not sections:
        raise UserError(f"{source} has no headings in its text: write one above each question, such as '## 1 Training'")
    own = solution if script is None else _read_again(script, solution)
    with Session(options, progress) as session:
        rubric, recording, remarks = _proposed(folder, own, sections, session)
        rubric, more = _met(rubric, own, recording, session, progress)
    remarks = {**remarks, **{id_: [*remarks.get(id_, []), *texts] for id_, texts in more.items()}}
    text = rubric_text(rubric, str(folder), remarks)
    _write(folder, source, script, text)
    said = dict.fromkeys(remark for texts in remarks.values() for remark in texts)
    return Draft(folder, load_rubric(folder), tuple(said))


def _check_folder(folder: Path, source: Path) -> None:
    if not source.is_file():
        raise UserError(f"{source}: no such file; --from wants your solution, a script (.py) or notebook (.ipynb)")
    if source.suffix not in (".py", ".ipynb"):
        raise UserError(f"{source}: --from wants a script (.py) or a notebook (.ipynb)")
    for name in ("rubric.yaml", "solution.py"):
        place = folder / name
        if place.exists() and place.resolve() != source.resolve():
            raise UserError(f"{place} is there already and is not overwritten; choose another folder")


def _read_again(script: str, solution: Submission) -> Submission:
    """The solution as it will be read from solution.py."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / "solution.py"
        place.write_text(script, encoding="utf-8")
        return read_submission(place).model_copy(update={"data": solution.data})


def _proposed(
    folder: Path, solution: Submission, sections: Collection[Section], session: Session
) -> tuple[Rubric, Recording, dict[str, list[str]]]:
    """Everything that could be asked, before anything is graded."""
    asked = (WrittenCriterion(points=1),)
    questions = tuple(Question(id=one.id, title=one.title, cues=one.cues, criteria=asked) for one in sections)
    title = _title(solution) or folder.resolve().name
    rubric = Rubric(version=1, name=folder.resolve().name, title=title, questions=questions, recognise=(title,))
    recording = session.rerun(solution, rubric)
    failed = next((event for event in recording.events if event.kind == "failed"), None)
    if failed is not None:
        place = solution.cells[failed.cell].place
        raise UserError(f"the solution stops in {place} with {failed.error}: {failed.message[:160]}; mend it first")
    if recording.outcome.status != "finished":
        raise UserError(f"the solution did not run to its end ({recording.outcome.message}); mend it first")
    passages = find_passages(solution, rubric)
    remarks: dict[str, list[str]] = {}
    drafted = []
    for question in rubric.questions:
        cells = {passage.cell for passage in passages if passage.question == question.id}
        model = model_of(recording, cells)
        answer = answer_text(solution, passages, question, rubric)
        criteria = tuple(criteria_proposals(recording, cells, model, answer))
        drafted.append(question.model_copy(update={"model": model, "criteria": criteria}))
        remarks[question.id] = _remarks(question, model, recording, cells)
    datasets = tuple(sorted(recording.data_sources))
    return rubric.model_copy(update={"questions": tuple(drafted), "datasets": datasets}), recording, remarks


def _title(solution: Submission) -> str:
    first = next((cell.source.lstrip() for cell in solution.cells if cell.kind == "prose"), "")
    line = first.split("\n", 1)[0]
    return line.lstrip("# ").strip() if line.startswith("# ") else ""


def _remarks(question: Question, model: str | None, recording: Recording, cells: Collection[int]) -> list[str]:
    said = []
    if model is not None and model.startswith(_AUTOMATIC):
        said.append(f"'{model}' is Keras' own name: give the model one in solution.py, by name=\"...\"")
    functions = [event.name for event in recording.events if event.kind == "function" and event.cell in cells]
    if functions:
        named = ", ".join(functions[:4])
        said.append(f"defines {named}: '- function: {{points: 1}}' with a cases.py judges it (docs/functions.md)")
    if not cells:
        said.append(f"nothing in the solution was found under {question.id}: is the heading unlike any id?")
    return said


def _met(
    rubric: Rubric, solution: Submission, recording: Recording, session: Session, progress: Progress
) -> tuple[Rubric, dict[str, list[str]]]:
    """`rubric` with what the solution meets in full; written answers stay, as a person decides them."""
    reference = session.reference(rubric, solution)
    progress.stage("Grading the solution under what could be asked")
    result, _ = judge_submission(
        Reading(solution, rubric, "its own", solution, find_passages(solution, rubric), None),
        reference,
        recording,
        session.effort,
    )
    kept, remarks = [], dict[str, list[str]]()
    for question, graded in zip(rubric.questions, result.questions, strict=True):
        pairs = list(zip(question.criteria, graded.verdicts, strict=True))
        met = [criterion for criterion, verdict in pairs if verdict.status == "passed" or criterion.by_person]
        criteria = tuple(dict.fromkeys(_widest(met)))
        if not criteria:
            criteria = (WrittenCriterion(points=1),)
            remarks[question.id] = ["nothing was found that labgrade can decide by itself: choose the criteria"]
        kept.append(question.model_copy(update={"criteria": criteria}))
    return rubric.model_copy(update={"questions": tuple(kept)}), remarks


def _widest(criteria: Sequence[BaseCriterion]) -> Iterator[BaseCriterion]:
    """Of those that ask for the same and more, the one with more."""
    for criterion in criteria:
        if not any(criterion.is_part_of(other) for other in criteria):
            yield criterion


def _write(folder: Path, source: Path, script: str | None, rubric: str) -> None:
    """Both files, each whole or not at all."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        solution = folder / "solution.py"
        if solution.resolve() != source.resolve():
            _put(solution, source.read_bytes() if script is None else script.encode())
        _put(folder / "rubric.yaml", rubric.encode())
    except OSError as error:
        raise UserError(f"{folder} cannot be written ({error.strerror}); choose another folder") from None


def _put(place: Path, content: bytes) -> None:
    handle, draft = tempfile.mkstemp(dir=place.parent, prefix=".draft-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(draft).chmod(0o644)
        # a link fails where the name is taken, as a rename would not
        os.link(draft, place)
    finally:
        with suppress(FileNotFoundError):
            Path(draft).unlink()
