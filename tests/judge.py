"""Judges labgrade itself: runs it on hand-ins whose truth is known and prints how much of that it sees.

    python tests/judge.py [FOLDER ...] [--data DIR] [--form NAME] [--unrun]

A FOLDER holds a hand-in with a `truth.json`, or several such folders; without one, the samples beside the project are
taken. What answers which finding is written down in `tests/judging/findings.yaml`. Observations that answer none are
printed in full, for a person's eye: they are false accusations, or the truth file does not have them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent / "judging")]

from judge_samples import Form, Sample, samples_in  # noqa: E402
from judge_scores import Score, score_of  # noqa: E402

from grader import pipeline  # noqa: E402
from grader.errors import UserError  # noqa: E402
from grader.options import Options  # noqa: E402
from grader.records import Recording, Reference, Silence  # noqa: E402
from grader.session import Session  # noqa: E402

SAMPLES = Path(__file__).parents[1] / "../shared/samples"
SEVERITIES = ("error", "method", "missing", "style", "portability", "note")


def judged(sample: Sample, form: Form, options: Options, unrun: bool = False) -> Score:
    """How labgrade does on one form of one sample. Raises `UserError` where it cannot read it.

    `unrun`: neither the hand-in nor the reference runs; what the text and the saved outputs tell is judged alone.
    """
    read = pipeline.reading(form.path, options)
    if unrun:
        reference = Reference(rubric=read.rubric.name, recording=Recording(testimony="reference"))
        result, match = pipeline.judge_submission(read, reference, Recording(testimony="rerun"), "quick")
    else:
        with Session(options, Silence()) as session:
            reference = session.reference(read.rubric, read.solution)
            rerun = session.rerun(read.submission, read.rubric, read.functions, reference)
            result, match = pipeline.judge_submission(read, reference, rerun, session.effort)
    return score_of(sample, form, match, result)


def share(parts: Sequence[tuple[object, bool]]) -> str:
    """`24 of 25`, with the percentage."""
    good = sum(found for _, found in parts)
    return f"{good} of {len(parts)}" + (f" ({100 * good / len(parts):.0f} %)" if parts else "")


def report(score: Score) -> Iterator[str]:
    """The lines to print on one form."""
    yield f"\n{score.sample}, {score.form}"
    yield f"  questions placed        {share(score.placed)}{_left(score.placed)}"
    yield f"  models matched          {share(score.matched)}{_left(score.matched)}"
    yield f"  certain, on the list    {share(score.target)}"
    for severity in SEVERITIES:
        parts = [(finding, found) for finding, found in score.findings if finding.severity == severity]
        answerable = [(f, found) for f, found in parts if f.observations or f.verdicts]
        yield f"    {severity:<12} {len(parts):>3} in the truth, {share(answerable)} of those that labgrade looks for"
    for finding, found in score.findings:
        if (finding.observations or finding.verdicts) and not found:
            mark = "MISSED" if finding.listed and finding.certain else "not seen"
            yield f"  {mark} {finding.id} ({finding.severity}): {finding.proof}"
    yield f"  true, not in the truth  {len(score.confirmed)}"
    yield f"  FALSE OR UNKNOWN        {len(score.unexplained)}"
    for observation in score.unexplained:
        yield f"    {observation.kind} [{observation.question}] {observation.message}"
        yield f"      proof: {observation.proof}"
    yield f"  marks lost that no finding explains: {len(score.lost)}"
    for question, verdict in score.lost:
        yield f"    {question} {verdict.criterion} {verdict.awarded:g}/{verdict.points:g}: {verdict.explanation}"


def _left(parts: Sequence[tuple[str, bool]]) -> str:
    missing = [name for name, found in parts if not found]
    return f"; not: {', '.join(missing)}" if missing else ""


def table(scores: Sequence[Score]) -> Iterator[str]:
    """The figures as a markdown table."""
    yield "| sample | form | questions placed | models matched | certain findings recalled | false accusations |"
    yield "|---|---|---|---|---|---|"
    for score in scores:
        cells = (share(score.placed), share(score.matched), share(score.target), str(len(score.unexplained)))
        yield f"| {score.sample} | {score.form} | {' | '.join(cells)} |"


def main() -> int:
    """Judge every form of every sample; 0 when there was one, whatever the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--data", type=Path, help="folder with mnist.npz and cifar10.npz")
    parser.add_argument("--effort", choices=("quick", "full"))
    parser.add_argument("--unrun", action="store_true", help="run nothing: judge the text and the saved outputs alone")
    parser.add_argument("--form", help="only this form: notebook, script, PDF")
    given = parser.parse_args()
    samples = samples_in(given.folders or [SAMPLES])
    scores: list[Score] = []
    with tempfile.TemporaryDirectory() as scratch:
        for sample in samples:
            for form in sample.forms(Path(scratch)):
                if given.form and given.form.casefold() not in form.name.casefold():
                    continue
                try:
                    score = judged(sample, form, Options(data=given.data, effort=given.effort), given.unrun)
                except UserError as error:
                    print(f"\n{sample.folder.name}, {form.name}: {error}")
                    continue
                scores.append(score)
                print("\n".join(report(score)), flush=True)
    print("\n" + "\n".join(table(scores)))
    return 0 if scores else 2


if __name__ == "__main__":
    sys.exit(main())
