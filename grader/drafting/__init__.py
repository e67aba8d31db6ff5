"""A first rubric for a new lab, drafted from a teacher's own solution."""
