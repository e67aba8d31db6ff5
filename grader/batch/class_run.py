"""A class from its roster to its gradebook: what `labgrade batch` does."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from grader.assets import rubrics_folder
from grader.batch.job import Job, Journal
from grader.batch.run import Run, State, Watcher
from grader.batch.workers import ProcessWorkers, Workers
from grader.classroom.gradebook import GRADEBOOK, gradebook_text
from grader.classroom.roster import RULES, Roster, read_roster, write_roster
from grader.classroom.rules import apply_rules, read_rules
from grader.errors import UserError
from grader.options import Options
from grader.records import BudgetChoices, ClassRules, Entry, LimitChoices, Result
from grader.reports.files import DocumentFiles, GradedClass, cached_class_report, read_result, write_whole
from grader.submissions.rubric_choice import choose_rubric

_GRADEBOOK_SECONDS = 5.0
"""Between two versions of the gradebook: writing it reads every result of the class."""


@dataclass(frozen=True)
class Class:
    """A class that was graded, as far as it could be."""

    roster: Roster
    state: State
    problems: dict[str, str]
    """Name -> why it was not graded."""
    faults: tuple[str, ...]
    """Names of those that failed by labgrade's own fault."""
    gradebook: Path
    awaiting: int
    """Submissions that await a person."""
    reports: tuple[DocumentFiles, ...]
    """The reports on the class, one per lab."""


def grade_class(
    submissions: Path,
    options: Options,
    watcher: Watcher,
    workers: int | AbstractContextManager[Workers[Any]],
    rules_file: Path | None = None,
    session: str = "grader.session:Session",
    anonymous: bool = False,
    only: Collection[str] | None = None,
) -> Class:
    """Grade the class at `submissions`, keep its gradebook up to date and write the report on it.

    `workers` is the number of processes, or what gives workers of another kind; `session` names what makes their
    sessions. With `anonymous` the report on the class names no submission; with `only`, no other submissions are
    looked at. Raises `UserError`.
    """
    with Journal(options.out) as journal:
        roster, rules = class_of(submissions, options.out, rules_file)
        _remember(submissions, options, rules_file, roster, anonymous)
        choice = options.rubric or rules.rubric
        if choice is not None:
            choose_rubric(choice, [rubrics_folder()])  # a slip is named before any work begins
        wanted = [entry for entry in roster.entries if only is None or entry.name in only]
        on_cluster = not isinstance(workers, int)
        jobs = {entry.name: Job(entry, rules, options, session, on_cluster) for entry in wanted}
        book = _Book(roster, options.out, journal)
        if isinstance(workers, int):
            workers = ProcessWorkers(workers, options, session)
        with workers as opened:
            run = Run(jobs, journal, opened, watcher, book.save)
            book.faults, book.judged = run.faults, run.judged
            try:
                state = run.go()
            finally:
                book.write()
        awaiting = sum(result.score.awaiting > 0 for result in book.results.values())
        reports = class_reports(book.results, book.problems, options.out, date.today(), anonymous, choice)
        return Class(roster, state, book.problems, tuple(run.faults), book.path, awaiting, reports)


def class_of(submissions: Path, out: Path, rules_file: Path | None = None) -> tuple[Roster, ClassRules]:
    """The roster and the rules of a class. Raises `UserError`."""
    roster = read_roster(submissions, out / ".labgrade" / "handed-in")
    path = rules_file or _rules_beside(submissions)
    if path is None:
        return roster, ClassRules()
    rules = read_rules(path)
    return Roster(apply_rules(roster.entries, rules, path), roster.ignored, roster.root), rules


@dataclass(frozen=True)
class KnownClass:
    """How a class was graded."""

    submissions: Path
    options: Options
    rules: Path | None
    anonymous: bool


