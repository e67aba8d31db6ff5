"""Criteria on figures."""
