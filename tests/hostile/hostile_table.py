"""All attacks, by what they attack."""

from __future__ import annotations

from hostile_attack import GROUPS, Attack
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
    "report": REPORT,
    "inputs": INPUTS,
}
ATTACKS: tuple[Attack, ...] = tuple(attack for group in BY_GROUP.values() for attack in group)

assert list(BY_GROUP) == list(GROUPS)
assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
