"""Forms: in which files and cells a hand-in comes."""

from __future__ import annotations

import ast
from random import Random

from generator.code import statements
from generator.nouns import Block, Handin, Step, UnfitError
from generator.transforms import transform


@transform("cells", "cells")
def fifty_cells(handin: Handin, rng: Random) -> None:
    """Every statement stands in a cell of its own; a figure stays in one."""
    for step in handin.steps:
        step.opens = True
    split: list[Block] = []
    for block in handin.blocks:
        if (
            isinstance(block, Step)
            and block.role not in ("plot", "imports", "other", "define")
            and len(block.statements) > 1
        ):
            split += [
                Step([statement], block.role, block.question, block.model, True, block.raw if at == 0 else "")
                for at, statement in enumerate(block.statements)
            ]
        else:
            split.append(block)
    handin.blocks = split


@transform("cells", "cells order")
def one_cell(handin: Handin, rng: Random) -> None:
    """All code stands in one cell at the top, the texts below it."""
    code = handin.steps
    for at, step in enumerate(code):
        step.opens = at == 0
    handin.blocks = [*code, *(block for block in handin.blocks if not isinstance(block, Step))]
    handin.truth.free |= {question.id for question in handin.lab.questions}


@transform("cells", "cells")
def one_cell_a_question(handin: Handin, rng: Random) -> None:
    """The code of a question stands in one cell."""
    before: Block | None = None
    for block in handin.blocks:
        if isinstance(block, Step):
            block.opens = not isinstance(before, Step) or before.question != block.question
        before = block


@transform("form", "form")
def as_notebook(handin: Handin, rng: Random) -> None:
    """It is a notebook without outputs."""
    handin.form = "notebook"


@transform("form", "form versions magic")
def as_plain_script(handin: Handin, rng: Random) -> None:
    """It is a plain script; texts stand in comments."""
    handin.form = "script"


@transform("form", "form versions magic cells")
def as_report_and_script(handin: Handin, rng: Random) -> None:
    """The texts are a Markdown report, the code a script beside it, with the numbers in comments."""
    handin.form = "report"
    handin.truth.free |= {question.id for question in handin.lab.questions}


@transform("form", "form versions magic cells")
def as_web_page_and_script(handin: Handin, rng: Random) -> None:
    """The texts are a web page, the code a script beside it."""
    handin.form = "page"
    handin.truth.free |= {question.id for question in handin.lab.questions}


@transform("cells", "cells order form versions magic")
def in_a_main_function(handin: Handin, rng: Random) -> None:
    """All code but the imports stands in `main`, which the script calls at its end; the texts stand in a report."""
    handin.form = "report"
    imports = [step for step in handin.steps if step.role == "imports"]
    inside = [statement for step in handin.steps if step.role != "imports" for statement in step.statements]
    if any(isinstance(node, ast.Import | ast.ImportFrom) for node in inside):
        raise UnfitError("something is imported later on")
    function = statements("def main():\n    pass\nif __name__ == '__main__':\n    main()")
    assert isinstance(function[0], ast.FunctionDef)
    function[0].body = inside
    text_blocks = [block for block in handin.blocks if not isinstance(block, Step)]
    handin.blocks = [*imports, Step(function, "sweep", opens=True), *text_blocks]
    handin.truth.free |= {question.id for question in handin.lab.questions}
