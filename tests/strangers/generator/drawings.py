"""Drawings: the same curves through pyplot, axes, pandas, seaborn, as bars, in subplots, with figure-level letters."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from generator.code import argument, bodies, callee, statements, text
from generator.nouns import Handin, UnfitError
from generator.transforms import transform


@dataclass
class Drawing:
    """A figure of lines, as the solution draws it with pyplot."""

    body: list[ast.stmt]
    """The statements among which it stands."""
    first: int
    last: int
    """Where in `body` it begins, and where `plt.show()` stands."""
    curves: list[tuple[str, str, str]] = field(default_factory=list)
    """(x, y, label), as code; the label is empty where there is none."""
    bars: tuple[str, str, str] | None = None
    """(x, y, error) of an error-bar plot."""
    title: str = "''"
    x: str = "''"
    y: str = "''"
    legend: bool = False
    log_x: bool = False
    readable: bool = True
    """Nothing else is drawn or set."""


def drawings_in(body: list[ast.stmt]) -> Iterator[Drawing]:
    """The figures in `body`: calls of pyplot without a break, up to `plt.show()`; only those of lines."""
    found: Drawing | None = None
    for at, statement in enumerate(body):
        call = getattr(statement, "value", None)
        if not isinstance(statement, ast.Expr) or not isinstance(call, ast.Call) or _is_elsewhere(call):
            found = None
            continue
        found = found or Drawing(body, at, at)
        found.last = at
        found.readable &= _read(found, call)
        if callee(call) == "show":
            if found.readable and (found.curves or found.bars):
                yield found
            found = None


def _is_elsewhere(call: ast.Call) -> bool:
    return not text(call.func).startswith("plt.")


def _read(found: Drawing, call: ast.Call) -> bool:
    name = callee(call)
    label = argument(call, "label")
    if name == "plot" and len(call.args) >= 2:
        found.curves.append((text(call.args[0]), text(call.args[1]), text(label) if label else ""))
    elif name == "errorbar":
        error = argument(call, "yerr", 2)
        found.bars = (text(call.args[0]), text(call.args[1]), text(error) if error else "None")
    elif name in ("title", "xlabel", "ylabel"):
        setattr(found, {"title": "title", "xlabel": "x", "ylabel": "y"}[name], text(call.args[0]))
    elif name == "legend":
        found.legend = True
    elif name == "xscale":
        found.log_x = True
    elif name != "show":
        return False
    return True


def _redraw(handin: Handin, rng: Random, write: Callable[[Drawing], str | None]) -> None:
    """Draw every figure that `write` can draw in another way; it gives `None` for those that it leaves alone."""
    changed = 0
    for step in handin.steps:
        for body in list(bodies(step)):
            for drawing in reversed(list(drawings_in(body))):
                source = write(drawing)
                if source is not None:
                    body[drawing.first : drawing.last + 1] = statements(source)
                    changed += 1
    if not changed:
        raise UnfitError("no figure that can be drawn so")


def _labels(drawing: Drawing, axes: str = "ax") -> list[str]:
    lines = [f"{axes}.set_title({drawing.title})", f"{axes}.set_xlabel({drawing.x})", f"{axes}.set_ylabel({drawing.y})"]
    return lines + ([f"{axes}.set_xscale('log')"] if drawing.log_x else [])


def _written(drawing: Drawing) -> list[str]:
    """Title and labels, by pyplot."""
    return [f"plt.title({drawing.title})", f"plt.xlabel({drawing.x})", f"plt.ylabel({drawing.y})"]


def _redraw_bars(handin: Handin, rng: Random, draw: Callable[[str, str, str], list[str]], scaled: bool = False) -> None:
    """Draw every figure of error bars by the lines that `draw` gives for places, means and deviations; `scaled`: on a
    logarithmic axis where it was on one."""

    def write(drawing: Drawing) -> str | None:
        if not drawing.bars:
            return None
        scale = ["plt.xscale('log')"] if scaled and drawing.log_x else []
        return "\n".join([*draw(*drawing.bars), *scale, *_written(drawing), "plt.show()"])

    _redraw(handin, rng, write)


def _named(label: str) -> str:
    return f", label={label}" if label else ""


@transform("drawings", "drawing")
def drawn_on_axes(handin: Handin, rng: Random) -> None:
    """Figures are drawn on axes of their own."""

    def write(drawing: Drawing) -> str:
        lines = ["fig, ax = plt.subplots(figsize=(7, 4))"]
        lines += [f"ax.plot({x}, {y}{_named(label)})" for x, y, label in drawing.curves]
        if drawing.bars:
            x, y, error = drawing.bars
            lines.append(f"ax.errorbar({x}, {y}, yerr={error}, fmt='s', label='mean')")
        lines += _labels(drawing) + (["ax.legend()"] if drawing.legend else [])
        return "\n".join([*lines, "fig.tight_layout()", "plt.show()"])

    _redraw(handin, rng, write)


@transform("drawings", "drawing")
def drawn_by_pandas(handin: Handin, rng: Random) -> None:
    """Histories become a table and draw themselves."""

    def write(drawing: Drawing) -> str | None:
        if drawing.bars or not all(label for _, _, label in drawing.curves):
            return None
        columns = ", ".join(f"{label}: {y}" for _, y, label in drawing.curves)
        legend = "True" if drawing.legend else "False"
        return (
            f"table = pd.DataFrame({{{columns}}}, index=list({drawing.curves[0][0]}))\n"
            f"table.plot(title={drawing.title}, xlabel={drawing.x}, ylabel={drawing.y}, legend={legend})\nplt.show()"
        )

    _redraw(handin, rng, write)
    handin.step("imports").statements += statements("import pandas as pd")


@transform("drawings", "drawing")
def drawn_by_seaborn(handin: Handin, rng: Random) -> None:
    """Curves are drawn by seaborn."""

    def write(drawing: Drawing) -> str | None:
        if drawing.bars:
            return None
        lines = [f"ax = sns.lineplot(x={x}, y={y}{_named(label)})" for x, y, label in drawing.curves]
        lines += [f"ax.set(title={drawing.title}, xlabel={drawing.x}, ylabel={drawing.y})"]
        lines += [] if drawing.legend else ["ax.legend_.remove()"]
        return "\n".join([*lines, "plt.show()"])

    _redraw(handin, rng, write)
    handin.step("imports").statements += statements("import seaborn as sns")


@transform("drawings", "drawing")
def histories_as_bars(handin: Handin, rng: Random) -> None:
    """Accuracies are drawn as bars, two an epoch."""

    def write(drawing: Drawing) -> str | None:
        if drawing.bars or len(drawing.curves) != 2:
            return None
        (x, first, one), (_, second, other) = drawing.curves
        lines = [
            f"at = np.array(list({x}))",
            f"plt.bar(at - 0.2, {first}, width=0.4{_named(one)})",
            f"plt.bar(at + 0.2, {second}, width=0.4{_named(other)})",
            *_written(drawing),
        ]
        return "\n".join([*lines, *(["plt.legend()"] if drawing.legend else []), "plt.show()"])

    _redraw(handin, rng, write)


@transform("drawings", "drawing")
def loss_beside_accuracy(handin: Handin, rng: Random) -> None:
    """The accuracy stands in the left of two axes, the loss in the right."""

    def write(drawing: Drawing) -> str | None:
        if drawing.bars or not any("accuracy" in y for _, y, _ in drawing.curves):
            return None
        lines = ["fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4))"]
        for x, y, label in drawing.curves:
            lines.append(f"left.plot({x}, {y}{_named(label)})")
            lines.append(f"right.plot({x}, {y.replace('accuracy', 'loss')}{_named(label)})")
        lines += _labels(drawing, "left")
        lines += ["right.set_title('Loss')", f"right.set_xlabel({drawing.x})", "right.set_ylabel('Loss')"]
        lines += ["left.legend()", "right.legend()"] if drawing.legend else []
        return "\n".join([*lines, "plt.show()"])

    _redraw(handin, rng, write)


@transform("drawings", "drawing")
def letters_of_the_figure(handin: Handin, rng: Random) -> None:
    """Title, labels and legend belong to the figure: `suptitle`, `supxlabel`, `supylabel`, `fig.legend`."""

    def write(drawing: Drawing) -> str:
        lines = ["fig, ax = plt.subplots()"]
        lines += [f"ax.plot({x}, {y}{_named(label)})" for x, y, label in drawing.curves]
        if drawing.bars:
            x, y, error = drawing.bars
            lines.append(f"ax.errorbar({x}, {y}, {error}, marker='o', label='mean over replicates')")
        lines += ["ax.set_xscale('log')"] if drawing.log_x else []
        lines += [f"fig.suptitle({drawing.title})", f"fig.supxlabel({drawing.x})", f"fig.supylabel({drawing.y})"]
        return "\n".join([*lines, *(["fig.legend()"] if drawing.legend else []), "plt.show()"])

    _redraw(handin, rng, write)


@transform("drawings", "drawing")
def no_place_on_the_x_axis(handin: Handin, rng: Random) -> None:
    """Curves are drawn without epochs: their values alone, from 0; the legend gets a list of names."""

    def write(drawing: Drawing) -> str | None:
        if drawing.bars:
            return None
        lines = [f"plt.plot({y})" for _, y, _ in drawing.curves]
        lines += _written(drawing)
        names = ", ".join(label for _, _, label in drawing.curves)
        return "\n".join(
            [*lines, *([f"plt.legend([{names}], loc='upper left')"] if drawing.legend else []), "plt.show()"]
        )

    _redraw(handin, rng, write)


@transform("drawings", "error_bars")
def error_bars_one_by_one(handin: Handin, rng: Random) -> None:
    """Error bars are drawn point by point, in a loop."""

    def draw(x: str, y: str, error: str) -> list[str]:
        return [
            f"for place, value, spread in zip({x}, {y}, {error}):",
            "    plt.errorbar(place, value, yerr=spread, fmt='o', color='k')",
        ]

    _redraw_bars(handin, rng, draw, scaled=True)


@transform("drawings", "error_bars")
def error_bars_on_categories(handin: Handin, rng: Random) -> None:
    """Error bars stand over the factors as words, each at the same distance."""

    def draw(x: str, y: str, error: str) -> list[str]:
        return [f"plt.errorbar([str(one) for one in {x}], {y}, yerr={error}, fmt='o', capsize=3)"]

    _redraw_bars(handin, rng, draw)


@transform("drawings", "error_bars")
def bars_with_errors(handin: Handin, rng: Random) -> None:
    """The means are columns, with error bars on them, named by their factors."""

    def draw(x: str, y: str, error: str) -> list[str]:
        return [
            f"plt.bar(range(len({x})), {y}, yerr={error}, capsize=4)",
            f"plt.xticks(range(len({x})), [f'{{one:.0e}}' for one in {x}])",
            f"plt.ylim(min({y}) - 0.05, 1)",
        ]

    _redraw_bars(handin, rng, draw)


@transform("drawings", "figure_size")
def saved_to_a_file(handin: Handin, rng: Random) -> None:
    """Figures are saved to files before they are shown."""
    number = 0
    for step in handin.steps:
        for body in bodies(step):
            shown = [statement for statement in body if text(statement) == "plt.show()"]
            for statement in shown:
                number += 1
                at = body.index(statement)
                body[at:at] = statements(f"plt.savefig('figure{number}.png', dpi=80)")
    if not number:
        raise UnfitError("no figures")
