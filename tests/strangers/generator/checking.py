"""Hand-ins through the real pipeline, at a glance: trainings see one row in a hundred, and no PDF is printed."""

from __future__ import annotations

import shutil
import tempfile
import time
import traceback
from pathlib import Path

from generator.compare import Outcome, compare, reached
from generator.compose import Recipe, compose
from generator.nouns import Handin
from generator.render import write
from grader.errors import UserError
from grader.options import Options
from grader.pipeline import judge_submission, reading
from grader.records import Recording, Silence
from grader.session import Session


def options_for(lab: str, data: Path | None, cache: Path | None, threads: int = 1) -> Options:
    """How hand-ins of `lab` are checked."""
    chosen = {"cache": cache} if cache else {}
    return Options(rubric=lab, effort="quick", data=data, threads=threads, **chosen)


def check(recipe: Recipe, options: Options, session: Session, folder: Path | None = None) -> Outcome:
    """Compose, write, check and compare one hand-in; `folder` keeps it to look at."""
    began = time.monotonic()
    handin = compose(recipe)
    kept = folder or Path(tempfile.mkdtemp(prefix="stranger-"))
    path = kept / "group"
    try:
        write(handin, path)
        read = reading(path, options)
        reference = session.reference(read.rubric, read.solution)
        rerun = session.rerun(read.submission, read.rubric, read.functions, reference, glance=True)
        if state_reached(handin, rerun):
            write(handin, path)
            read = reading(path, options)
            rerun = session.rerun(read.submission, read.rubric, read.functions, reference, glance=True)
        result, match = judge_submission(read, reference, rerun, session.effort)
        outcome = compare(handin, recipe.key, result, match)
        if folder:
            (folder / "result.json").write_text(result.model_dump_json(indent=1), encoding="utf-8")
            (folder / "match.json").write_text(match.model_dump_json(indent=1), encoding="utf-8")
    except UserError as error:
        outcome = Outcome(recipe.key, list(handin.applied), crash=f"refused: {error}")
    except Exception:
        outcome = Outcome(recipe.key, list(handin.applied), crash=traceback.format_exc())
    finally:
        if folder is None:
            shutil.rmtree(kept, ignore_errors=True)
    outcome.seconds = time.monotonic() - began
    return outcome


def state_reached(handin: Handin, rerun: Recording) -> bool:
    """Let the texts state what the hand-in's own trainings reached; whether any text did so."""
    changed = False
    for number, (model, what) in handin.lab.stated.items():
        network = handin.truth.networks.get(model)
        value = reached(network, what, rerun) if network is not None else None
        for block in handin.prose:
            if value is not None and number in block.text:
                block.text = block.text.replace(number, f"{value:.3f}")
                changed = True
    return changed


def opened(options: Options) -> Session:
    """A session that hand-ins share."""
    return Session(options, Silence())
