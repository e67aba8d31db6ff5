"""What Keras prints, read back into typed events."""
