"""Observations on numbers and words in answers and in code."""
