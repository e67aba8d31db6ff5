"""Structure: how a hand-in numbers, joins, adds to and leaves out what the sheet asks for."""

from __future__ import annotations

from random import Random

from generator.nouns import Block, Handin, Heading, Prose, Question, Step, UnfitError
from generator.solution import networks
from generator.transforms import transform
from generator.wordings import speak

_OF_A_NETWORK = ("architecture", "parameters", "compiled", "trained", "accuracy")

# Numbers


@transform("structure", "numbers")
def question_before_number(handin: Handin, rng: Random) -> None:
    """Headings say `Question` before the number."""
    handin.numbering = "question"


@transform("structure", "numbers")
def task_before_number(handin: Handin, rng: Random) -> None:
    """Headings say `Task` before the number."""
    handin.numbering = "task"


@transform("structure", "numbers")
def bold_in_place_of_headings(handin: Handin, rng: Random) -> None:
    """Numbers stand in bold print; there are no headings below the chapters."""
    handin.numbering = "bold"


@transform("structure", "numbers")
def numbers_with_parenthesis(handin: Handin, rng: Random) -> None:
    """Numbers stand in running text, with a parenthesis behind them."""
    handin.numbering = "parenthesis"


@transform("structure", "numbers")
def headings_as_tags(handin: Handin, rng: Random) -> None:
    """Headings are written as tags of HTML."""
    handin.numbering = "tag"


@transform("structure", "numbers")
def no_headings(handin: Handin, rng: Random) -> None:
    """There are no headings and no numbers at all, only texts and code in the order of the sheet."""
    handin.blocks = [block for block in handin.blocks if not isinstance(block, Heading)]
    handin.truth.free |= {question.id for question in handin.lab.questions}


@transform("structure", "numbers")
def titles_alone(handin: Handin, rng: Random) -> None:
    """Headings bear words and no numbers."""
    titles = _titles(handin)
    for heading in _headings(handin):
        if heading.question is not None:
            heading.title = heading.title or titles.get(heading.question, "")
            heading.number = ""
    handin.blocks = [one for one in handin.blocks if not isinstance(one, Heading) or one.title]


@transform("structure", "numbers")
def letters_under_questions(handin: Handin, rng: Random) -> None:
    """A heading `Question 2.1` stands over `a)`, `b)`, `c)`, which are the sheet's 2.1.1, 2.1.2, 2.1.3."""
    deep = [one for one in _headings(handin) if one.question is not None and one.number.count(".") == 2]
    if len(deep) < 2:
        raise UnfitError("no numbers of three parts")
    seen: set[str] = set()
    for heading in deep:
        chapter, _, last = heading.number.rpartition(".")
        heading.number = f"{'abcdefgh'[int(last) - 1]})"
        heading.level = 4
        if chapter not in seen:
            seen.add(chapter)
            at = next(at for at, block in enumerate(handin.blocks) if block is heading)
            handin.blocks.insert(at, Heading(f"Question {chapter}", 3))


@transform("structure", "numbers")
def own_numbers(handin: Handin, rng: Random) -> None:
    """The group counts its parts from 1, in its own way, and names them."""
    titles = _titles(handin)
    handin.blocks = [b for b in handin.blocks if not isinstance(b, Heading) or b.question is not None or b.level == 1]
    for number, heading in enumerate([one for one in _headings(handin) if one.question is not None], start=1):
        heading.title = heading.title or titles.get(heading.question or "", "")
        heading.number = str(number)
    handin.truth.free |= {question.id for question in handin.lab.questions}


def _headings(handin: Handin) -> list[Heading]:
    return [block for block in handin.blocks if isinstance(block, Heading)]


def _titles(handin: Handin) -> dict[str, str]:
    """Question id -> a title in our own words."""
    own = handin.lab.wordings.get(handin.language) or handin.lab.wordings.get("en") or {}
    return {question: title for question, (title, _) in own.items()}


# What stands together


