"""Data sets: where they come from, and which rows of them were used."""
