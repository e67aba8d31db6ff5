"""labgrade: grades deep-learning lab assignments."""

__version__ = "0.1.0"
