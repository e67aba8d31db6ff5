"""All platforms that grades are exported to: those in this folder, and those that installed packages bring."""

from __future__ import annotations

from functools import cache

import grader.exports
from grader.errors import UserError
from grader.exports.platform import Platform
from grader.extensions import built_in_extensions, installed_extensions

GROUP = "labgrade.exports"


@cache
def platforms() -> dict[str, Platform]:
    """Every platform by its name, in the order of the names. Raises `UserError` when two bear the same one."""
    found: dict[str, Platform] = {}
    for platform in (
        *built_in_extensions(grader.exports, "PLATFORM", Platform),
        *installed_extensions(GROUP, Platform),
    ):
        if found.setdefault(platform.name, platform) is not platform:
            raise UserError(f"Two exports are called '{platform.name}'. Remove the package that brings one of them.")
    return dict(sorted(found.items()))
