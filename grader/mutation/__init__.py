"""Mutation testing of rubrics: the solution is changed in the ways students get it wrong, and graded."""
