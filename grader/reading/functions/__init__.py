"""Functions in a submission's code, found without running it."""
