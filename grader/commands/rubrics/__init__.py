"""What `labgrade rubric` does beyond listing: testing and starting a rubric."""
