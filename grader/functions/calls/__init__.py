"""Calls: which of a group's functions is meant, how it takes its arguments, and what came back."""
