"""A file for the commands of one subject. Everything heavy is imported inside a command: `labgrade --help` is quick."""
