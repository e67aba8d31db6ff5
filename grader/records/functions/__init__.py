"""Functions that a group wrote, and how they did."""
