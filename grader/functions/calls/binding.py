"""In which ways a function may take its arguments: by the names of its parameters first, then in other orders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise, permutations, product
from typing import Any

from grader.functions.calls.naming import likeness
from grader.functions.groups import Group, Piece
from grader.records.functions.plan import Candidate, Parameter

_MOST_BINDINGS = 6
_MOST_PARAMETERS = 6
_NAMED, _OTHERS_NAME, _IN_ORDER, _LEFT_OUT = 3.0, -2.0, 0.5, -1.5


@dataclass(frozen=True)
class Source:
    """Where a parameter gets its value from."""

    parameter: Parameter
    argument: str = ""
    """Name of `call`'s argument; empty for a filler."""
    filler: Any = None


@dataclass(frozen=True)
class Binding:
    """One way to call one candidate."""

    candidate: Candidate
    sources: tuple[Source, ...]
    layout: Piece | None = None
    in_place: bool = False

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
    return tuple(way for way in ways if way.taken == ways[0].taken) if ways and speaks(ways[0], group) else tuple(ways)


def speaks(binding: Binding, group: Group) -> bool:
    """Whether each parameter that is given an argument bears its name."""
    given = [source for source in binding.sources if source.argument]
    return len(given) > 1 and all(_is_named(source.parameter, source.argument, group) for source in given)


def _assignments(candidate: Candidate, group: Group) -> Iterator[tuple[float, tuple[Source, ...]]]:
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
    if candidate.variadic and not any(parameter.required for parameter in candidate.parameters):
        return tuple(Parameter(name=name) for name in group.arguments)
    return candidate.parameters


def _subsets(names: list[str]) -> Iterator[tuple[str, ...]]:
    for chosen in product((True, False), repeat=len(names)):
        yield tuple(name for name, wanted in zip(names, chosen, strict=True) if wanted)


def _filled(
    parameters: tuple[Parameter, ...], given: Mapping[str, str], fillers: Mapping[str, list[Any] | None]
) -> Iterator[tuple[Source, ...]]:
    """The sources of all parameters that get a value, for each alternative of a filler; none when one has to be
    given and nothing is known for it."""
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
    for names, value in group.tests.fillers.items():
        if likeness(parameter.name, names) >= 0.9 or parameter.name.lower() in names:
            return list(value) if isinstance(value, list) else [value]
    return None


def _claims(parameter: Parameter, group: Group) -> bool:
    """Whether the parameter bears the name of one of `call`'s arguments."""
    return any(_is_named(parameter, name, group) for name in group.arguments)


def _is_named(parameter: Parameter, argument: str, group: Group) -> bool:
    known = (argument, *group.tests.arguments[argument])
    return parameter.name.lower() in known or likeness(parameter.name, [one for one in known if len(one) > 2]) >= 0.85


def _score(parameters: tuple[Parameter, ...], given: Mapping[str, str], group: Group) -> float:
    score = 0.0
    order = [group.arguments.index(given[p.name]) for p in parameters if p.name in given]
    score += _IN_ORDER * sum(a < b for a, b in pairwise(order))
    for parameter in parameters:
        argument = given.get(parameter.name)
        own = argument is not None and _is_named(parameter, argument, group)
        others = any(_is_named(parameter, name, group) for name in group.arguments if name != argument)
        if own:
            score += _NAMED - (0.5 if others else 0.0)
        elif others and argument is not None:
            score += _OTHERS_NAME
    # A parameter that must be given is likelier to be one of the arguments than one with a default value.
    return score + sum(0.25 for p in parameters if p.required and p.name in given)
