"""A new lab: its solution is read, run and graded under everything that could be asked, and what it meets is kept."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from grader.drafting.proposals import model_of, proposed_criteria
from grader.drafting.script import percent_script
from grader.drafting.sections import Section, sections_of
from grader.drafting.writing import rubric_text
from grader.errors import UserError
from grader.options import Options
from grader.pipeline import Reading, judged
from grader.reading.passages.answers import answer_text
from grader.reading.passages.sections import find_passages
from grader.reading.rubric import load_rubric
from grader.reading.submission import read_submission
from grader.records.criteria.texts import WrittenCriterion
from grader.records.progress import Progress
from grader.records.recording import Recording
from grader.records.rubric import Criterion, Question, Rubric
from grader.records.submission import Submission
from grader.workshop import Workshop

_AUTOMATIC = ("sequential", "functional", "model")
"""How Keras names models that nobody named."""


@dataclass(frozen=True)
class Draft:
    """A rubric that was written."""

    folder: Path
    rubric: Rubric
    remarks: tuple[str, ...]
    """What the teacher has to look at, one sentence each."""


def drafted_rubric(folder: Path, source: Path, options: Options, progress: Progress) -> Draft:
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
    with Workshop(options, progress) as workshop:
        rubric, recording, remarks = _proposed(folder, own, sections, workshop)
        rubric, more = _met(rubric, own, recording, workshop, progress)
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
    folder: Path, solution: Submission, sections: Collection[Section], workshop: Workshop
) -> tuple[Rubric, Recording, dict[str, list[str]]]:
    """Everything that could be asked, before anything is graded."""
    asked = (WrittenCriterion(points=1),)
    questions = tuple(Question(id=one.id, title=one.title, cues=one.cues, criteria=asked) for one in sections)
    title = _title(solution) or folder.resolve().name
    rubric = Rubric(version=1, name=folder.resolve().name, title=title, questions=questions, recognise=(title,))
    recording = workshop.rerun(solution, rubric)
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
        criteria = tuple(proposed_criteria(recording, cells, model, answer))
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
    rubric: Rubric, solution: Submission, recording: Recording, workshop: Workshop, progress: Progress
) -> tuple[Rubric, dict[str, list[str]]]:
    """`rubric` with what the solution meets in full; written answers stay, as a person decides them."""
    reference = workshop.reference(rubric, solution)
    progress.stage("Grading the solution under what could be asked")
    result, _ = judged(
        Reading(solution, rubric, "its own", solution, find_passages(solution, rubric), None),
        reference,
        recording,
        workshop.effort,
    )
    kept, remarks = [], dict[str, list[str]]()
    for question, graded in zip(rubric.questions, result.questions, strict=True):
        pairs = list(zip(question.criteria, graded.verdicts, strict=True))
        met = [criterion for criterion, verdict in pairs if verdict.status == "passed" or criterion.kind == "written"]
        criteria = tuple(dict.fromkeys(_widest(met)))
        if not criteria:
            criteria = (WrittenCriterion(points=1),)
            remarks[question.id] = ["nothing was found that labgrade can decide by itself: choose the criteria"]
        kept.append(question.model_copy(update={"criteria": criteria}))
    return rubric.model_copy(update={"questions": tuple(kept)}), remarks


def _widest(criteria: Sequence[Criterion]) -> Iterator[Criterion]:
    """Of plots with the same curves and more, the one with more."""
    shown = [set(criterion.shows) for criterion in criteria if criterion.kind == "history_plot"]
    for criterion in criteria:
        if criterion.kind != "history_plot" or not any(set(criterion.shows) < other for other in shown):
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
