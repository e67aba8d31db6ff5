"""Runs examples of old code, as JSON on standard input, under the shims; what each noted and raised, as JSON.

A process of its own: the shims change Keras, NumPy and Matplotlib for good.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import warnings
from typing import Any

from grader.probe.messages import FitAsked, FitHere, Kept

warnings.simplefilter("ignore")


class Listener:
    """Stands for the line to the host: keeps the names of notes."""

    muted = True

    def __init__(self) -> None:
        self.noted: list[str] = []

    def note(self, topic: str, name: str, message: str) -> None:
        """Keep the name."""
        assert message.endswith("."), name
        self.noted.append(name)

    def has_room(self, kind: str) -> bool:
        """Nothing else is told."""
        return False

    def tell(self, event: object) -> None:
        """Nothing else is told."""

    def ask(self, message: object, arrays: object = ()) -> Any:
        """What the host answers where every training is run beside the code."""
        if isinstance(message, FitAsked):
            return FitHere(why="for a test"), []
        return Kept(seq=1), []


def main() -> None:
    examples: dict[str, str] = json.load(sys.stdin)
    os.chdir(tempfile.mkdtemp())
    from grader.probe.keras import hooks

    listener = Listener()
    hooks.install(listener, "full", 2)  # type: ignore[arg-type]
    told = sys.stdout
    sys.stdout = sys.stderr
    found: dict[str, dict[str, object]] = {}
    for key, code in examples.items():
        listener.noted.clear()
        error = None
        sys.modules["__main__"].__dict__.pop("x", None)
        try:
            exec(compile(code, "<example>", "exec"), {"__name__": "__main__"})
        except BaseException as raised:
            error = [type(raised).__name__, str(raised)]
        found[key] = {"noted": list(listener.noted), "error": error}
    json.dump(found, told)


if __name__ == "__main__":
    main()
