"""Students' functions, called in the sandbox on behalf of the host's cases."""
