"""Errors that a person can act on.

Only three parties can be at fault. A student's fault is a verdict, never an exception. A user's fault is a
`UserError`. Everything else is labgrade's own fault and keeps its traceback for the log.
"""

from __future__ import annotations


class LabgradeError(Exception):
    """Any failure that labgrade raises on purpose."""


class UserError(LabgradeError):
    """The teacher asked for something that cannot be done. One line: what is wrong, and what to do."""


class SandboxUnavailableError(UserError):
    """No confinement can be had on this machine, so student code is not run."""


class TrainerError(LabgradeError):
    """The trainer failed by its own fault: what depended on it is `errored` and costs nobody points."""
