"""What a person decides: marks and comments, out as a list and back into results."""
