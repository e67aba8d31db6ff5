"""`python -m grader.sandbox DESCRIPTOR HOST`: the warm server, started by `grader.sandbox.warm`."""

from __future__ import annotations

import sys

from grader.sandbox.server import serve

serve(int(sys.argv[1]), int(sys.argv[2]))
