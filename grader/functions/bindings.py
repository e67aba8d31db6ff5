"""In which ways a function may take its arguments: by name, by likeness of names, by place.

A case calls `call(image, kernel)`; a student wrote `apply_filter(kernel, picture)`. Names of parameters say most about
which argument goes where; where they say nothing, the order of the case is tried first, then others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise, permutations, product
from typing import Any

from grader.functions.candidates import Candidate, Parameter
from grader.functions.cases import Group, Piece

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-zäöüåéèß]+|\d+")
_LEAST_RATIO = 0.78
"""From this similarity of letters on (Ratcliff and Obershelp, 1988, as `difflib` has it) a word is another misspelt.

`normalise` for `normalize` has 0.89 and `kernal` for `kernel` 0.83; `minimum` for `maximum` has 0.71.
"""
_ALIKE = 0.85
"""Likeness from which on two names mean the same: equal, or all words of the known name are in the given one."""
_MOST_BINDINGS = 6
"""Ways to call one candidate, the likeliest of all."""
_MOST_PARAMETERS = 6
"""Parameters that may be given an argument: six in every order are 720 assignments."""
_NAMED, _OTHERS_NAME, _IN_ORDER, _LEFT_OUT = 3.0, -2.0, 0.5, -1.5
"""What speaks for an assignment: a parameter that bears its argument's name, or another's; two arguments in the case's
order; an optional argument left out.

One name weighs more than the order of six parameters (2.5). An optional argument is rather left out than given to a
parameter that bears another's name.
"""


def words(name: str) -> tuple[str, ...]:
    """The words of `max_pooling` or `MaxPooling2D`, in lower case."""
    return tuple(part.lower() for part in _PARTS.findall(name[:120]))


def likeness(name: str, known: Iterable[str]) -> float:
    """0 to 1: how like `name` is to the likest of `known`; of `Pool.forward`, the class or the method.

    1 for the same words, 0.85 to 0.9 where all words of the known name are in `name` (`relu_layer` for `relu`), less
    for a misspelt word, 0 for any other.
    """
    parts = [name, *name.split(".")] if "." in name else [name]
    return max((_likeness(words(part), words(one)) for part in parts for one in known), default=0.0)


@lru_cache(maxsize=20_000)
def _likeness(given: tuple[str, ...], known: tuple[str, ...]) -> float:
    left, right = "".join(given), "".join(known)
    if not left or not right:
        return 0.0
    if left == right:
        return 1.0
    # A short name such as `x` or `sd` stands in many words: it counts as a word of its own alone, and a little less.
    if len(right) >= 4 and (right in left or set(known) <= set(given)):
        return 0.9
    if set(known) <= set(given):
        return _ALIKE
    ratio = SequenceMatcher(None, left, right, autojunk=False).ratio()
    return ratio * 0.9 if ratio >= _LEAST_RATIO else 0.0


@dataclass(frozen=True)
class Source:
    """Where a parameter gets its value from."""

    parameter: Parameter
    argument: str = ""
    """Name of `call`'s argument; empty for a filler."""
    filler: Any = None
    """A value, or a function of `call`'s arguments that gives it."""


@dataclass(frozen=True)
class Binding:
    """One way to call one candidate."""

    candidate: Candidate
    sources: tuple[Source, ...]
    layout: Piece | None = None
    """The convention that the call follows; `None` for the usual one."""
    in_place: bool = False
    """The answer is what the call leaves in its first argument."""

    @property
    def taken(self) -> frozenset[str]:
        """The arguments of `call` that reach the function."""
        return frozenset(source.argument for source in self.sources if source.argument)

    @property
    def written(self) -> str:
        """Such as `pool(fmap, size, stride)`."""
        names = [source.parameter.name for source in self.sources] or [p.name for p in self.candidate.parameters]
        return f"{self.candidate.name}({', '.join(names)})"


def bindings(candidate: Candidate, group: Group) -> tuple[Binding, ...]:
    """The likeliest ways to give `candidate` the group's arguments, the likeliest first."""
    found = [
        (score, number, Binding(candidate, sources))
        for number, (score, sources) in enumerate(_assignments(candidate, group))
    ]
    found.sort(key=lambda item: (-item[0], item[1]))
    ways = [binding for _, _, binding in found[:_MOST_BINDINGS]]
    # Where all names say what they mean, no other order is tried: it might hide a fault.
    return (
        tuple(way for way in ways if way.taken == ways[0].taken)
        if ways and names_agree(ways[0], group)
        else tuple(ways)
    )


