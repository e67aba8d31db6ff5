"""The nouns of labgrade: frozen, typed data that travels between the stages."""
