"""Hand-ins that are themselves the attack."""

from __future__ import annotations

import io
import json
import os
import stat
import struct
import zipfile
import zlib
from pathlib import Path

from hostile_attack import HONEST, SECRET, Attack, code, notebook, prose


def _raw(data: bytes, name: str = "hand-in.ipynb"):  # type: ignore[no-untyped-def]
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


def _half_a_gigabyte(folder: Path) -> Path:
    with (folder / "hand-in.ipynb").open("wb") as file:
        file.write(b'{"cells": [{"cell_type": "code", "source": "')
        file.truncate(500 << 20)
    return folder / "hand-in.ipynb"


def _million_cells(folder: Path) -> Path:
    cell = json.dumps({"cell_type": "code", "metadata": {}, "source": "x=1", "outputs": []})
    body = ",".join([cell] * 1_000_000)
    head = '{"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": ['
    (folder / "hand-in.ipynb").write_text(f"{head}{body}]}}")
    return folder / "hand-in.ipynb"


def _honest(folder: Path) -> Path:
    parts = prose("## 1.1"), code(HONEST), prose("## 1.2\nThe network has 7850 parameters.")
    return notebook(folder / "hand-in.ipynb", *parts)


def _links(folder: Path) -> Path:
    _honest(folder)
    outside = folder.parents[1] / "outside"
    (folder / "a.py").symlink_to("/etc/passwd")
    (folder / "b.py").symlink_to(outside / "canary")
    (folder / "c.ipynb").symlink_to(outside / "sibling.ipynb")
    (folder / "sub").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    (folder / "self.py").symlink_to("self.py")
    return folder


def _linked_notebook(folder: Path) -> Path:
    (folder / "hand-in.ipynb").symlink_to(folder.parents[1] / "outside" / "canary")
    return folder


_READS = """
import os
for name in ("marks.csv", "group2.ipynb", "answers.txt", "link.csv", "best.h5", "group7/answers.txt", "id_rsa"):
    try: print(open(name).read())
    except OSError: print("not here", name)
print([os.path.join(place, name) for place, _, names in os.walk(".") for name in names])
"""


def _among_others(folder: Path) -> Path:
    """A flat folder of a class, with other groups' work and the teacher's tables."""
    (folder / "group7").mkdir()
    for name in ("marks.csv", "group2.ipynb", "group7/answers.txt", "best.h5", "id_rsa"):
        (folder / name).write_text(SECRET + name)
    answer = prose("## 1.2\nThe network has 7850 parameters.")
    return notebook(folder / "hand-in.ipynb", prose("## 1.1"), code(HONEST), answer, code(_READS))


def _linked_data(folder: Path) -> Path:
    """A group's own folder, in which its data lead out of it."""
    outside = folder.parents[1] / "outside"
    (folder / "link.csv").symlink_to(outside / "canary")
    (folder / "best.h5").symlink_to(outside / "id_rsa")
    (folder / "group7").symlink_to(outside)
    os.mkfifo(folder / "marks.csv")
    answer = prose("## 1.2\nThe network has 7850 parameters.")
    notebook(folder / "hand-in.ipynb", prose("## 1.1"), code(HONEST), answer, code(_READS))
    return folder


def _pipes(folder: Path) -> Path:
    _honest(folder)
    os.mkfifo(folder / "pipe.py")
    os.mkfifo(folder / "labgrade.yaml")
    return folder


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "hand-in.ipynb")
    return folder / "hand-in.ipynb"


def _names(folder: Path) -> Path:
    place = folder / "<img src=x onerror=alert(1)>{{ 7*7 }}\n\x1b[2J=cmd|'calc'!A1"
    place.mkdir()
    _honest(place)
    (place / "$(touch hostile);`id`\u202e.py").write_text("x = 1")
    (place / os.fsdecode(b"\xff\xfe.py")).write_text("y = 1")
    return place


def _settings(text: str):  # type: ignore[no-untyped-def]
    def make(folder: Path) -> Path:
        _honest(folder)
        (folder / "labgrade.yaml").write_text(text)
        return folder

    return make


def _named(name: str):  # type: ignore[no-untyped-def]
    def make(folder: Path) -> Path:
        _honest(folder).rename(folder / name)
        return folder / name

    return make


