"""Checks of models: what they are, how they were compiled and trained, and what they reach."""
