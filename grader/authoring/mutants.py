"""Every mistake that can be made in a solution, in the order of its questions.

Mistakes in code stand in `model_mutants` and `code_mutants`; here are those in what is handed in beside it: nothing
under a question, another number, a stale output.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from grader.authoring.code_mutants import function_mutations, plot_mutations
from grader.authoring.dependencies import Dependencies, OpaqueError
from grader.authoring.model_mutants import layer_mutations, output_mutations, training_mutations
from grader.authoring.mutation import Edit, Mutant, Mutation, Solution, number_mutants
from grader.records import BaseCriterion, Printed, Question

_NUMBER = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?![\w,])|(?<![\w.,])\d+\.\d+|(?<![\w.,])\d{3,}(?![\w.])")
_EPOCH = re.compile(r"^Epoch (\d{1,5})/(\d{1,5})[ \t]*$", re.MULTILINE)
_LEAST_EPOCHS = 4
"""Of a training whose log can be cut to half of it and still be a log of several epochs."""


def text_mutations(solution: Solution) -> Iterator[Mutation]:
    """A question left empty, a wrong number in an answer, a saved log of fewer epochs than the code says."""
    for question in solution.questions:
        words, code = tuple(_wordless(solution, question)), tuple(_codeless(solution, question))
        asked_in_words = any(criterion.about == "text" for criterion in question.criteria)
        whole = bool(code) and {edit.cell for edit in code} == set(solution.code_of(question.id))
        edits = (*words, *code) if asked_in_words or whole else ()
        if edits:
            yield Mutation("a missing answer", "nothing stands under the question", question.id, edits)
    for question, criterion, _ in solution.asking("other_number"):
        edits = tuple(_other_numbers(solution, question, criterion))
        if edits:
            yield Mutation("another number", f"the answer says {edits[0].text}", question.id, edits)
    for question, _, cells in solution.asking("stale_log"):
        yield from _stale_log(solution, question, cells)


def _pieces(solution: Solution, question: Question) -> Iterator[tuple[int, int, int]]:
    """(cell, start, end) of the question's prose."""
    for passage in solution.match.question(question.id).passages:
        if solution.cells[passage.cell].kind == "prose":
            yield passage.cell, passage.start, passage.end


def _wordless(solution: Solution, question: Question) -> Iterator[Edit]:
    """The prose of a question left out, its headings kept."""
    for cell, start, end in _pieces(solution, question):
        text = solution.cells[cell].source[start:end]
        kept = "\n".join(line for line in text.split("\n") if line.lstrip().startswith("#"))
        if kept.strip() != text.strip():
            yield Edit(cell, start, end, f"{kept}\n" if end < len(solution.cells[cell].source) else kept)


def _codeless(solution: Solution, question: Question) -> Iterator[Edit]:
    """The code under a question left out, where nothing else rests on it."""
    cells = [cell for cell in solution.code_of(question.id) if _is_alone(solution, question, cell)]
    sources = {cell: solution.cells[cell].source for cell in solution.trees}
    for cell in reversed(cells):
        try:
            reached = Dependencies(sources).affected({cell: "pass"})
        except OpaqueError:
            return
        if reached <= {cell}:
            sources[cell] = "pass"
            yield Edit(cell, 0, len(solution.cells[cell].source), "pass")


def _is_alone(solution: Solution, question: Question, cell: int) -> bool:
    """Whether `cell` answers no other question."""
    return all(cell not in match.cells or match.question == question for match in solution.match.questions)


def _other_numbers(solution: Solution, question: Question, criterion: BaseCriterion) -> Iterator[Edit]:
    for cell, start, end in _pieces(solution, question):
        source = solution.cells[cell].source
        for found in _NUMBER.finditer(source, start, end):
            if source[source.rfind("\n", 0, found.start()) + 1 :].lstrip().startswith("#"):
                continue
            value = float(found[0].replace(",", ""))
            if criterion.stated_number is not None and value != criterion.stated_number:
                continue
            other = f"{value * 0.9:.4f}" if "." in found[0] else f"{int(value * 0.9):,}"
            yield Edit(cell, found.start(), found.end(), other)


def _stale_log(solution: Solution, question: Question, cells: tuple[int, ...]) -> Iterator[Mutation]:
    training = solution.training(question.model)
    """The saved log of half the training, as it stands in a notebook whose code was changed afterwards."""
    if training is None or training.cell not in cells or training.fit.epochs < _LEAST_EPOCHS:
        return
    for event in solution.match.rerun.events:
        if isinstance(event, Printed) and event.cell == training.cell and _EPOCH.search(event.text):
            fewer = training.fit.epochs // 2
            end = next((found.start() for found in _EPOCH.finditer(event.text) if int(found[1]) == fewer + 1), 0)
            if end:
                log = _EPOCH.sub(rf"Epoch \1/{fewer}", event.text[:end])
                says = f"the saved log has {fewer} epochs, the code above it {training.fit.epochs}"
                yield Mutation("a stale saved output", says, question.id, saved=((training.cell, log),))
            return


# All of them

MUTATORS = (
    layer_mutations,
    training_mutations,
    plot_mutations,
    output_mutations,
    function_mutations,
    text_mutations,
)


def every_mutant(solution: Solution) -> tuple[Mutant, ...]:
    """The mutants of a solution, in the order of its questions, numbered from 1; each change once."""
    places = {question.id: place for place, question in enumerate(solution.questions)}
    found: list[Mutation] = [mutation for mutator in MUTATORS for mutation in mutator(solution)]
    found.sort(key=lambda mutation: places.get(mutation.question, len(places)))
    return number_mutants(solution.match.submission, found)
