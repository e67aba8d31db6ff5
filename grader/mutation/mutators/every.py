"""All mistakes that can be made in a solution, in the order of its questions."""

from __future__ import annotations

from grader.mutation.mutant import Mutant, Mutation, numbered_mutants
from grader.mutation.mutators.functions import function_mutations
from grader.mutation.mutators.layers import layer_mutations
from grader.mutation.mutators.outputs import output_mutations
from grader.mutation.mutators.plots import plot_mutations
from grader.mutation.mutators.texts import text_mutations
from grader.mutation.mutators.training import training_mutations
from grader.mutation.solution import Solution

MUTATORS = (
    layer_mutations,
    training_mutations,
    plot_mutations,
    output_mutations,
    function_mutations,
    text_mutations,
)


def every_mutant(solution: Solution) -> tuple[Mutant, ...]:
    """The mutants of a solution, numbered from 1."""
    places = {question.id: place for place, question in enumerate(solution.questions)}
    found: list[Mutation] = [mutation for mutator in MUTATORS for mutation in mutator(solution)]
    found.sort(key=lambda mutation: places.get(mutation.question, len(places)))
    return numbered_mutants(solution.match.submission, found)
