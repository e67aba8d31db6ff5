"""`python -m grader.sandbox DESCRIPTOR`: the warm server, started by `grader.sandbox.warm`."""

from __future__ import annotations

import sys

from grader.sandbox.server import serve

serve(int(sys.argv[1]))
