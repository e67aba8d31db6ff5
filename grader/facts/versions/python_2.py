"""What Python 2 wrote otherwise. Its statements are rewritten before they run; its names are given to the code."""

from __future__ import annotations

from grader.facts.versions.difference import Difference

NAMES = {
    "xrange": "range",
    "raw_input": "input",
    "unicode": "str",
    "basestring": "str",
    "long": "int",
    "unichr": "chr",
}
"""Built-in -> built-in today."""

METHODS = {"iteritems": "items", "iterkeys": "keys", "itervalues": "values", "has_key": "__contains__"}
"""Method of a table -> method today."""

MODULES = {
    "cPickle": "pickle",
    "Queue": "queue",
    "ConfigParser": "configparser",
    "StringIO": "io",
    "cStringIO": "io",
    "urllib2": "urllib.request",
    "urlparse": "urllib.parse",
    "Tkinter": "tkinter",
}
"""Module of the standard library -> module today."""


def rows() -> list[Difference]:
    """All of them."""
    since = "Python 3.0"
    return [
        *(Difference(old, f"{old} was read as {new}, its name in Python 3.", since) for old, new in NAMES.items()),
        *(Difference(f".{old}()", f".{old}() was read as .{new}().", since) for old, new in METHODS.items()),
        *(Difference(f"import {old}", f"The module {old} was read as {new}.", since) for old, new in MODULES.items()),
        Difference("reduce", "reduce was found in functools, its place in Python 3.", since),
        Difference("print statement", "Python 2's print was read as print(...).", since),
        Difference("except E, e", "Python 2's `except E, e` was read as `except E as e`.", since),
        Difference("<>", "Python 2's <> was read as !=.", since),
        Difference("exec statement", "Python 2's exec was read as exec(...).", since),
        Difference("raise E, text", "Python 2's `raise E, text` was read as `raise E(text)`.", since),
        Difference("10L", "Python 2's 10L was read as 10.", since),
        Difference("`x`", "Python 2's backticks were read as repr(...).", since),
        Difference("/", "A division was taken as in Python 3: 5 / 2 is 2.5, which Python 2 took for 2.", since),
        Difference("0777", "Python 2's 0777 was read as 0o777.", since),
    ]
