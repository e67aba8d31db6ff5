"""Weights that a group handed in as files: arrays that its models may start from."""
