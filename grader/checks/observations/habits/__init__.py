"""Observations on what keeps others from repeating a hand-in."""
