"""What a learning platform's bulk download holds: names, times, archives, files that belong together."""
