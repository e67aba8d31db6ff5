"""Observations on saved logs and summaries held against the code above them."""
