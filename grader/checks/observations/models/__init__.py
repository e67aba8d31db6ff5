"""Observations on models: which was evaluated or plotted, and how they are put together."""
