"""What is said of the suite is true of the suite."""

from __future__ import annotations

import re

from hostile_attack import HERE, HONEST, WEAK
from hostile_page import complaints
from hostile_table import ATTACKS, BY_GROUP, PASSES, SAMPLE, overview

README = HERE.parents[1] / "README.md"


def test_the_readme_shows_the_suite() -> None:
    """The README's table is the one that the suite makes; `python -m pytest` on this file prints what it should be."""
    shown = re.search(r"<!-- hostile suite -->\n(.*?)\n<!-- end -->", README.read_text(), re.DOTALL)
    assert shown is not None
    assert shown[1] == overview()


def test_every_group_is_run_by_both_providers_or_depends_on_the_host_alone() -> None:
    """No attack is left out, and none of the system's is run for one user or under one provider alone."""
    ran = {group for _, _, groups in PASSES.values() for group in groups}
    assert ran == set(BY_GROUP)
    for group in ("processes", "memory", "files", "network", "secrets", "kernel"):
        assert {(provider, user) for provider, user, groups in PASSES.values() if group in groups} >= {
            ("namespaces", "current"),
            ("namespaces", "ordinary"),
            ("landlock", "current"),
        }
    assert len(ATTACKS) >= 60
    assert HONEST != WEAK


def test_every_run_of_the_tests_makes_one_attack_of_each_group() -> None:
    """The sample leaves out no group, and names no attack that its pass does not make."""
    for name, sample in SAMPLE.items():
        assert set(sample) <= {attack.name for group in PASSES[name][2] for attack in BY_GROUP[group]}
    for attacks in BY_GROUP.values():
        assert len([attack for attack in attacks if attack.name in SAMPLE["namespaces"]]) == 1


def test_a_page_with_active_content_is_noticed() -> None:
    """The reading of reports finds what it looks for."""
    for page in (
        "<p onclick=x>",
        "<script>1</script>",
        "<img src='http://x/y'>",
        "<a href='file:///etc'>",
        "<p style='background:url(http://x)'>",
        "<style>@import 'x';</style>",
        "<img src='data:image/svg+xml;base64,PHN2Zz48c2NyaXB0Lz48L3N2Zz4='>",
        "<iframe>",
        "\u202e",
    ):
        assert complaints(page), page
    assert complaints("<p title='&lt;script&gt;'>&lt;script&gt; http://x</p><a href='#a'>b</a>") == []
