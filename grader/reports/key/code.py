"""A solution's code as HTML, with its syntax marked."""

from __future__ import annotations

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from grader.reports.text import plain


def code_html(source: str) -> Markup:
    """`source` as spans for a `<pre>`. Pygments escapes all of it."""
    text = plain(source.strip("\n"), 20_000)
    return Markup(highlight(text, PythonLexer(), HtmlFormatter(nowrap=True)).rstrip("\n"))
