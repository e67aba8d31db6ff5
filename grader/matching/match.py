"""A submission laid beside the rubric: which models, figures and texts answer which question."""

from __future__ import annotations

from grader.matching.assignment import Pair, assigned_pairs
from grader.matching.families import Family, model_families
from grader.matching.loose_text import with_loose_text
from grader.matching.questions import question_matches, question_passages
from grader.matching.saved_models import saved_assignment, saved_models, shown_accuracies
from grader.matching.similarity import Slot
from grader.records.criteria.models import ArchitectureCriterion
from grader.records.match import Match, ModelMatch, Reference
from grader.records.recording import Recording
from grader.records.rubric import Question, Rubric
from grader.records.submission import Passage, Submission


def match_submission(
    submission: Submission,
    rubric: Rubric,
    passages: tuple[Passage, ...],
    answers: dict[str, str],
    saved: Recording,
    rerun: Recording,
    reference: Reference,
) -> Match:
    """Lay `submission` beside `rubric`.

    `answers` maps question ids to the text of the answer. Models of the rerun are assigned to the reference's models
    all at once; a model that nothing asks for stays in `Match.models` without a reference. A reference model that finds
    none falls back, with low confidence, on what the saved outputs tell.
    """
    slots = _slots(rubric, reference, passages)
    pairs = assigned_pairs(model_families(rerun), slots, rerun.architectures, shown_accuracies(saved, rerun))
    models = _model_matches(pairs, submission)
    filled = {model.reference for model in models}
    models += _saved_matches(saved, rerun, [slot for slot in slots if slot.name not in filled], submission)
    return Match(
        rubric=rubric,
        submission=submission,
        saved=saved,
        rerun=rerun,
        questions=with_loose_text(
            question_matches(rubric, passages, answers, saved, rerun, models), models, submission
        ),
        models=models,
    )


def _slots(rubric: Rubric, reference: Reference, passages: tuple[Passage, ...]) -> tuple[Slot, ...]:
    asking: dict[str, list[Question]] = {}
    for question in rubric.questions:
        if question.model is not None and question.model in reference.models:
            asking.setdefault(question.model, []).append(question)
    # The order in which the solution builds its models is the order of the lab.
    names = [name for name in reference.models if name in asking]
    return tuple(
        _slot(name, asking[name], reference, passages, index / max(len(names) - 1, 1))
        for index, name in enumerate(names)
    )


def _slot(
    name: str, questions: list[Question], reference: Reference, passages: tuple[Passage, ...], position: float
) -> Slot:
    criteria = [criterion for question in questions for criterion in question.criteria]
    designs = [criterion for criterion in criteria if isinstance(criterion, ArchitectureCriterion)]
    practical = [question for question in questions if any(c.kind != "written" for c in question.criteria)]
    cells = frozenset(p.cell for question in practical or questions for p in question_passages(question, passages))
    return Slot(
        name=name,
        model=reference.models[name],
        must_have=tuple(dict.fromkeys(wanted for design in designs for wanted in design.must_have)),
        sweep=any(criterion.kind in ("sweep", "error_bar_plot") for criterion in criteria),
        cells=cells,
        questions=tuple(question.id for question in practical or questions),
        position=position,
    )


def _model_matches(pairs: tuple[Pair, ...], submission: Submission) -> tuple[ModelMatch, ...]:
    labels: dict[int, str] = {}
    for pair in pairs:
        if pair.family.first not in labels:
            labels[pair.family.first] = _label(pair.family, submission, set(labels.values()))
    return tuple(
        ModelMatch(
            label=labels[pair.family.first],
            reference=pair.slot.name if pair.slot else None,
            models=pair.family.models,
            architecture=pair.family.architecture,
            trainings=tuple(training.seq for training in pair.family.trainings),
            cells=tuple(cell for cell in pair.family.cells if cell >= 0),
            confidence=pair.confidence,
            reason=pair.reason,
        )
        for pair in pairs
    )


def _label(family: Family, submission: Submission, taken: set[str]) -> str:
    """Such as `model, cell 15`, with the number of the cell that trained it as a person counts."""
    cells = sorted(family.training_cells) or list(family.cells)
    place = _place(cells[0], submission)
    several = len(family.models)
    noun = f"{several} models" if several > 1 else "model"
    label, ordinal = f"{noun}{place}", 1
    while label in taken:
        ordinal += 1
        label = f"{noun} {ordinal}{place}" if several == 1 else f"{noun} ({ordinal}){place}"
    return label


def _place(index: int, submission: Submission) -> str:
    if not 0 <= index < len(submission.cells):
        return ""
    cell = submission.cells[index]
    return f", {cell.file} {cell.place}" if len(submission.files) > 1 else f", {cell.place}"


def _saved_matches(
    saved: Recording, rerun: Recording, empty: list[Slot], submission: Submission
) -> tuple[ModelMatch, ...]:
    chosen = saved_assignment(saved_models(saved, rerun), empty)
    return tuple(
        ModelMatch(
            label=f"saved output{_place(model.cells[0], submission)}",
            reference=slot.name,
            models=(),
            architecture=None,
            cells=tuple(sorted(set(model.cells))),
            confidence=confidence,
            reason=reason,
        )
        for model, slot, confidence, reason in chosen
    )
