"""One file per command. Everything heavy is imported inside a command, so that `labgrade --help` answers at once."""
