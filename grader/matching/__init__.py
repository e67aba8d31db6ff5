"""Matching: which of a group's models, figures and texts answer which question."""

from __future__ import annotations

from grader.matching.matcher import match_submission

__all__ = ["match_submission"]
