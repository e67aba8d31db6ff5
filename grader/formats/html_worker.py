"""Runs apart (`grader.formats.parser_process`): the pieces of a web page as lines of JSON.

Python's parser takes quadratic time on some malformed pages, which no limit on their size prevents.
"""

from __future__ import annotations

import sys

from grader.formats.html import Page
from grader.formats.parser_process import limit_worker, say
from grader.formats.text import decode_text


def main(arguments: list[str]) -> None:
    """Say each piece, then what kind of page it was, then `{"end": true}`."""
    text, notes = decode_text(limit_worker(arguments))
    page = Page()
    page.feed(text)
    page.close()
    for piece in page.pieces:
        say(kind=piece.kind, text=piece.text, count=piece.count)
    say(notebook=page.notebook, notes=notes)
    say(end=True)


if __name__ == "__main__":
    main(sys.argv[1:])
