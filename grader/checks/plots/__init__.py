"""Checks of what is plotted, and of the sweep behind a plot."""
