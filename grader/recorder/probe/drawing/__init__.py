"""Matplotlib figures as structure and picture."""
