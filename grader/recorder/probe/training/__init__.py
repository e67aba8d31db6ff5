"""Keras models: what is said of them, and how their trainings are asked for."""
