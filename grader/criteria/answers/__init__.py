"""Criteria on what a group writes: words, numbers, printed logs and functions."""
