"""A process that only defines: it runs a submission's definitions and answers calls, without Keras or a shell."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from typing import Any

from grader.recorder.probe.functions.serving import compile_cell, serve, with_numpy
from grader.sandbox.frames import Channel


def main(channel: Channel) -> None:
    """Run the job that the host sends: `{"definitions": [source, ...], "functions": [candidate, ...]}`."""
    job, _ = channel.receive()
    define_and_serve(channel, job)


def define_and_serve(channel: Channel, job: Mapping[str, Any]) -> None:
    """Run each definition, whatever it raises, then serve."""
    warnings.simplefilter("ignore")
    namespace = sys.modules["__main__"].__dict__
    with_numpy(namespace)
    for source in job["definitions"]:
        try:
            exec(compile_cell(str(source)), namespace)
        except BaseException:
            # The next definition may need nothing of this one.
            continue
    serve(channel, namespace, job["functions"])
    channel.send({"type": "done"})
