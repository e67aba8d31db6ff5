"""The steps of the commands on a whole class."""
