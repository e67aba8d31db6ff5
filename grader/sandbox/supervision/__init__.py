"""Supervision of one run: its limits, its clock, its memory, and how it ended."""
