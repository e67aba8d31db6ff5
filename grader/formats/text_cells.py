"""Text cells of a notebook, without what a host wrote into them, and with a word for each picture that is not there.

Hosts add badges (`Open in Colab`) and footers (`Created in Deepnote`): a link to themselves around a picture or around
words that say so. A link that a group writes into a sentence stays.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from grader.facts.filetypes import NOTEBOOK_HOSTS

_HOST = "|".join(re.escape(host) for host in NOTEBOOK_HOSTS)
_LINK = re.compile(
    rf"<a\b[^>]{{0,800}}?(?:{_HOST})[^>]{{0,800}}>(?P<inside>.{{0,20000}}?)</a>", re.IGNORECASE | re.DOTALL
)
_BADGE = re.compile(rf"\[!\[[^\]\n]{{0,200}}\]\([^)\n]{{0,500}}\)\]\([^)\n]{{0,200}}?(?:{_HOST})[^)\n]{{0,500}}\)")
_SAYS_SO = re.compile(r"<(?:img|svg)\b|\b(?:created|made|open|run|launch(?:ed)?) (?:in|on|with)\b", re.IGNORECASE)
_PICTURE = re.compile(r"!\[[^\]\n]{0,500}\]\((?P<target>[^)\s]{1,2000})(?:\s+[^)\n]{0,200})?\)")
_TAG = re.compile(r"<img\b[^>]{0,1000}?\bsrc\s*=\s*[\"'](?P<target>[^\"']{1,2000})[\"'][^>]{0,1000}>", re.IGNORECASE)
_LONGEST_NAME = 80


def without_footers(source: str) -> str:
    """`source` without the badges and footers of hosts."""
    if not any(host in source for host in NOTEBOOK_HOSTS):
        return source
    kept = _LINK.sub(lambda link: "" if _SAYS_SO.search(link["inside"]) else link[0], _BADGE.sub("", source))
    return kept.strip("\n") if kept != source else source


def with_missing_pictures(source: str, attached: Collection[str]) -> str:
    """`source` with a picture that the notebook does not hold as words: `(picture: curve.png)`.

    `attached` names the pictures that are pasted into the cell; those within the text itself are there, too.
    """

    def shown(picture: re.Match[str]) -> str:
        target = picture["target"].strip()
        if target.startswith("data:") or (target.startswith("attachment:") and target[11:] in attached):
            return picture[0]
        name = re.split(r"[?#]", target.removeprefix("attachment:"))[0].rstrip("/").rpartition("/")[2]
        return f"(picture: {name[:_LONGEST_NAME]})" if name else picture[0]

    if "![" not in source and "<img" not in source.lower():
        return source
    return _TAG.sub(shown, _PICTURE.sub(shown, source))
