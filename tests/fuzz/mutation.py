"""Hand-ins and rubrics with damage: real ones, mutated by a seed."""

from __future__ import annotations

import copy
import io
import json
import random
import zipfile
from typing import Any

WORDS = (
    *("## 1.1\n", "### 2.3 x\n", "2.4", "1.1.1.1.1.1", "Q2.3:", "# %%\n", "# %% [markdown]\n", '"""', "'''", "```\n"),
    *("Epoch 1/10\n", "1/1 - 0s - loss: nan - accuracy: 1e999\n", "[====>...]", "\r", "\b" * 50, "\x1b[31m", "\x1b]0;"),
    *(
        "model.fit(",
        "plt.show()",
        "Dense(",
        "Total params: 9,999,999,999,999,999,999\n",
        "│ dense (Dense) │ (None, 10) │",
    ),
    *(
        "\0",
        "\ufeff",
        "\u202e",
        "\u200b",
        "\ud800",
        "\udfff\ud800",
        "\U0001f600",
        "\u0301" * 60,
        "\x85",
        "\u2028",
        "\f",
    ),
    *(
        "<script>",
        "{{ 7*7 }}",
        "{% raw %}",
        "=cmd()",
        "http://x/",
        "file:///etc/passwd",
        "%s%n",
        "../../x",
        "$\\frac{1}{",
    ),
    *(
        "|---|---|\n",
        "[x](" * 30,
        "*" * 99,
        "_" * 99,
        ">" * 99,
        "- " * 99,
        "0" * 400,
        "9" * 5000,
        "1." * 3000,
        "(" * 3000,
    ),
    *("a" * 50_000, " " * 50_000, "\n" * 20_000, "\t" * 999, "# " * 9_999, "1 " * 9_999, "\\" * 9_999, "٣.٤", "２．３"),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 2**31, 2**63, -(2**70), 1.5, 1e308, float("nan"), float("inf"), "", "x", [], {}),
    *([[]], [None], [{}], {"": None}, {"x": [1, {"y": None}]}, "\ud800", "\0", "9" * 400, ["a", 5, None], "@DEEP@"),
    *("@VERYDEEP@", "@HUGE@", ["## 2.3\n"] * 300, {"text/html": 5}, {"image/png": "AAAA"}, {"text/plain": [1, 2]}),
)
_RAW = {'"@DEEP@"': "[" * 300 + "]" * 300, '"@VERYDEEP@"': "[" * 30_000 + "]" * 30_000, '"@HUGE@"': "9" * 6000}


