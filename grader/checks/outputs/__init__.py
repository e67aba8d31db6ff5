"""Checks of what is done with a trained model: evaluated, asked, saved, counted, shown."""
