"""What a long stage tells whoever watches."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told what happens; shows it, or not."""

    def stage(self, name: str) -> None:
        """A stage of the pipeline begins."""

    def cell(self, number: int, of: int) -> None:
        """A cell begins to run; `number` counts from 1."""

    def training(self, label: str, epoch: int, epochs: int) -> None:
        """An epoch of a training was finished."""


class Silence:
    """Progress that nobody watches."""

    def stage(self, name: str) -> None:
        """Say nothing."""

    def cell(self, number: int, of: int) -> None:
        """Say nothing."""

    def training(self, label: str, epoch: int, epochs: int) -> None:
        """Say nothing."""