def damaged_bytes(data: bytes, rng: random.Random) -> bytes:
    """`data` with a few bytes flipped, cut, doubled, moved or spelled in another encoding."""
    for _ in range(rng.randint(1, 6)):
        at, length = rng.randrange(len(data) + 1), rng.randint(1, 400)
        way = rng.randrange(7)
        if way == 0 and data:
            spot = bytearray(data)
            for _ in range(rng.randint(1, 9)):
                spot[rng.randrange(len(spot))] = rng.randrange(256)
            data = bytes(spot)
        elif way == 1:
            data = data[: rng.randint(at // 2, at)] if rng.random() < 0.5 else data
        elif way == 2:
            data = data[:at] + data[at + length :]
        elif way == 3:
            data = data[:at] + data[at : at + length] * rng.randint(2, 9) + data[at:]
        elif way == 4:
            extra = rng.choice(
                (b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\r", b"\xc0\x80", b"\x1b[2J", b"{")
            )
            data = data[:at] + extra * rng.randint(1, 5) + data[at:]
        elif way == 5:
            data = data[at:] + data[:at]
        elif rng.random() < 0.3:
            encoding = rng.choice(("utf-16", "utf-16-le", "latin-1", "cp1252", "utf-32", "utf-8-sig", "utf-7"))
            data = data.decode("utf-8", "replace").encode(encoding, "replace")
    return data


def damaged_text(text: str, rng: random.Random) -> bytes:
    """`text` with words that mean something put in, and lines lost, doubled, indented or joined."""
    lines = text.split("\n")
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(lines))
        way = rng.randrange(6)
        if way == 0:
            column = rng.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:column] + rng.choice(WORDS) + lines[at][column:]
        elif way == 1:
            lines[at : at + rng.randint(1, 5)] = []
            lines = lines or [""]
        elif way == 2:
            lines[at:at] = lines[at : at + rng.randint(1, 20)] * rng.randint(1, 5)
        elif way == 3:
            lines[at] = rng.choice(("\t", "    ", " \t ", "\u00a0")) + lines[at]
        elif way == 4:
            lines[at] = lines[at] + rng.choice(("\r", "\\", "(", ")", '"', "#", "'''", ":", "\x0c"))
        else:
            rng.shuffle(lines) if rng.random() < 0.2 else lines.insert(at, rng.choice(WORDS))
    data = rng.choice(("\n", "\n", "\n", "\r\n", "\r")).join(lines).encode("utf-8", "surrogatepass")
    return damaged_bytes(data, rng) if rng.random() < 0.3 else data


def damaged_json(document: Any, rng: random.Random) -> bytes:
    """`document` with nodes of the wrong kind, lost, doubled, renamed, nested without end."""
    document = json.loads(json.dumps(document))
    for _ in range(rng.randint(1, 6)):
        place, key = _node(document, rng)
        way = rng.randrange(6)
        if place is None:
            document = copy.deepcopy(rng.choice(VALUES))
            break
        if way <= 1:
            place[key] = copy.deepcopy(rng.choice(VALUES))
        elif way == 2 and isinstance(place[key], str):
            place[key] = place[key][: rng.randrange(99)] + rng.choice(WORDS) + place[key][:999]
        elif way == 3:
            del place[key]
        elif way == 4 and isinstance(place, list):
            place[key:key] = [place[key]] * rng.randint(1, 30)
        elif way == 5 and isinstance(place, dict):
            name = rng.choice(("cells", "source", "outputs", "cell_type", "data", "text", "output_type", "x"))
            place[name] = copy.deepcopy(place[key])
    text = json.dumps(document, indent=rng.choice((None, 1)))
    for name, raw in _RAW.items():
        text = text.replace(name, raw)
    if rng.random() < 0.2:
        text = text.replace('"source"', '"source": 5, "source"', rng.randint(1, 3))
    data = text.encode()
    return damaged_bytes(data, rng) if rng.random() < 0.25 else data


def _node(document: Any, rng: random.Random) -> tuple[Any, Any]:
    """A container in `document` and a key of it; (None, None) for the whole."""
    place: Any = None
    key: Any = None
    node = document
    while isinstance(node, dict | list) and node and (place is None or rng.random() < 0.75):
        place = node
        key = rng.choice(sorted(node)) if isinstance(node, dict) else rng.randrange(len(node))
        node = node[key]
    return place, key


_YAML = (
    *(
        "a: &a [x, x, x]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\nd: [*c, *c, *c, *c, *c, *c]\n",
        "&x",
        "*x",
        "<<: *x",
    ),
    *(
        "!!python/object/apply:os.system [id]",
        "!!binary aGk=",
        "!!set {a, b}",
        "? [a, b]\n: c",
        "---\n",
        "...\n",
        "%YAML 9\n",
    ),
    *(
        "\t",
        "- - - - -",
        "[" * 500,
        "{" * 500,
        "'",
        '"',
        "|",
        ">-",
        "~",
        ".nan",
        ".inf",
        "0x" + "f" * 999,
        "1_000",
        "0o17",
    ),
    *(
        "2001-01-01",
        "yes",
        "points: -1",
        "points: 1e999",
        "version: 2",
        "version: [1]",
        "id: 2.3",
        "criteria: null",
        "no",
    ),
    *(
        "title: 5",
        "questions: []",
        "model: []",
        "- written: {points: 1, mentions: [[[x]]]}",
        "a: b: c",
        "\u2028",
        "\0",
        "\ud800",
    ),
)


def damaged_rubric(text: str, rng: random.Random) -> bytes:
    """A rubric with aliases, tags, tabs, doubled keys and values of the wrong kind."""
    lines = text.split("\n")
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(lines))
        way = rng.randrange(6)
        if way == 0:
            lines[at] = lines[at][: rng.randrange(len(lines[at]) + 1)] + rng.choice(_YAML)
        elif way == 1:
            head, colon, _ = lines[at].partition(":")
            lines[at] = head + colon + " " + rng.choice(_YAML)
        elif way == 2:
            lines.insert(at, lines[at])
        elif way == 3:
            lines[at] = rng.choice((" ", "\t", "   ")) + lines[at]
        elif way == 4:
            lines[at : at + rng.randint(1, 4)] = []
            lines = lines or [""]
        else:
            lines.insert(at, rng.choice(_YAML))
    data = "\n".join(lines).encode("utf-8", "surrogatepass")
    return damaged_bytes(data, rng) if rng.random() < 0.2 else data


_NAMES = (
    *(
        "lab.ipynb",
        "a/b/lab.py",
        "../../x.py",
        "/tmp/x.py",
        "C:\\x.py",
        "..\\x.py",
        "x" * 300 + ".py",
        "\u202ey.py",
        "a\0b.py",
    ),
    *(
        "__MACOSX/._lab.ipynb",
        ".hidden.py",
        "con.py",
        "a//b.py",
        "./lab.py",
        "lab.ipynb",
        "d/" * 60 + "x.py",
        "n\nl.py",
        "",
    ),
)


def damaged_zip(files: list[bytes], rng: random.Random) -> bytes:
    """An archive of damaged files under odd names, itself damaged now and then."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for _ in range(rng.randint(0, 6)):
            info = zipfile.ZipInfo("lab.ipynb")
            info.filename = rng.choice(_NAMES)
            info.external_attr = rng.choice((0o644, 0o100644, 0o120777, 0o020666, 0o010644, 0o040755)) << 16
            info.compress_type = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2))
            archive.writestr(info, bytes(5_000_000) if rng.random() < 0.1 else rng.choice(files))
    data = buffer.getvalue()
    return damaged_bytes(data, rng) if rng.random() < 0.5 else data


def damaged_members(data: bytes, rng: random.Random) -> bytes:
    """An archive such as a Word document with damage inside one of its members, which is packed again."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as copy_:
        names = archive.namelist()
        hit = rng.choice([*names, "word/document.xml", "word/document.xml"])
        for name in names:
            content = archive.read(name)
            if name == hit:
                content = damaged_xml(content, rng)
            if name != hit or rng.random() < 0.95:
                copy_.writestr(name, content)
    packed = buffer.getvalue()
    return damaged_bytes(packed, rng) if rng.random() < 0.2 else packed


_ENTITIES = b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'><!ENTITY c SYSTEM 'file:///etc/passwd'>]>"


def damaged_xml(data: bytes, rng: random.Random) -> bytes:
    """XML with entities, or elements lost, doubled and nested, or plain damage."""
    way = rng.randrange(4)
    if way == 0:
        head, mark, rest = data.partition(b"?>")
        return head + mark + _ENTITIES + rest.replace(b"</", b"&b;&c;</", 3)
    pieces = data.split(b"<")
    at = rng.randrange(len(pieces))
    if way == 1:
        pieces[at:at] = pieces[at : at + rng.randint(1, 30)] * rng.randint(2, 40)
        return b"<".join(pieces)
    if way == 2:
        del pieces[at : at + rng.randint(1, 5)]
        return b"<".join(pieces)
    return damaged_bytes(data, rng)


_LINES = 70
_CELLS = 6


def _part(base: Any, rng: random.Random) -> Any:
    """A stretch of a script or of a notebook's cells: short ones find the same faults sooner."""
    if isinstance(base, str):
        lines = base.split("\n")
        first = rng.randrange(max(1, len(lines) - _LINES))
        return "\n".join(lines[first : first + _LINES])
    first = rng.randrange(max(1, len(base["cells"]) - _CELLS))
    return {**base, "cells": base["cells"][first : first + _CELLS]}


def case(kind: str, seed: int, seeds: dict[str, list[Any]]) -> bytes:
    """Hand-in number `seed` of its kind: the same at every run."""
    rng = random.Random(f"{kind} {seed}")
    if kind == "notebook":
        return damaged_json(_part(rng.choice(seeds["notebook"]), rng), rng)
    if kind in ("script", "web", "markdown"):
        return damaged_text(_part(rng.choice(seeds[kind]), rng), rng)
    if kind == "word":
        return damaged_members(rng.choice(seeds[kind]), rng)
    if kind == "zip":
        notebook, script = _part(rng.choice(seeds["notebook"]), rng), _part(rng.choice(seeds["script"]), rng)
        parts = [json.dumps(notebook).encode(), damaged_text(script, rng), damaged_json(notebook, rng)]
        return damaged_zip(parts, rng)
    way = damaged_rubric if kind == "rubric" else damaged_bytes
    return way(rng.choice(seeds[kind]), rng)  # type: ignore[operator]
