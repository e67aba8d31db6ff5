"""What is trained: one training, described by content alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from grader.records.base import JsonObject
from grader.training.plain import canonical_digest

ENGINE_VERSION = 3
"""Raised whenever the same specification would train differently."""


@dataclass(frozen=True)
class DataDigests:
    """SHA-256 digests of the arrays, each computed by the host over bytes it received."""

    x: str
    y: str
    validation_x: str | None = None
    validation_y: str | None = None
    test_x: str | None = None
    """The data set's own test images, prepared as this group prepared its own."""
    test_y: str | None = None

    def given(self) -> tuple[str, ...]:
        """The digests that stand for arrays, without the absent ones."""
        every = (self.x, self.y, self.validation_x, self.validation_y, self.test_x, self.test_y)
        return tuple(digest for digest in every if digest)


@dataclass(frozen=True)
class Runtime:
    """What else decides the numbers that a training gives."""

    device: str
    """`cpu`, or the GPU's name."""
    threads: int
    versions: tuple[tuple[str, str], ...]
    """(package, version) pairs, sorted."""


@dataclass(frozen=True)
class TrainingSpec:
    """One training. Equal content gives an equal key, whoever asks."""

    architecture: JsonObject
    compile: JsonObject
    fit: JsonObject
    data: DataDigests
    effort: str
    runtime: Runtime
    start: str | None = None
    """Digest of the weights it starts from; `None` for fresh ones drawn from the seed."""
    seed: int = 0
    replica: int = 0

    def content(self) -> dict[str, Any]:
        """Everything the key is made of, as JSON."""
        return {
            "engine": ENGINE_VERSION,
            "architecture": self.architecture,
            "compile": self.compile,
            "fit": self.fit,
            "data": list(vars(self.data).values()),
            "effort": self.effort,
            "device": self.runtime.device,
            "threads": self.runtime.threads,
            "versions": [list(pair) for pair in self.runtime.versions],
            "start": self.start,
            "seed": self.seed,
            "replica": self.replica,
        }

    @property
    def key(self) -> str:
        """SHA-256 (hex) of the content."""
        return canonical_digest(self.content())

    @property
    def random_seed(self) -> int:
        """Seed of initial weights, dropout and batch order: 31 bits of the key of everything but the machine."""
        content = self.content()
        for machine in ("device", "threads", "versions"):
            del content[machine]
        return int(canonical_digest(content)[:8], 16) & 0x7FFFFFFF

    def with_replica(self, replica: int) -> TrainingSpec:
        """The same training, drawn anew."""
        return replace(self, replica=replica)
