"""Grades in the forms that learning platforms take."""
