"""Checks of what is written and printed."""
