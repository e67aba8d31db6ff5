"""Models that were trained on images of the test set: their accuracy on it measures nothing."""

from __future__ import annotations

from grader.records import DataUse, Match, Reference, Trained


def saw_test_rows(training: Trained, match: Match, reference: Reference) -> bool:
    """Whether rows of the test set were among those of `training`, or of one whose weights it may have gone on with.

    Never where the lab's own solution trains on such rows.
    """
    if lab_trains_on_test_rows(reference):
        return False
    before = [
        earlier
        for earlier in match.rerun.trainings()
        if training.continued and earlier.seq < training.seq and _related(earlier, training)
    ]
    return any(has_test_rows(one.train) for one in (training, *before))


def lab_trains_on_test_rows(reference: Reference) -> bool:
    """Whether the lab's own solution trains on rows of the test set: then it asks for that."""
    return any(has_test_rows(training.train) for training in reference.recording.trainings())


def has_test_rows(use: DataUse) -> bool:
    """Whether rows of the test set are among these, found by content."""
    return use.split in ("test", "mixed")


def _related(earlier: Trained, training: Trained) -> bool:
    return earlier.model == training.model or earlier.architecture == training.architecture
