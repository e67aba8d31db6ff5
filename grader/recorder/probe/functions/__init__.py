"""Calls a student's functions with arguments that the host sends, and says what came back."""