def names_agree(binding: Binding, group: Group) -> bool:
    """Whether each parameter that is given an argument bears its name."""
    given = [source for source in binding.sources if source.argument]
    return len(given) > 1 and all(_is_named(source.parameter, source.argument, group) for source in given)


def _assignments(candidate: Candidate, group: Group) -> Iterator[tuple[float, tuple[Source, ...]]]:
    """Every way to give the group's arguments to parameters of `candidate`, each with what speaks for it."""
    parameters = _parameters(candidate, group)
    fillers = {parameter.name: _filler(parameter, group) for parameter in parameters}
    open_ = parameters[:_MOST_PARAMETERS]
    needed = [name for name in group.arguments if name not in group.tests.optional]
    spare = [name for name in group.arguments if name in group.tests.optional]
    for taken in _subsets(spare):
        names = [name for name in group.arguments if name in needed or name in taken]
        if len(names) > len(open_):
            continue
        for chosen in permutations(open_, len(names)):
            given = {parameter.name: name for parameter, name in zip(chosen, names, strict=True)}
            score = _score(parameters, given, group) + _LEFT_OUT * (len(spare) - len(taken))
            score += _OTHERS_NAME * sum(fillers[p.name] is not None and not _claims(p, group) for p in chosen)
            for sources in _filled(parameters, given, fillers):
                yield score, sources


def _parameters(candidate: Candidate, group: Group) -> tuple[Parameter, ...]:
    """The candidate's parameters; of one that takes whatever it is given, the group's arguments."""
    if candidate.variadic and not any(parameter.required for parameter in candidate.parameters):
        return tuple(Parameter(name=name) for name in group.arguments)
    return candidate.parameters


def _subsets(names: list[str]) -> Iterator[tuple[str, ...]]:
    for chosen in product((True, False), repeat=len(names)):
        yield tuple(name for name, wanted in zip(names, chosen, strict=True) if wanted)


def _filled(
    parameters: tuple[Parameter, ...], given: Mapping[str, str], fillers: Mapping[str, list[Any] | None]
) -> Iterator[tuple[Source, ...]]:
    """The sources of all parameters that get a value, for each alternative of a filler.

    There are none when a parameter has to be given and nothing is known for it.
    """
    places: list[list[Source]] = []
    for parameter in parameters:
        if parameter.name in given:
            places.append([Source(parameter, given[parameter.name])])
        elif parameter.required:
            known = fillers[parameter.name]
            if known is None:
                return
            places.append([Source(parameter, filler=value) for value in known])
    yield from product(*places)


def _filler(parameter: Parameter, group: Group) -> list[Any] | None:
    """The values that the lab knows for a parameter of this name; `None` where it knows none."""
    for names, value in group.tests.fillers.items():
        if likeness(parameter.name, names) >= 0.9 or parameter.name.lower() in names:
            return list(value) if isinstance(value, list) else [value]
    return None


def _claims(parameter: Parameter, group: Group) -> bool:
    """Whether the parameter bears the name of one of `call`'s arguments."""
    return any(_is_named(parameter, name, group) for name in group.arguments)


def _is_named(parameter: Parameter, argument: str, group: Group) -> bool:
    known = (argument, *group.tests.arguments[argument])
    # A known name of one or two letters has to be the parameter's whole name: `s` stands in any name with an `_s`.
    longer = [one for one in known if len(one) > 2]
    return parameter.name.lower() in known or likeness(parameter.name, longer) >= _ALIKE


def _score(parameters: tuple[Parameter, ...], given: Mapping[str, str], group: Group) -> float:
    score = 0.0
    order = [group.arguments.index(given[p.name]) for p in parameters if p.name in given]
    score += _IN_ORDER * sum(a < b for a, b in pairwise(order))
    for parameter in parameters:
        argument = given.get(parameter.name)
        own = argument is not None and _is_named(parameter, argument, group)
        others = any(_is_named(parameter, name, group) for name in group.arguments if name != argument)
        if own:
            # A name that several arguments share says less.
            score += _NAMED - (0.5 if others else 0.0)
        elif others and argument is not None:
            score += _OTHERS_NAME
    # A parameter that must be given is likelier to be one of the arguments than one with a default value.
    return score + sum(0.25 for p in parameters if p.required and p.name in given)