_HOSTILE_MODULE = """
import pathlib
try: pathlib.Path("@FOLDER@/imported").write_text("x")
except OSError: pass
raise SystemExit(3)
"""


def _modules(folder: Path) -> Path:
    """Modules of the libraries' names, which only the group's own code could import."""
    _honest(folder)
    outside = folder.parents[1] / "outside"
    for name in ("sitecustomize", "usercustomize", "numpy/__init__", "json", "tensorflow/__init__", "grader/__init__"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / f"{name}.py").write_text(_HOSTILE_MODULE.replace("@FOLDER@", str(outside)))
    (folder / "x.pth").write_text(f"import os; os.system('touch {outside}/imported')")
    (folder / "matplotlibrc").write_text("backend: TkAgg\nfont.size: 1e9")
    return folder


def _formulas(folder: Path) -> Path:
    place = folder / "=cmd|' -C calc'!A1"
    place.mkdir()
    answer = "=HYPERLINK(A1)\n\uff1d1+1 The network has 7850 parameters."
    raising = 'class Odd(Exception): pass\nOdd.__name__ = "=1+1"\nraise Odd("@SUM(1)")'
    cells = prose("## 1.1"), code(HONEST), prose(f"## 1.2\n{answer}"), code(raising)
    notebook(place / "=1+1.ipynb", *cells)
    return place


def _one_and_the_same(folder: Path) -> Path:
    """A zip archive whose nine hundred entries are the same packed bytes."""
    data = bytes(20 << 20)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(data) + packer.flush()
    sizes = struct.pack("<III", zlib.crc32(data), len(packed), len(data))
    local = struct.pack("<IHHHHH", 0x04034B50, 20, 0, 8, 0, 0) + sizes + struct.pack("<HH", 4, 0) + b"a.py" + packed
    central = b""
    for number in range(900):
        name = f"b{number}.csv".encode()
        central += struct.pack("<IHHHHHH", 0x02014B50, 20, 20, 0, 8, 0, 0) + sizes
        central += struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, 0) + name
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 900, 900, len(central), len(local), 0)
    (folder / "hand-in.zip").write_bytes(local + central + end)
    return folder / "hand-in.zip"


_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def _word(folder: Path) -> Path:
    """A Word document with external entities, an entity bomb and relations that lead out."""
    outside = folder.parents[1] / "outside"
    bomb = "".join(f'<!ENTITY {b} "{("&" + a + ";") * 20}">' for a, b in zip("abcde", "bcdef", strict=True))
    entities = f'<!ENTITY x SYSTEM "file://{outside}/canary"><!ENTITY a "{"a" * 999}">{bomb}'
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in ("## 1.2", "7850 parameters", "&x;", "&f;"))
    document = f'<!DOCTYPE d [{entities}]><w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'
    kinds = '<Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType='
    kinds += '"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" '
    kinds += 'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>'
    first = f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/>'
    out = f'<Relationship Id="r9" Type="{_OFFICE}/image" Target="file://{outside}/canary" TargetMode="External"/>'
    with zipfile.ZipFile(folder / "hand-in.docx", "w") as archive:
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{_PACKAGE}/content-types">{kinds}</Types>')
        for name, relations in (("_rels/.rels", first), ("word/_rels/document.xml.rels", out)):
            text = f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}</Relationships>'
            archive.writestr(name, text)
        archive.writestr("word/document.xml", document)
    return folder / "hand-in.docx"


def _deep(folder: Path) -> Path:
    here = folder
    for _ in range(60):
        here = here / ("d" * 20)
        here.mkdir()
    _honest(folder)
    return folder


def _zip(*entries: tuple[str, bytes, int]):  # type: ignore[no-untyped-def]
    def make(folder: Path) -> Path:
        honest = _honest(folder)
        with zipfile.ZipFile(folder / "hand-in.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(honest, "hand-in.ipynb")
            for name, data, mode in entries:
                info = zipfile.ZipInfo(name)
                info.external_attr = mode << 16
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, data)
        honest.unlink()
        return folder / "hand-in.zip"

    return make


