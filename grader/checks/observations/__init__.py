"""Observations: what a teacher may want to look at. They carry their proof and cost no points."""

from __future__ import annotations

from grader.checks.observations.observe import observe

__all__ = ["observe"]
