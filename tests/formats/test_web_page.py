from __future__ import annotations

import pytest

from grader.errors import UserError
from grader.formats.html import read_web_page
from grader.formats.reader import SourceFile

LAB = """<html><head><title>x</title><style>p {}</style></head><body>
<div class="jp-Cell jp-MarkdownCell"><div class="jp-MarkdownOutput"><h2>2.3 Train<a class="anchor-link">¶</a></h2>
<p>We <b>train</b> it &amp; plot.</p><ul><li>first</li><li>second</li></ul></div></div>
<div class="jp-Cell jp-CodeCell"><div class="jp-InputPrompt">In&nbsp;[7]:</div><div class="jp-InputArea-editor">
<div class="highlight"><pre><span>for</span> x in y:
    fit(x)
</pre></div></div>
<div class="jp-OutputArea-output"><pre>Epoch 1/2
</pre></div></div><script>alert(1)</script></body></html>"""


def test_exported_notebook() -> None:
    """Cells of a notebook's HTML export: text, code with its count and indentation, and what it printed."""
    contents = read_web_page(SourceFile("a.html", LAB.encode()))
    prose, code = contents.cells
    assert prose.source == "## 2.3 Train\n\nWe train it & plot.\n\n- first\n\n- second"
    assert code.source == "for x in y:\n    fit(x)"
    assert code.execution_count == 7
    assert code.outputs[0].text.strip() == "Epoch 1/2"


def test_plain_page() -> None:
    """Of any other page the text and its listings are read; scripts are not text."""
    page = "<p>Hello</p><pre>import numpy as np\nprint(np.pi)</pre><script>bad()</script>"
    contents = read_web_page(SourceFile("a.html", page.encode()))
    assert [cell.kind for cell in contents.cells] == ["prose", "code"]
    assert "bad" not in "".join(cell.source for cell in contents.cells)


@pytest.mark.parametrize("page", ["", "<html>", "<div>" * 3000, "</p>" * 3000, "<script>only()</script>"])
def test_pages_without_text(page: str) -> None:
    """A page without text is refused in one line, however it is nested."""
    with pytest.raises(UserError, match="no text"):
        read_web_page(SourceFile("a.html", page.encode()))
