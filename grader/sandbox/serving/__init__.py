"""The warm server: the process that forks, and the host's handles of what it forked."""
