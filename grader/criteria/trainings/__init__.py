"""Criteria on trainings, and on what is done with a trained model."""
