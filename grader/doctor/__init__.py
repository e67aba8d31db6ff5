"""What works on this machine, and what does not: confinement, device, data sets, PDF, cache and memory."""
