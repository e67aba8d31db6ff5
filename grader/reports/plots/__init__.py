"""The figures that labgrade draws itself."""
