"""Takes its time to import, as TensorFlow does."""

from __future__ import annotations

import time

for _ in range(600):
    time.sleep(0.1)
