"""Lines of running text as Markdown: paragraphs whole again, headings by their size, words joined over line ends."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from grader.reading.formats.pdf.pages import Line

_BULLET = re.compile(r"\s*[•◦▪‣●○■□∙·–]\s*|\s*[-*]\s+")
_OWN_LINE = re.compile(
    r"\s*(?:\(?\d{1,2}(?:\.\d{1,2})+\.?\)?(?:\s|:|$)|\(?\d{1,2}[.)]\s|\(?[a-h]\)\s"
    r"|(?:question|q|exercise|part|task|problem|answer|uppgift|fråga|svar|aufgabe|frage|pregunta|ejercicio|exercice)\b"
    r"\s*\.?\s*(?:\d|:))",
    re.IGNORECASE,
)
_ENDS = (".", "?", "!", ":", ";")
_HEADING_LIMIT = 220


@dataclass(frozen=True)
class Typography:
    """What is usual in a document."""

    size: float
    """Of running text, in points."""
    headings: tuple[float, ...]
    """Sizes of larger text, the largest first."""
    pitch: float
    """From one line of running text to the next, in its size."""
    right: dict[int, float]
    """Right edge of the text of each page."""
    words: frozenset[str]
    """Words that stand whole somewhere, for joining those that a line end cut."""


def typography(lines: Sequence[Line]) -> Typography:
    """The typography of a document."""
    plain = [line for line in lines if not line.mono] or list(lines)
    weights: Counter[float] = Counter()
    for line in plain:
        weights[line.size] += len(line.text)
    size = max(weights, key=lambda candidate: (weights[candidate], candidate)) if weights else 10.0
    larger = sorted({line.size for line in plain if line.size >= 1.12 * size}, reverse=True)
    steps = [
        (after.top - before.top) / size
        for before, after in pairwise(plain)
        if before.page == after.page and before.size == after.size == size and 0.8 * size < after.top - before.top
    ]
    near = [step for step in steps if step < 2.2]
    right: dict[int, float] = {}
    for line in plain:
        right[line.page] = max(right.get(line.page, 0.0), line.x1)
    words = frozenset(word for line in plain for word in re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", line.text.casefold()))
    return Typography(size, tuple(larger), min(near, default=1.2) if len(near) < 8 else _usual(near), right, words)


def _usual(steps: list[float]) -> float:
    """The tight step: spacing between paragraphs may be as frequent as that within them."""
    return min(median(steps), sorted(steps)[len(steps) // 4] * 1.1)


def paragraphs(lines: Sequence[Line], usual: Typography) -> list[str]:
    """`lines`, which follow each other, as Markdown paragraphs; headings bear `#`, bold lines `**`."""
    groups: list[list[Line]] = []
    for line in lines:
        if not line.text.strip():
            continue
        if groups and _goes_on(groups[-1], line, usual):
            groups[-1].append(line)
        else:
            groups.append([line])
    return [_paragraph(group, usual) for group in groups]


def is_heading(paragraph: str) -> bool:
    """Whether `paragraphs` made it a heading."""
    return paragraph.startswith("#")


def _goes_on(group: list[Line], line: Line, usual: Typography) -> bool:
    last = group[-1]
    if abs(line.size - last.size) > 0.06 * last.size or _level(line, usual) != _level(last, usual):
        return False
    if line.bold != last.bold and (line.bold or _ended_early(last, line, usual)):
        return False
    if _BULLET.match(line.text) or " | " in line.text or " | " in last.text:
        return False
    if _OWN_LINE.match(line.text) and (_ended_early(last, line, usual) or last.text.rstrip().endswith(_ENDS)):
        return False
    heading = _level(line, usual) > 0
    if line.page != last.page:
        ended = last.text.rstrip().endswith(_ENDS) or _ended_early(last, line, usual)
        return not heading and not ended and not line.text[:1].isdigit()
    step = (line.top - last.top) / last.size
    if step > 1.3 * max(usual.pitch, 1.0) or step < 0:
        return False
    return heading or line.bold or not _ended_early(last, line, usual)


def _ended_early(last: Line, line: Line, usual: Typography) -> bool:
    """Whether the next line's first word would have fitted into `last`: its end is meant, not the page's width."""
    words = line.text.split()
    if not words or (re.search(r"[^\W\d_][-‐\u00ad]$", last.text) and words[0][0].islower()):
        return False
    width = (line.x1 - line.x0) / max(len(line.text), 1) * (len(words[0]) + 1.5)
    return last.x1 + width + 0.02 * (usual.right[last.page]) < usual.right[last.page]


def _level(line: Line, usual: Typography) -> int:
    """1 to 4 for headings by size, 0 for others."""
    return min(usual.headings.index(line.size) + 1, 4) if line.size in usual.headings else 0


def _paragraph(group: list[Line], usual: Typography) -> str:
    text = group[0].text.strip()
    for line in group[1:]:
        text = joined(text, line.text.strip(), usual.words)
    bullet = _BULLET.match(group[0].text)
    if bullet:
        text = f"- {text[len(bullet[0].lstrip()) :].lstrip()}"
    level = _level(group[0], usual)
    if level and len(text) <= _HEADING_LIMIT * 3:
        return f"{'#' * level} {text}"
    if all(line.bold for line in group) and len(text) <= _HEADING_LIMIT and "*" not in text:
        return f"**{text}**"
    return text


def joined(before: str, after: str, words: frozenset[str]) -> str:
    """Two lines of a paragraph as one text; a word that was cut with a hyphen is whole again."""
    if before.endswith("\u00ad"):
        return before[:-1] + after
    cut = re.search(r"([^\W\d_]+)[-‐]$", before)
    rest = re.match(r"[^\W\d_]+", after)
    if cut is None or rest is None or not rest[0][0].islower():
        return f"{before} {after}"
    whole, hyphened = (cut[1] + rest[0]).casefold(), f"{cut[1]}-{rest[0]}".casefold()
    if hyphened in words and whole not in words:
        return before + after
    return before[:-1] + after
