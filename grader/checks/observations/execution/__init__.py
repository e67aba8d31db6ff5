"""Observations on how the cells ran, and in which order."""
