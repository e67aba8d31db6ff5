"""All attacks, by what they attack."""

from __future__ import annotations

from hostile_attack import GROUPS, Attack
from hostile_attacks.functions import FUNCTIONS
from hostile_attacks.grading import GRADING
from hostile_attacks.inputs import INPUTS
from hostile_attacks.kernel import KERNEL
from hostile_attacks.memory import FILES, MEMORY
from hostile_attacks.network import NETWORK, SECRETS
from hostile_attacks.processes import PROCESSES
from hostile_attacks.protocol import PROTOCOL
from hostile_attacks.report import REPORT

BY_GROUP: dict[str, tuple[Attack, ...]] = {
    "processes": PROCESSES,
    "memory": MEMORY,
    "files": FILES,
    "network": NETWORK,
    "secrets": SECRETS,
    "kernel": KERNEL,
    "protocol": PROTOCOL,
    "grading": GRADING,
    "functions": FUNCTIONS,
    "report": REPORT,
    "inputs": INPUTS,
}
ATTACKS: tuple[Attack, ...] = tuple(attack for group in BY_GROUP.values() for attack in group)

assert list(BY_GROUP) == list(GROUPS)
assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)

_BY_SYSTEM = ("processes", "memory", "files", "network", "secrets", "kernel")
"""What depends on provider and user. The others depend on the host alone. Of Landlock's part in an ordinary user's run
the first three differ from root's: what counts processes, and who clears up after whom."""

PASSES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "namespaces": ("namespaces", "current", tuple(BY_GROUP)),
    "namespaces, ordinary user": ("namespaces", "ordinary", _BY_SYSTEM),
    "landlock": ("landlock", "current", _BY_SYSTEM),
    "landlock, ordinary user": ("landlock", "ordinary", ("processes", "memory", "files")),
}
"""Name -> provider, user, groups. `current` is root where the tests run as root; then `ordinary` runs too."""

SAMPLE: dict[str, tuple[str, ...]] = {
    "namespaces": (
        *("kill the parent, the server, the host and their groups", "memory in a loop", "links to the outside", "TCP"),
        *("reading by every way of Python", "namespaces", "a header of 4 GB", "fit replaced by an invention"),
        *("an answer that equals everything", "markup in printed text", "zip slip"),
    ),
}
"""Pass -> attacks that every run of the tests makes: one of each group, of those that cost least. The others are
`long`. A pass costs a start and two honest hand-ins before its first attack, so the sample is of one pass; Landlock is
held to its word in every run by `tests/sandbox/test_attacks.py`."""


def overview() -> str:
    """The table of the README."""
    names = list(PASSES)
    rows = ["| attacks on | | " + " | ".join(names) + " |", "|---|---|" + ":-:|" * len(names)]
    for group, attacks in BY_GROUP.items():
        ran = ["✓" if group in groups else "" for _, _, groups in PASSES.values()]
        rows.append(f"| {group}: {GROUPS[group]} | {len(attacks)} | " + " | ".join(ran) + " |")
    counts = [sum(len(BY_GROUP[group]) for group in groups) for _, _, groups in PASSES.values()]
    rows.append(f"| all | {len(ATTACKS)} | " + " | ".join(str(count) for count in counts) + " |")
    return "\n".join(rows)
