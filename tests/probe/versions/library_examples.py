"""An example for each row of other libraries and of Python 2's names."""

from __future__ import annotations

EXAMPLES: dict[str, str] = {}
