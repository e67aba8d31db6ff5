"""Hand-ins that take long to read (PDFs, mostly), kept as they were read: a rubric edit does not read them again."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from grader.batch.basis import files_digest
from grader.batch.job import Job
from grader.reading.submission import read_submission
from grader.recorder.store import RecordingStore, code_digest
from grader.records.submission import Submission

_LONG_SECONDS = 0.05


def kept_submission(path: Path, job: Job, runs: bool) -> Submission:
    """The submission at `path`, from the store where it took long before. Raises `UserError`.

    `runs`: its code is about to run, and needs the content of its data files, which is not kept.
    """
    store = RecordingStore(job.options.cache / "readings")
    parts = [files_digest(str(path)), path.name, code_digest(("reading", "records"))]
    key = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
    known = store.get(key, Submission)
    if known is not None and not (runs and known.data):
        return known
    began = time.monotonic()
    submission = read_submission(path)
    if known is None and time.monotonic() - began > _LONG_SECONDS:
        store.put(key, submission)
    return submission
