"""Places where text, saved outputs and rerun disagree, one file a subject."""