def known_class(out: Path) -> KnownClass | None:
    """How the class was graded whose reports lie in `out`; `None` when it is not known."""
    try:
        raw = json.loads((out / ".labgrade" / "options.json").read_text(encoding="utf-8"))
        options = Options(
            rubric=raw["rubric"],
            out=out,
            effort=raw["effort"],
            data=Path(raw["data"]) if raw["data"] else None,
            cache=Path(raw["cache"]),
            provider=raw["provider"],
            limits=LimitChoices.model_validate(raw["limits"]),
            budget=BudgetChoices.model_validate(raw.get("budget", {})),
            threads=raw["threads"],
            saved_only=raw["saved_only"],
        )
        rules = Path(raw["rules"]) if raw["rules"] else None
        return KnownClass(Path(raw["submissions"]), options, rules, bool(raw.get("anonymous")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(submissions: Path, options: Options, rules: Path | None, roster: Roster, anonymous: bool) -> None:
    """Keep how a class is graded and who is in it: what `labgrade review` and `labgrade export` need."""
    write_roster(options.out, roster.entries)
    rubric = options.rubric
    content = {
        "submissions": str(submissions.resolve()),
        "rules": str(rules.resolve()) if rules else None,
        "rubric": str(Path(rubric).resolve()) if rubric and Path(rubric).is_dir() else rubric,
        "effort": options.effort,
        "data": str(options.data.resolve()) if options.data else None,
        "cache": str(options.cache.resolve()),
        "provider": options.provider,
        "limits": options.limits.as_json(),
        "budget": options.budget.as_json(),
        "threads": options.threads,
        "saved_only": options.saved_only,
        "anonymous": anonymous,
    }
    write_whole(options.out / ".labgrade" / "options.json", json.dumps(content, indent=1).encode())


def _rules_beside(submissions: Path) -> Path | None:
    place = (submissions if submissions.is_dir() else submissions.parent) / RULES
    return place if place.is_file() else None


class _Book:
    """The gradebook on disk, written anew while the class is graded and at the end."""

    def __init__(self, roster: Roster, out: Path, journal: Journal) -> None:
        self._roster = roster
        self._out = out
        self._journal = journal
        self._written = time.monotonic()
        self.path = out / GRADEBOOK
        self.results: dict[str, Result] = {}
        self.problems: dict[str, str] = {}
        self.faults: dict[str, str] = {}
        self.judged: set[str] = set()

    def save(self, now: bool) -> None:
        """A submission is finished: the gradebook follows, but unless it is to be `now` only every few seconds."""
        if now or time.monotonic() - self._written > _GRADEBOOK_SECONDS:
            self.write()

    def write(self) -> None:
        """Write what is known now."""
        self.results, self.problems = {}, {}
        for entry in self._roster.entries:
            self._look_up(entry)
        write_whole(self.path, gradebook_text(self._roster.entries, self.results, self.problems).encode())
        self._written = time.monotonic()

    def _look_up(self, entry: Entry) -> None:
        note = self._journal.note(entry.name)
        if entry.name in self.faults:
            self.problems[entry.name] = self.faults[entry.name]
        elif note is not None and not note.graded:
            self.problems[entry.name] = note.message
        elif note is not None or entry.name in self.judged:
            try:
                self.results[entry.name] = read_result(self._out / entry.name / "result.json")
            except UserError as error:
                self.problems[entry.name] = str(error)


def class_reports(
    results: Mapping[str, Result],
    problems: Mapping[str, str],
    out: Path,
    made: date,
    anonymous: bool,
    choice: str | None,
) -> tuple[DocumentFiles, ...]:
    """`class.pdf` and `class.html` in `out`; with several labs one `class-<lab>` each.

    What could not be graded stands in the report of the lab with the most submissions. `choice` is the rubric that
    was asked for, a name or a folder. Raises `UserError` when `out` cannot be written.
    """
    labs: dict[str, dict[str, Result]] = defaultdict(dict)
    for name, result in results.items():
        labs[result.rubric][name] = result
    ranked = sorted(labs, key=lambda lab: (-len(labs[lab]), lab))
    written = []
    for number, lab in enumerate(ranked):
        title, language = _title(lab, choice)
        graded = GradedClass(title, labs[lab], problems if number == 0 else {}, language)
        stem = "class" if len(ranked) == 1 else f"class-{lab}"
        written.append(cached_class_report(graded, out, made, anonymous, stem, out / ".labgrade"))
    return tuple(written)


def _title(lab: str, choice: str | None) -> tuple[str, str]:
    """Title and language of a lab; its name where the rubric is no longer there."""
    for known in filter(None, (choice, lab)):
        try:
            rubric = choose_rubric(known, [rubrics_folder()])
        except UserError:
            continue
        if rubric.name == lab:
            return rubric.title, rubric.language
    return lab, "en"
