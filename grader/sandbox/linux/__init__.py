"""Linux' own confinement: each step of it, and the providers that are made of them."""
