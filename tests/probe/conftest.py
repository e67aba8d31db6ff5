"""The probe's tests share what makes up messages with the recorder's."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "recorder"))