@transform("structure", "texts")
def one_text_for_a_chapter(handin: Handin, rng: Random) -> None:
    """One text under `2.1` answers 2.1.1 to 2.1.6 together."""
    chapters: dict[str, list[Question]] = {}
    for question in handin.lab.questions:
        if question.id.count(".") == 2:
            chapters.setdefault(question.id.rpartition(".")[0], []).append(question)
    usable = {name: found for name, found in chapters.items() if len(found) > 2}
    if not usable:
        raise UnfitError("no questions of three parts")
    chapter = rng.choice(sorted(usable))
    ids = tuple(question.id for question in usable[chapter])
    texts = [block for block in handin.prose if set(block.answers) & set(ids)]
    if not texts:
        raise UnfitError("no texts")
    first = next(at for at, block in enumerate(handin.blocks) if isinstance(block, Heading) and block.question in ids)
    joined = Prose("\n\n".join(block.text for block in texts), ids)
    kept: list[Block] = []
    for at, block in enumerate(handin.blocks):
        if at == first:
            kept += [Heading("", 3, ids[0], chapter), joined]
        inside = isinstance(block, Prose) and any(block is one for one in texts)
        if not inside and not (isinstance(block, Heading) and block.question in ids):
            kept.append(block)
    handin.blocks = kept


@transform("structure", "order")
def answers_at_the_end(handin: Handin, rng: Random) -> None:
    """All code comes first; the texts, with their numbers, stand at the end."""
    written = {question.id for question in handin.lab.questions if _is_written(question)}
    moved: list[Block] = [
        block
        for block in handin.blocks
        if (isinstance(block, Heading) and block.question in written)
        or (isinstance(block, Prose) and set(block.answers) & written)
    ]
    if not moved:
        raise UnfitError("no written answers")
    taken = {id(block) for block in moved}
    _free_code(handin, written)
    handin.blocks = [block for block in handin.blocks if id(block) not in taken] + moved


def _free_code(handin: Handin, ids: set[str]) -> None:
    """Code that stood under a heading that goes is told by itself alone."""
    handin.truth.free |= {step.question for step in handin.steps if step.question is not None and step.question in ids}


def _is_written(question: Question) -> bool:
    return all(criterion.kind == "written" for criterion in question.criteria)


# What is added


@transform("structure", "chapter")
def own_chapter(handin: Handin, rng: Random) -> None:
    """A chapter stands at the end that the lab has not."""
    words = speak(handin.language, "own_chapter")
    handin.blocks += [
        Heading(speak(handin.language, "own_chapter_title"), 2, None, ""),
        Prose(words, (), foreign=True),
    ]


@transform("structure", "references")
def references(handin: Handin, rng: Random) -> None:
    """A list of references ends the hand-in."""
    words = "- Lecture notes of the course, weeks 5 and 6\n- The documentation of Keras, https://keras.io/api/"
    handin.blocks += [Heading(speak(handin.language, "references_title"), 2), Prose(words, (), foreign=True)]


@transform("structure", "opening")
def opening_chapter(handin: Handin, rng: Random) -> None:
    """The hand-in opens with who wrote it and how long it took."""
    handin.blocks[:0] = [
        Heading("Lab report", 1),
        Prose(speak(handin.language, "opening"), (), foreign=True),
    ]


@transform("structure", "sheet")
def questions_copied(handin: Handin, rng: Random) -> None:
    """The sheet's own words stand above each answer, as a quotation."""
    asks = {question.id: question.asks for question in handin.lab.questions if question.asks}
    kept: list[Block] = []
    for block in handin.blocks:
        kept.append(block)
        if isinstance(block, Heading) and block.question in asks:
            kept.append(Prose(f"> {asks[block.question]}", ()))
    handin.blocks = kept


@transform("structure", "contents")
def table_of_contents(handin: Handin, rng: Random) -> None:
    """A list of all parts, with their numbers, stands at the top."""
    titles = _titles(handin)
    parts = [one for one in _headings(handin) if one.question is not None and one.number]
    lines = [f"- {one.number} {one.title or titles.get(one.question or '', '')}".rstrip() for one in parts]
    if not lines:
        raise UnfitError("no numbers")
    handin.blocks[:0] = [Heading("Contents", 2), Prose("\n".join(lines), ())]


@transform("structure", "colour")
def answers_in_colour(handin: Handin, rng: Random) -> None:
    """Answers are set in blue, with tags, to tell them from the sheet's words."""
    for block in handin.prose:
        if block.answers and "$" not in block.text:
            block.text = f"<font color='blue'>{block.text}</font><br/>"


# What is missing


