"""What is damaged: the project's own hand-ins and rubrics, and the first in other formats."""

from __future__ import annotations

import html
import io
import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_SHOWN = 14
"""Cells that the other formats show."""


def beginnings(kind: str) -> dict[str, list[Any]]:
    """The undamaged files by kind; those in other formats only where `kind` asks for them."""
    found: dict[str, list[Any]] = {"notebook": [], "script": [], "rubric": []}
    for path in sorted((ROOT / "submissions").rglob("*")):
        if path.suffix == ".ipynb":
            found["notebook"].append(json.loads(path.read_text()))
        elif path.suffix == ".py":
            found["script"].append(path.read_text())
    for path in sorted((ROOT / "rubrics").glob("*/*")):
        if path.name == "solution.py":
            found["script"].append(path.read_text())
        elif path.name == "rubric.yaml":
            found["rubric"].append(path.read_text())
    others = {"web": _web, "markdown": _markdown, "pdf": _pdf, "word": _word}
    if kind in others:
        found[kind] = [others[kind](notebook["cells"][:_SHOWN]) for notebook in found["notebook"]]
    return found


def _text(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def _outputs(cell: dict[str, Any]) -> str:
    return "".join("".join(output.get("text", "")) for output in cell.get("outputs", []))


def _web(cells: list[dict[str, Any]]) -> str:
    parts = []
    for cell in cells:
        source, shown = html.escape(_text(cell)), html.escape(_outputs(cell))
        if cell["cell_type"] == "code":
            parts.append(
                f'<div class="input_area"><pre>{source}</pre></div>\n<div class="output"><pre>{shown}</pre></div>'
            )
        else:
            parts.append("".join(f"<p>{line}</p>\n" for line in source.split("\n")))
    return "<!DOCTYPE html><html><body>\n" + "\n".join(parts) + "\n</body></html>"


def _markdown(cells: list[dict[str, Any]]) -> str:
    return "\n\n".join(f"```python\n{_text(c)}\n```" if c["cell_type"] == "code" else _text(c) for c in cells)


def _pdf(cells: list[dict[str, Any]]) -> bytes:
    import weasyprint

    # Uncompressed: damage then reaches the text and its positions, not a checksum alone.
    data: bytes = weasyprint.HTML(string=_web(cells)).write_pdf(uncompressed_pdf=True)
    return data


def _word(cells: list[dict[str, Any]]) -> bytes:
    import docx

    document = docx.Document()
    for cell in cells:
        for line in _text(cell).split("\n"):
            document.add_paragraph(line)
    document.add_table(2, 2).cell(0, 0).text = "accuracy"
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()
