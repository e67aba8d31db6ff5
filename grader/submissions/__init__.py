"""A path becomes a `Submission`, and the rubric that fits it is found."""
