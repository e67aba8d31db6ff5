"""Python 2 is read as Python 3 means it, where that is certain; what Python 3 reads already is left alone."""

from __future__ import annotations

import json

import pytest

from grader.code.python_2_syntax import as_python_3
from grader.code.syntax import parse_code
from grader.facts.versions.version_table import TABLE
from grader.formats.notebook import read_notebook
from grader.formats.reader import SourceFile
from grader.formats.script import read_script

EXAMPLES = {
    "print statement": ('print "a", x', 'print("a", x)'),
    "except E, e": ("try: f()\nexcept (A, B), e: pass", "try: f()\nexcept (A, B) as e: pass"),
    "<>": ("a = b <> c", "a = b != c"),
    "exec statement": ('exec "a = 1" in names', 'exec("a = 1", names)'),
    "raise E, text": ('raise ValueError, "no"', 'raise ValueError("no")'),
    "0777": ("mode = 0755", "mode = 0o755"),
    "10L": ("n = 10L + 0xFFL", "n = 10 + 0xFF"),
    "`x`": ("s = `x` + `y`", "s = repr(x) + repr(y)"),
    "/": ("print 5 / 2", "print(5 / 2)"),
    ".iteritems()": ("for k, v in d.iteritems(): f(k)", "for k, v in d.items(): f(k)"),
    ".iterkeys()": ("list(d.iterkeys())", "list(d.keys())"),
    ".itervalues()": ("list(d.itervalues())", "list(d.values())"),
    ".has_key()": ("d.has_key(3)", "d.__contains__(3)"),
}


@pytest.mark.parametrize("key", EXAMPLES)
def test_a_form_of_python_2_is_rewritten(key: str) -> None:
    """Each form is a row of the table, and becomes what Python 3 writes for it."""
    source, today = EXAMPLES[key]
    found = as_python_3(source)
    assert key in TABLE
    assert found is not None
    assert found.source == today
    assert key in found.keys


@pytest.mark.parametrize(
    ("source", "today"),
    [
        ("print x,", "print(x, end=' ')"),
        ("print >>log, 'a', b", "print('a', b, file=log)"),
        ("if x: print 'y'; y = 3", "if x: print('y'); y = 3"),
        ("print 'x = %d; # no note' % x  # a note", "print('x = %d; # no note' % x)  # a note"),
        ('print """two\nlines""", a', 'print("""two\nlines""", a)'),
        ("print 'a' if x else 'b'", "print('a' if x else 'b')"),
        ("%matplotlib inline\nprint 'a'", "%matplotlib inline\nprint('a')"),
        ("print '-' * 20\nprint (1 + 2) * 3", "print('-' * 20)\nprint((1 + 2) * 3)"),
        ("print f(a,\n        b)\nx = 1", "print(f(a,\n        b))\nx = 1"),
    ],
)
def test_print_in_its_forms(source: str, today: str) -> None:
    """To a file, without a new line, in one line with other statements, over several."""
    found = as_python_3(source)
    assert found is not None
    assert found.source == today
    assert parse_code(today) is not None


@pytest.mark.parametrize(
    "source",
    [
        "print('a', b)",
        "print",
        "print (1 + 2) * 3",
        "x = a / b",
        "class Table:\n    def iteritems(self): return []\nTable().iteritems()",
        "text = '''print 1'''",
        "# print 'a'",
        "def f(:",
        "print 'a'\ndef f(:",
        "mode = 0",
        "x = 07.5",
    ],
)
def test_what_is_no_python_2_is_left_alone(source: str) -> None:
    """What Python 3 reads, what a group defines itself, what stands in a text, and what is broken in any version."""
    assert as_python_3(source) is None


def test_a_script_and_a_cell_are_read_as_python_3() -> None:
    """Whichever file it stands in; what was done is noted, and lines stay where they are."""
    script = read_script(SourceFile("work.py", b"x = 3\nprint 'x is', x\n"))
    assert "print('x is', x)" in "\n".join(cell.source for cell in script.cells)
    assert any("Python 2" in note for note in script.notes)
    cell = {"cell_type": "code", "source": "print 'x'", "outputs": [], "metadata": {}, "execution_count": 1}
    text = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    notebook = read_notebook(SourceFile("work.ipynb", text.encode()))
    assert notebook.cells[0].source == "print('x')"
    assert any("print statement" in note for note in notebook.notes)
