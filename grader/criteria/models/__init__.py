"""Criteria on networks: what they are made of, how they are compiled, shown and kept."""
