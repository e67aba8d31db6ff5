"""Provider `container`: one container of Docker or podman per submission, for macOS, Windows and locked-down Linux."""
