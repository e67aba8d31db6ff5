"""The criteria of a rubric: what each asks for, as typed options."""
