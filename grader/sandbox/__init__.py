"""The sandbox: student code runs confined, and the trainer beside it.

Both sides read `contract` (limits, providers, jobs, ends), `control` (messages between labgrade's own processes) and
`frames` (messages of a process that is not believed). The host's half is `choice`, `warm` with `processes`,
`environment`, and `container/`; the warm server's half, whose memory student code inherits, is `server`, `supervisor`
with `usage`, and `linux/`. A container's first process, `container.inside`, is of the second half. `probing/` tries
each provider for real.
"""
