"""The code of a hand-in, read without being run."""
