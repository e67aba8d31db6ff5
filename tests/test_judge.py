"""What labgrade sees of hand-ins whose truth is known, where they are at hand, against the targets."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent / "judging")]

from judge import SAMPLES, judged  # noqa: E402
from judge_samples import Sample, samples_in  # noqa: E402
from judge_scores import TABLE, findings_of  # noqa: E402

from grader.options import Options  # noqa: E402

FOUND = samples_in([SAMPLES]) if SAMPLES.is_dir() else []
pytestmark = pytest.mark.skipif(not FOUND, reason="the samples are not at hand")


@pytest.mark.parametrize("sample", FOUND, ids=lambda sample: sample.folder.name)
def test_what_is_seen_without_running(sample: Sample, tmp_path: Path) -> None:
    """Of every form 98 % of the questions are placed, 95 % of the certain findings seen, and nobody accused falsely."""
    for form in sample.forms(tmp_path):
        score = judged(sample, form, Options(cache=tmp_path / "cache"), unrun=True)
        placed = [found for _, found in score.placed]
        certain = [found for _, found in score.target]
        assert sum(placed) >= 0.98 * len(placed), (form.name, score.placed)
        assert sum(certain) >= 0.95 * len(certain), (form.name, [f.id for f, seen in score.target if not seen])
        assert score.unexplained == [], form.name


def test_the_table_is_honest() -> None:
    """Every entry for one finding is of a finding that exists, and what is confirmed says why."""
    known = {finding.id for sample in FOUND for finding in findings_of(sample)}
    assert set(TABLE["findings"]) <= known
    assert all(len(entry["why"]) > 20 for entry in TABLE["confirmed"])
