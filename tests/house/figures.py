"""The house in figures: `python tests/house/figures.py [CHECKOUT]`, of this checkout or of another one.

They are read side by side, before and after a change to the house; none of them is a limit. The limits are in
`test_house.py`.
"""

from __future__ import annotations

import re
import statistics
import sys
from collections import Counter
from pathlib import Path

from house_files import PACKAGE, internal_imports, public_functions

_IRREGULAR = frozenset(
    """
    begun bound brought built caught chosen done drawn felt found given gone held hidden kept known laid led left lost
    made meant met put run seen sent set shown sold spent split stood taken taught thrown told torn understood won worn
    written
    """.split()
)
_SAME_AS_VERB = frozenset("put run set split".split())
"""Past participles that are the verb itself: `run`, `split` and the like are read as what a function does."""
_NO_PARTICIPLE = re.compile(r"(?:bed|embed|feed|need|red|seed|shed|speed|exceed|proceed|succeed|indeed)")


def is_participle(word: str) -> bool:
    """Whether `word` is a past participle, by its ending or by the list of irregular ones."""
    if word in _IRREGULAR:
        return word not in _SAME_AS_VERB
    return word.endswith("ed") and not _NO_PARTICIPLE.fullmatch(word)


def named_by_a_participle(name: str) -> bool:
    """Whether a function's name begins with a participle (`judged_functions`), which neither does nor gives."""
    return is_participle(name.split("_")[0])


def figures(package: Path) -> dict[str, str]:
    """Name of a figure -> its value, of all modules below `package`."""
    files = sorted(package.rglob("*.py"))
    chapters = [file for file in files if file.stem != "__init__"]
    sizes = {file: file.read_text(encoding="utf-8").count("\n") for file in files}
    lines = sum(sizes.values())
    imports = sum(map(internal_imports, files))
    names = [name for file in chapters for name in public_functions(file)]
    participles = sum(map(named_by_a_participle, names))
    namesakes = sum(many for many in Counter(file.name for file in chapters).values() if many > 1)
    median, longest = statistics.median(sizes[file] for file in chapters), max(sizes.values())
    share = participles / len(names)
    mentions = sum(len(re.findall(r"\bAny\b", file.read_text(encoding="utf-8"))) for file in files)
    return {
        "rooms": str(len({file.relative_to(package).parts[0] for file in chapters if file.parent != package})),
        "modules": f"{len(chapters)}, of which {namesakes} share their name",
        "lines": f"{lines}, {median:.0f} in the median module, {longest} in the longest",
        "internal imports": f"{imports}, {1000 * imports / lines:.1f} per 1,000 lines",
        "Any": str(mentions),
        "public functions": f"{len(names)}, of which {participles} named by a participle ({share:.0%})",
    }


def main() -> None:
    """Print one figure a line."""
    package = Path(sys.argv[1]) / PACKAGE.name if len(sys.argv) > 1 else PACKAGE
    for name, value in figures(package).items():
        print(f"{name:18}{value}")


if __name__ == "__main__":
    main()
