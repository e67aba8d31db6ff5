"""These tests share the fixtures of hand-ins that are read."""

from __future__ import annotations

from reading_fixtures import hand_in, lab, notebook_file, numbered_lab, sample

__all__ = ["hand_in", "lab", "notebook_file", "numbered_lab", "sample"]