@transform("structure", "missing")
def text_missing(handin: Handin, rng: Random) -> None:
    """A question that asks for words is left without an answer, its heading with nothing below it."""
    ids = [question.id for question in handin.lab.questions if _is_written(question)]
    ids = [one for one in ids if any(block.answers == (one,) for block in handin.prose)]
    if not ids:
        raise UnfitError("no written answers")
    chosen = rng.choice(ids)
    handin.blocks = [b for b in handin.blocks if not (isinstance(b, Prose) and b.answers == (chosen,))]
    at = next(at for at, b in enumerate(handin.blocks) if isinstance(b, Heading) and b.question == chosen)
    # Two headings in a row over one text: it may answer both, and a person looks.
    beside = at + 1 < len(handin.blocks) and isinstance(handin.blocks[at + 1], Heading)
    statuses = "absent failed review" if beside else "absent failed"
    handin.expect("written", statuses, "no answer was written", question=chosen)
    handin.truth.absent.add(chosen)
    handin.truth.must = {kind: cause for kind, cause in handin.truth.must.items() if cause[1] != chosen}


@transform("structure", "missing")
def last_part_missing(handin: Handin, rng: Random) -> None:
    """The hand-in ends before the lab's last network."""
    builds = [step for step in handin.steps if step.role == "build"]
    last = builds[-1]
    if last.question is None:
        raise UnfitError("the last network stands under no question")
    _remove_from(handin, last.question, last.model)


@transform("structure", "missing")
def sweep_missing(handin: Handin, rng: Random) -> None:
    """The sweep was not attempted."""
    step = handin.step("sweep")
    if step.question is None:
        raise UnfitError("the sweep stands under no question")
    _remove(handin, {step.question}, {step.model or ""})


def _remove_from(handin: Handin, first: str, model: str | None) -> None:
    order = [question.id for question in handin.lab.questions]
    gone = set(order[order.index(first) :])
    models = {question.model for question in handin.lab.questions if question.id in gone and question.model}
    _remove(handin, gone, models | {model or ""})


def _remove(handin: Handin, gone: set[str], models: set[str]) -> None:
    """Leave out all blocks of these questions, and say that nothing of them is there."""
    first = next(at for at, b in enumerate(handin.blocks) if isinstance(b, Heading) and b.question in gone)
    kept: list[Block] = []
    for at, block in enumerate(handin.blocks):
        of_gone = (
            (isinstance(block, Heading | Step) and block.question in gone)
            or (isinstance(block, Prose) and bool(set(block.answers) & gone))
            or (isinstance(block, Step) and block.model in models and at > first)
        )
        if not of_gone:
            kept.append(block)
    handin.blocks = kept
    handin.truth.absent |= gone
    handin.truth.must = {kind: cause for kind, cause in handin.truth.must.items() if cause[1] not in models | gone}
    for question in handin.lab.questions:
        if question.id in gone:
            for criterion in question.criteria:
                handin.expect_absent(criterion)
    for name in models & set(handin.truth.networks):
        handin.truth.networks[name] = networks(handin).get(name)


@transform("structure", "versions")
def older_version_beside(handin: Handin, rng: Random) -> None:
    """An older version of the notebook, without its second half, lies beside it."""
    from generator.render import cells, notebook

    handin.form = "notebook"
    parts = cells(handin)
    half = parts[: len(parts) // 2]
    handin.extra_files["lab_old.ipynb"] = notebook(half)


@transform("structure", "numbers versions", sole=True)
def untouched_template(handin: Handin, rng: Random) -> None:
    """The sheet's own notebook is handed in: its questions, the code that it gives, and nothing else."""
    asks = {question.id: question.asks for question in handin.lab.questions}
    first = next(at for at, block in enumerate(handin.blocks) if isinstance(block, Step) and block.role == "fit")
    given = handin.blocks[first]
    assert isinstance(given, Step)
    if given.question is not None:
        raise UnfitError("the sheet gives no network")
    kept: list[Block] = []
    for at, block in enumerate(handin.blocks):
        if isinstance(block, Step) and at <= first:
            kept.append(block)
        if isinstance(block, Heading):
            kept += [block, *([Prose(asks[block.question])] if block.question in asks else [])]
    handin.blocks = kept
    handin.truth.absent |= {question.id for question in handin.lab.questions}
    # The sheet's own network may count as the first one that was asked for: it is the same, and it is trained.
    alike = {
        name for name, network in handin.truth.networks.items() if network == handin.truth.networks[given.model or ""]
    }
    for question in handin.lab.questions:
        for criterion in question.criteria:
            if question.model in alike and criterion.kind in _OF_A_NETWORK:
                handin.exempt(criterion.kind, "the sheet's own network", question=question.id)
            else:
                handin.expect_absent(criterion)
    for name in set(handin.truth.networks) - {given.model}:
        if name in alike:
            del handin.truth.networks[name]
        else:
            handin.truth.networks[name] = None
