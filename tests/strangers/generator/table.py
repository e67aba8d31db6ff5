"""The table: how labgrade does by transform and by pair of transforms, the worst first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations

_COUNTS = (
    *("placed", "to_place", "matched", "to_match", "right", "unfair", "generous", "open", "false", "missed", "crash"),
)


@dataclass
class Row:
    """The counts of all hand-ins that have one transform, or both of a pair."""

    name: str
    handins: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTS, 0))
    lost: float = 0.0
    example: str = ""
    worst: float = -1.0

    def add(self, outcome: Mapping[str, object]) -> None:
        """Count one hand-in."""
        self.handins += 1
        for name in _COUNTS:
            value = outcome[name]
            self.counts[name] += bool(value) if name == "crash" else int(str(value))
        self.lost += float(str(outcome["lost"]))
        bad = badness(outcome)
        if bad > self.worst:
            self.worst, self.example = bad, str(outcome["key"]).rpartition("/")[2]

    @property
    def bad(self) -> float:
        """Things that went wrong, for each hand-in."""
        counts = self.counts
        wrong = counts["to_place"] - counts["placed"] + counts["to_match"] - counts["matched"]
        wrong += counts["unfair"] + counts["generous"] + counts["open"] + counts["false"] + counts["missed"]
        return (wrong + 50 * counts["crash"]) / max(self.handins, 1)

    def as_json(self) -> dict[str, object]:
        """As plain data."""
        return {
            "name": self.name,
            "handins": self.handins,
            **self.counts,
            "lost": round(self.lost, 3),
            "example": self.example,
        }


def badness(outcome: Mapping[str, object]) -> float:
    """How much went wrong with one hand-in."""
    value = {name: int(str(outcome[name])) for name in _COUNTS if name != "crash"}
    wrong = value["to_place"] - value["placed"] + value["to_match"] - value["matched"]
    wrong += value["unfair"] + value["generous"] + value["open"] + value["false"] + value["missed"]
    return wrong + (50 if outcome["crash"] else 0)


def rows(outcomes: Iterable[Mapping[str, object]]) -> tuple[Row, list[Row], list[Row], list[Row]]:
    """Of all, of each transform alone, of each in any hand-in, and of each pair; the worst first."""
    everything = Row("all")
    alone: dict[str, Row] = {}
    single: dict[str, Row] = {}
    pair: dict[str, Row] = defaultdict(lambda: Row(""))
    for outcome in outcomes:
        everything.add(outcome)
        applied = outcome["applied"]
        assert isinstance(applied, list)
        if len(applied) < 2:
            name = applied[0] if applied else "(the solution)"
            alone.setdefault(name, Row(name)).add(outcome)
        for name in applied:
            single.setdefault(name, Row(name)).add(outcome)
        for one, other in combinations(sorted(applied), 2):
            row = pair[f"{one} + {other}"]
            row.name = f"{one} + {other}"
            row.add(outcome)

    def ordered(found: dict[str, Row]) -> list[Row]:
        return sorted(found.values(), key=lambda row: (-row.bad, row.name))

    return everything, ordered(alone), ordered(single), ordered(pair)


_HEAD = (
    f"{'':52} {'n':>4} {'placed':>11} {'matched':>11} {'right':>11} {'unfair':>6} {'gener.':>6} {'open':>5} "
    f"{'false':>5} {'miss':>4} {'crash':>5} {'lost':>6}  example"
)


def _line(row: Row) -> str:
    c = row.counts
    decided = c["right"] + c["unfair"] + c["generous"] + c["open"]

    def share(part: int, whole: int) -> str:
        return f"{part}/{whole} {100 * part / whole:3.0f}%" if whole else "-"

    placed, matched = share(c["placed"], c["to_place"]), share(c["matched"], c["to_match"])
    return (
        f"{row.name[:52]:52} {row.handins:4} {placed:>11} {matched:>11} {share(c['right'], decided):>11} "
        f"{c['unfair']:6} {c['generous']:6} {c['open']:5} {c['false']:5} {c['missed']:4} {c['crash']:5} "
        f"{row.lost:6.1f}  {row.example}"
    )


def render(outcomes: list[dict[str, object]], most: int = 60) -> str:
    """The table as text."""
    everything, alone, single, pair = rows(outcomes)
    parts = [_HEAD, _line(everything), "", "Each transform alone, the worst first", *(_line(row) for row in alone)]
    parts += ["", "Each transform in any hand-in, the worst first", *(_line(row) for row in single)]
    parts += ["", f"Pairs, the worst {most} of {len(pair)}", *(_line(row) for row in pair[:most])]
    return "\n".join(parts) + "\n"


def as_json(outcomes: list[dict[str, object]]) -> dict[str, object]:
    """The table as plain data."""
    everything, alone, single, pair = rows(outcomes)
    return {
        "all": everything.as_json(),
        "alone": [row.as_json() for row in alone],
        "transforms": [row.as_json() for row in single],
        "pairs": [row.as_json() for row in pair],
    }
