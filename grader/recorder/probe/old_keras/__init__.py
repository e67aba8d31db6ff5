"""Keras 2 idioms under Keras 3: named shims, and modules found at their new places."""
