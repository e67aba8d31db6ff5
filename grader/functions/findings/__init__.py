"""What is said of an answer that is wrong, and how arrays are shown."""
