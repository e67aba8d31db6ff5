"""Saved outputs of a notebook's cell, as `SavedOutput`. Everything here was written by the group: sizes are capped."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any, Literal

from grader.reading.formats.decoding import clean
from grader.reading.formats.terminal import screen_text, shortened
from grader.records.submission import SavedImage, SavedOutput

TEXT_LIMIT = 400_000
"""Characters kept of one output."""
_PLAYED_LIMIT = 20 * TEXT_LIMIT
IMAGE_LIMIT = 12_000_000
"""Characters of one stored picture."""
OUTPUTS_LIMIT = 200
"""Outputs kept of one cell."""

_SIGNATURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
_BLANKS = re.compile(r"\s+")


def joined(value: Any) -> str:
    """Notebook text, stored as a string or as a list of lines; anything else counts as empty."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return clean("".join(part for part in value if isinstance(part, str)))
    return ""


def saved_outputs(raw: Any) -> tuple[tuple[SavedOutput, ...], list[str]]:
    """The outputs under one cell, and one sentence for each that could not be kept."""
    notes: list[str] = []
    if not isinstance(raw, list):
        return (), notes
    entries = [entry for entry in raw if isinstance(entry, dict)]
    if len(entries) < len(raw):
        notes.append("holds outputs that are not objects")
    kept = []
    for entry in _merged_streams(entries):
        output = _saved_output(entry, notes)
        if output is not None:
            kept.append(output)
    if len(kept) > OUTPUTS_LIMIT:
        notes.append(f"holds {len(kept)} outputs, of which {OUTPUTS_LIMIT} were kept")
    return tuple(kept[:OUTPUTS_LIMIT]), notes


def _merged_streams(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A log that warnings interrupt is stored as many streams: each run of streams becomes one per stream name."""
    run: dict[str, list[str]] = {}

    def flushed() -> Iterator[dict[str, Any]]:
        for name, parts in run.items():
            yield {"output_type": "stream", "name": name, "text": "".join(parts)}
        run.clear()

    for entry in entries:
        if entry.get("output_type") == "stream":
            name = entry.get("name", entry.get("stream"))
            run.setdefault(name if isinstance(name, str) else "stdout", []).append(joined(entry.get("text")))
        else:
            yield from flushed()
            yield entry
    yield from flushed()


def _saved_output(entry: dict[str, Any], notes: list[str]) -> SavedOutput | None:
    kind = entry.get("output_type")
    if kind == "stream":
        return SavedOutput(kind="stream", text=_text(entry.get("text")))
    if kind in ("error", "pyerr"):
        return SavedOutput(kind="error", text=_error_text(entry))
    if kind not in ("execute_result", "pyout", "display_data", "update_display_data"):
        notes.append(f"holds an output of unknown type {str(kind)[:40]!r}")
    data = entry.get("data")
    # Before notebook format 4 the data lay beside the type, under short names.
    data = data if isinstance(data, dict) else _short_names(entry)
    image = next(_images(data, notes), None)
    text = _text(data.get("text/plain") or data.get("text/markdown") or data.get("text/latex") or entry.get("text"))
    if image is None and not text:
        return None
    display: Literal["result", "display"] = "result" if kind in ("execute_result", "pyout") else "display"
    return SavedOutput(kind=display, text=text, image=image)


def _short_names(entry: dict[str, Any]) -> dict[str, Any]:
    names = {"png": "image/png", "jpeg": "image/jpeg", "svg": "image/svg+xml", "text": "text/plain"}
    return {names[name]: value for name, value in entry.items() if name in names}


def _text(value: Any) -> str:
    # What a progress bar wrote over itself does not count, but is not played out without end either.
    return shortened(screen_text(shortened(joined(value), _PLAYED_LIMIT)), TEXT_LIMIT)


def _error_text(entry: dict[str, Any]) -> str:
    lines = entry.get("traceback")
    trace = "\n".join(line for line in lines if isinstance(line, str)) if isinstance(lines, list) else ""
    last = f"{entry.get('ename') or 'Error'}: {entry.get('evalue') or ''}".strip()
    text = screen_text(clean(trace)).rstrip()
    return shortened(text if text.endswith(last) else f"{text}\n{clean(last)}".strip(), TEXT_LIMIT)


def _images(data: dict[str, Any], notes: list[str]) -> Iterator[SavedImage]:
    for media_type in ("image/png", "image/jpeg", "image/svg+xml"):
        if media_type in data:
            image = saved_image(media_type, data[media_type])
            if image is None:
                notes.append(f"holds a picture that is damaged or too large ({media_type})")
            else:
                yield image


def image_of(data: bytes) -> SavedImage | None:
    """The picture in `data`, by its first bytes; `None` when it is no PNG or JPEG, or too large."""
    for media_type, signature in _SIGNATURES.items():
        if data.startswith(signature) and 4 * len(data) // 3 < IMAGE_LIMIT:
            return saved_image(media_type, base64.b64encode(data).decode())
    return None


def saved_image(media_type: str, value: Any) -> SavedImage | None:
    """A stored picture whose bytes begin as its type demands; `None` when damaged, too large or of another type."""
    text = joined(value)
    if not text or len(text) > IMAGE_LIMIT:
        return None
    if media_type == "image/svg+xml":
        return SavedImage(media_type="image/svg+xml", data=text) if "<svg" in text[:20_000] else None
    if media_type not in _SIGNATURES:
        return None
    packed = _BLANKS.sub("", text)
    try:
        data = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        return None
    if not data.startswith(_SIGNATURES[media_type]):
        return None
    return SavedImage(media_type="image/png" if media_type == "image/png" else "image/jpeg", data=packed)
