"""Functions that a group wrote: where they stand and what they take."""

from __future__ import annotations

from grader.records import Record


class Parameter(Record):
    """One parameter of a function, or of a class' constructor and method taken together."""

    name: str
    required: bool = True
    """It has no default value."""
    keyword_only: bool = False
    constructor: bool = False
    """It belongs to the constructor of the method's class."""


class Candidate(Record):
    """A function, lambda or method that may answer a question, found in the code without running it."""

    id: int
    """Position in the submission's list of candidates."""
    name: str
    """As it is called: `max_pooling`, or `Pool.forward` for a method."""
    cell: int
    """Index of its cell."""
    line: int
    """Line in the cell, from 1."""
    parameters: tuple[Parameter, ...]
    variadic: bool = False
    """It takes any number of positional arguments."""
    source: str
    """Its definition; of a method, that of the class. Run again where the name means something else in the end."""
    questions: tuple[str, ...] = ()
    """Questions under whose id it stands."""
    identifiers: tuple[str, ...] = ()
    """Names that occur in its body, sorted."""
    borrowed: tuple[str, ...] = ()
    """Calls of libraries that do the work for it, such as `scipy.signal.correlate`."""
    piecewise: bool = False
    """The submission calls it on parts of something: in a loop over it, or on an indexed piece."""
    practical: bool = False
    """It trains, draws, reads files or asks for input: not to be called on suspicion."""


class Definition(Record):
    """Statements of one cell that only define: imports, functions, classes, plain values."""

    cell: int
    statements: tuple[str, ...]


class FunctionPlan(Record):
    """What of a submission is needed to judge its functions."""

    candidates: tuple[Candidate, ...] = ()
    definitions: tuple[Definition, ...] = ()
    computing: dict[str, int] = {}
    """Question -> the first cell under it whose code computes something outside any function."""
