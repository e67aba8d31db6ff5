"""Hand-ins composed from a lab's own solution, whose truth is known by construction."""
