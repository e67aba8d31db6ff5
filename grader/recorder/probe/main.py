"""The sandboxed side of a recording: takes the cells from the host, runs them, says what happened."""

from __future__ import annotations

import logging
import os
import random
import warnings

import keras
import numpy as np
import tensorflow as tf

from grader.recorder.probe import dataset_hooks, files
from grader.recorder.probe.drawing.hooks import FigureWatch
from grader.recorder.probe.functions.main import define_and_serve
from grader.recorder.probe.functions.serving import serve
from grader.recorder.probe.link import Link
from grader.recorder.probe.old_keras import moved, shims
from grader.recorder.probe.shell import Shell
from grader.recorder.probe.training import hooks as training_hooks
from grader.sandbox.frames import Channel

_SEED = 20_230_511


def main(channel: Channel) -> None:
    """Run the job that the host sends: `{"cells": [{"index", "source", "flush"}], "effort", "threads", "files"}`.

    The contents of `files` (paths) travel with it, as bytes. With `functions` (candidates) it then serves calls to
    them; with `definitions` it does nothing else.
    """
    job, contents = channel.receive()
    if "definitions" in job:
        _quiet()
        define_and_serve(channel, job)
        return
    files.place(job["files"], contents)
    contents.clear()
    link = Link(channel)
    _quiet()
    _seed(int(job["threads"]))
    dataset_hooks.install(link)
    moved.install(link)
    shims.install(link)
    training_hooks.install(link, str(job["effort"]))
    figures = FigureWatch(link)
    figures.install()
    shell = Shell(link)
    for cell in job["cells"]:
        link.enter(int(cell["index"]))
        shell.run(str(cell["source"]))
        if cell["flush"]:
            figures.collect()
        else:
            figures.draft()
    link.event("finished")
    if job.get("functions"):
        link.muted = True
        serve(channel, shell.shell.user_ns, job["functions"])
    channel.send({"type": "done"})


def _quiet() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"


def _seed(threads: int) -> None:
    """Unseeded code gives the same numbers each time it is graded."""
    random.seed(_SEED)
    np.random.seed(_SEED)
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(_SEED)
