"""The transforms: what they are, how they are found, and in which order several of them are applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from random import Random
from typing import TypeAlias

from generator.nouns import Handin

Change: TypeAlias = Callable[[Handin, Random], None]

PHASES = (
    "mistakes",
    "habits",
    "drawings",
    "building",
    "idioms",
    "machine",
    "naming",
    "structure",
    "wording",
    "cells",
    "form",
)
"""In this order: what changes the networks themselves comes first, while they stand as the solution has them; what only
changes how things are written down comes last."""
_CHAPTERS = (
    "mistakes",
    "mistakes_shown",
    "habits",
    "drawings",
    "styles",
    "idioms",
    "machine",
    "structure",
    "wordings",
    "forms",
)
_BESIDE_SOLE = ("forms", "machine")


@dataclass(frozen=True)
class Transform:
    """One thing that students do differently from the solution."""

    name: str
    kind: str
    """Chapter: styles, structure, habits, ..."""
    phase: str
    says: str
    """First sentence of its docstring: what the student does."""
    apply: Change
    groups: frozenset[str]
    """Two transforms that share a group exclude each other: both would decide the same thing."""
    sole: bool = False
    """It leaves nothing that others could change: it stands with another form or machine at most."""

    def excludes(self, other: Transform) -> bool:
        """Whether the two cannot stand in one hand-in."""
        if self.name == other.name or self.groups & other.groups:
            return True
        return any(one.sole and two.kind not in _BESIDE_SOLE for one, two in ((self, other), (other, self)))


TRANSFORMS: dict[str, Transform] = {}


def transform(phase: str, groups: str = "", sole: bool = False) -> Callable[[Change], Change]:
    """Register a function as a transform; `groups` are apart by spaces."""

    def register(change: Change) -> Change:
        name = change.__name__
        says = (change.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", " ")
        assert name not in TRANSFORMS, name
        assert phase in PHASES, phase
        kind = change.__module__.rpartition(".")[2].partition("_")[0]
        TRANSFORMS[name] = Transform(name, kind, phase, says, change, frozenset(groups.split()), sole)
        return change

    return register


def all_transforms() -> dict[str, Transform]:
    """Every transform, by name, in the order of the chapters."""
    for chapter in _CHAPTERS:
        import_module(f"generator.{chapter}")
    return TRANSFORMS


def in_order(chosen: list[Transform]) -> list[Transform]:
    """Those chosen, in the order in which they are applied."""
    return sorted(chosen, key=lambda one: (PHASES.index(one.phase), one.name))


def compatible(chosen: list[Transform]) -> bool:
    """Whether no two of them exclude each other."""
    return not any(one.excludes(other) for at, one in enumerate(chosen) for other in chosen[at + 1 :])
