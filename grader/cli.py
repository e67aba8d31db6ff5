"""The command line: `labgrade` and its commands, which stand in `commands/`."""

from __future__ import annotations

import os

import click

from grader import __version__
from grader.commands.check import check
from grader.commands.class_commands import batch, review
from grader.commands.export import export
from grader.commands.lab import reference, rubric
from grader.commands.machine import data, doctor


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="labgrade")
def main() -> None:
    """Grade deep-learning labs: notebooks and scripts in, a PDF report out."""


main.add_command(check)
main.add_command(batch)
main.add_command(data)
main.add_command(doctor)
main.add_command(export)
main.add_command(reference)
main.add_command(review)
main.add_command(rubric)

if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    main()
