"""Linux' own confinement: each step of it, the providers that are made of them, and which of those work here."""
