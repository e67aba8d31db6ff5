"""Which transforms make up which hand-in: fixed by lab, seed and number."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from random import Random

from generator.nouns import Handin, Heading, Prose, Step, UnfitError
from generator.render import cells
from generator.solution import load_lab, read_solution
from generator.transforms import Transform, all_transforms, compatible, in_order

_SEVERAL = (2, 2, 2, 3, 3, 4)
"""How many transforms a drawn hand-in has: pairs most often, as the table is about pairs."""


@dataclass(frozen=True)
class Recipe:
    """What a hand-in is made of."""

    lab: str
    seed: int
    number: int
    names: tuple[str, ...]

    @property
    def key(self) -> str:
        """Its name in files and tables."""
        return f"{self.lab}/{self.seed}/{self.number}"


@lru_cache(maxsize=4)
def _solution(lab: str) -> Handin:
    return read_solution(load_lab(lab))


def compose(recipe: Recipe) -> Handin:
    """The hand-in of a recipe. Transforms that find nothing to change are left out of `applied`."""
    handin = copy.deepcopy(_solution(recipe.lab))
    if recipe.names:
        _make_anonymous(handin)
    known = all_transforms()
    for one in in_order([known[name] for name in recipe.names]):
        rng = Random(f"{recipe.lab}/{recipe.seed}/{recipe.number}/{one.name}")
        changed = copy.deepcopy(handin)
        with suppress(UnfitError):
            one.apply(changed, rng)
            if _content(changed) != _content(handin):
                changed.applied.append(one.name)
                handin = changed
    return handin


def _content(handin: Handin) -> tuple[object, ...]:
    """All that is handed in."""
    return handin.form, [(cell.kind, cell.source) for cell in cells(handin)], handin.extra_files


def _make_anonymous(handin: Handin) -> None:
    """Take out what tells that the solution is one: its title, its preface, the names of its networks."""
    handin.anonymous = True
    first = next(at for at, block in enumerate(handin.blocks) if isinstance(block, Step))
    for block in handin.blocks[:first]:
        if isinstance(block, Heading):
            block.title = block.title.removesuffix(": model answers")
    kept = [block for block in handin.blocks[:first] if not isinstance(block, Prose)]
    handin.blocks[:first] = kept


@lru_cache(maxsize=4)
def fitting(lab: str) -> tuple[str, ...]:
    """The transforms that find something to change in the lab's solution."""
    return tuple(name for name in all_transforms() if compose(Recipe(lab, 0, 0, (name,))).applied)


def recipe(lab: str, seed: int, number: int, only: Sequence[str] = ()) -> Recipe:
    """Number 0 is the solution itself, the next ones each transform alone; then several are drawn at a time.

    With `only`, every drawn hand-in has one of these.
    """
    usable = fitting(lab)
    alone = [name for name in only or usable if name in usable]
    if number == 0:
        return Recipe(lab, seed, 0, ())
    if number <= len(alone):
        return Recipe(lab, seed, number, (alone[number - 1],))
    rng = Random(f"{lab}/{seed}/{number}")
    known = all_transforms()
    chosen: list[Transform] = [known[rng.choice(alone)]] if only else []
    wanted = rng.choice(_SEVERAL)
    for _ in range(200):
        if len(chosen) == wanted:
            break
        one = known[rng.choice(usable)]
        if compatible([*chosen, one]):
            chosen.append(one)
    return Recipe(lab, seed, number, tuple(one.name for one in in_order(chosen)))


def pairs(lab: str, seed: int, only: Sequence[str] = ()) -> list[Recipe]:
    """One hand-in for each pair of transforms that can stand together, in an order drawn from the seed."""
    known = all_transforms()
    found = [
        (one, other)
        for one, other in combinations(fitting(lab), 2)
        if compatible([known[one], known[other]]) and (not only or one in only or other in only)
    ]
    Random(f"{lab}/{seed}/pairs").shuffle(found)
    return [Recipe(lab, seed, 100_000 + at, pair) for at, pair in enumerate(found)]