def _nested_zip() -> bytes:
    data = bytes(1 << 20)
    for level in range(6):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for n in range(8):
                archive.writestr(f"{level}-{n}.zip", data)
        data = buffer.getvalue()
    return data


_BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)
_FILE = stat.S_IFREG | 0o644
_SYMLINK = stat.S_IFLNK | 0o777
_MAY = {"marks": "any", "refused": True, "ends": ("finished", "killed", "timed out", "out of memory", "crashed")}

INPUTS = (
    Attack("notebook of 500 MB", files=_half_a_gigabyte, **_MAY),  # type: ignore[arg-type]
    Attack("notebook of a million cells", files=_million_cells, **_MAY),  # type: ignore[arg-type]
    Attack("notebook of broken JSON", files=_raw(b'{"cells": [{"cell_type": "code", "sou'), **_MAY),  # type: ignore[arg-type]
    Attack("notebook nested without end", files=_raw(b'{"cells":' + b"[" * 200_000), **_MAY),  # type: ignore[arg-type]
    Attack("numbers without end", files=_raw(b'{"nbformat": ' + b"9" * 100_000 + b', "cells": []}'), **_MAY),  # type: ignore[arg-type]
    Attack("script without a line break", files=_raw(b"x=" + b"(" * 100_000, "a.py"), **_MAY),  # type: ignore[arg-type]
    Attack("script nested without end", files=_raw(b"x=" + b"-" * 300_000 + b"1", "a.py"), **_MAY),  # type: ignore[arg-type]
    Attack("links in the folder", files=_links),
    Attack("a link as the notebook", files=_linked_notebook, **_MAY),  # type: ignore[arg-type]
    Attack("others' files in the same folder", files=_among_others),
    Attack("data files that are links and pipes", files=_linked_data),
    Attack("pipes in the folder", files=_pipes, marks="any", refused=True),
    Attack("a pipe as the notebook", files=_pipe, **_MAY),  # type: ignore[arg-type]
    Attack("names with markup, formulas and line breaks", files=_names, pdf=True),
    Attack("a name of dots", files=_named("...ipynb")),
    Attack("a name that a terminal obeys", files=_named("a\x1b[2J\x1b]0;x\x07 [bold]b.ipynb")),
    Attack("formulas in names and answers", files=_formulas),
    Attack("modules of the libraries' names", files=_modules),
    Attack("Word with entities and relations that lead out", files=_word, **_MAY),  # type: ignore[arg-type]
    Attack("settings that are a bomb", files=_settings(_BOMB), **_MAY),  # type: ignore[arg-type]
    Attack("settings with Python objects", files=_settings("rubric: !!python/object/apply:os.system [id]\n"), **_MAY),  # type: ignore[arg-type]
    Attack("settings that name a path", files=_settings("rubric: ../../../outside\n"), **_MAY),  # type: ignore[arg-type]
    Attack("folders without a bottom in the hand-in", files=_deep),
    Attack(
        "zip slip",
        files=_zip(
            ("../../slipped.py", b"x = 1", _FILE),
            ("/tmp/hostile-slipped.py", b"x = 1", _FILE),
            ("..\\..\\slipped.py", b"x = 1", _FILE),
            ("C:/slipped.py", b"x = 1", _FILE),
        ),
        **_MAY,
    ),  # type: ignore[arg-type]
    Attack(
        "zip with links",
        files=_zip(
            ("link.py", b"/etc/passwd", _SYMLINK),
            ("secret.ipynb", b"../../outside/canary", _SYMLINK),
            ("device", b"", stat.S_IFCHR | 0o666),
        ),
        **_MAY,
    ),  # type: ignore[arg-type]
    Attack("zip bomb", files=_zip(("big.py", bytes(400 << 20), _FILE)), **_MAY),  # type: ignore[arg-type]
    Attack("zip of one file a thousand times", files=_one_and_the_same, **_MAY),  # type: ignore[arg-type]
    Attack("zip bomb of zips", files=_zip(("nested.zip", _nested_zip(), _FILE)), **_MAY),  # type: ignore[arg-type]
    Attack("zip of 100,000 files", files=_zip(*((f"f{n}.py", b"", _FILE) for n in range(100_000))), **_MAY),  # type: ignore[arg-type]
)
