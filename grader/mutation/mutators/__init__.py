"""The mistakes: each file knows those of one kind, and finds the places in a solution where they can be made."""
