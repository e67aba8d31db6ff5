"""Observations on the data that models saw."""
