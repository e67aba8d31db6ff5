"""One module per format of a hand-in, and what they share."""
