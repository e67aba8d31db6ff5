"""A class graded by a Dask cluster: its workers do the stages, and its workers train, each distinct training once."""
