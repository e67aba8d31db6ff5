"""Students' own figures keep their lettering."""

from __future__ import annotations

import io

from matplotlib import rc_context
from matplotlib.figure import Figure

from grader.reports.untrusted_svg import vector


def test_turned_text_keeps_letters_first_used_elsewhere() -> None:
    """A y label keeps the letters that it shares with the x label, which is drawn before it."""
    figure = Figure()
    axes = figure.subplots()
    axes.set_xlabel("accuracy of it")
    axes.set_ylabel("accuracy of it")
    buffer = io.BytesIO()
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": "x"}):
        figure.savefig(buffer, format="svg")
    svg = vector(buffer.getvalue().decode()).svg
    names = {part.split('"')[0] for part in svg.split('href="#')[1:]}
    assert names
    assert all(f'id="{name}"' in svg for name in names)
