"""The answer key: model answers, reference models and their trainings, for the teacher to hand out."""
