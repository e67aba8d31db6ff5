"""Threads that live as long as their process.

A warm server ends with the thread that started it, so that nothing outlives a killed process. Dask's own threads come
and go; what starts servers therefore runs in one of these, and one thing at a time.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

STAGES = ThreadPoolExecutor(1, "labgrade-stages")
TRAININGS = ThreadPoolExecutor(1, "labgrade-trainings")
