"""Examples for arguments of Keras that have another name: the object is what it is with the name of today."""

from __future__ import annotations

from keras_examples import ARGUMENTS, NEEDED

from grader.facts.versions.keras_arguments import VALUES, key_of, renamed

_SAME = """
import keras
old = keras.{owner}(**{old!r})
new = keras.{owner}(**{new!r})
def plain(made):
    config = made.get_config()
    return {{name: str(value) for name, value in config.items() if name != 'name'}}
assert plain(old) == plain(new), (plain(old), plain(new))
"""


def argument_examples() -> dict[str, str]:
    """One for each argument that the objects of Keras keep in their configuration."""
    found = {}
    for owner, names in renamed().items():
        if not owner.startswith(("layers.", "constraints.", "regularizers.")):
            continue
        for old, new in names.items():
            value = ARGUMENTS[old]
            today = VALUES.get(old, {}).get(value, value) if isinstance(value, str) else value
            needed = {name: given for name, given in NEEDED.get(owner, {}).items() if name != new}
            found[key_of(owner, old)] = _SAME.format(
                owner=owner, old={**needed, old: value}, new={**needed, new: today}
            )
    return found
