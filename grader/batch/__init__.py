"""A whole class: several processes, each submission by itself, and nothing done twice."""
