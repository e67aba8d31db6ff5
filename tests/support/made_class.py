"""A class made from the project's sample submissions, with the variations that real classes have.

By hand, to try `labgrade batch` on 60 submissions:

    python tests/classes/made_class.py FOLDER [--number 60] [--form folder|canvas|moodle|brightspace] [--zip]
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "submissions"
BROKEN = ("empty", "half a notebook", "not a zip", "only a picture", "broken archive")
_BASES = ("group12", "group03", "broken")
_FIRST = ("Ada", "Bo", "Cy", "Di", "Ed", "Flo", "Gus", "Ida", "Jon", "Kim")
_SPECIAL = {
    2: "Bo O'Neil-Müller",
    3: "Sam Twin",
    5: "小明 王",
    7: "Flo van_der Berg",
    11: "Di =HYPERLINK(1)",
    13: "Jon -Dash",
    17: "Sam Twin",
}
_LAST = ("Example", "Beispiel", "Exempel", "Muster", "Prova", "Näyte")

_HOSTILE = """
import os, signal, socket, subprocess
for attempt in (lambda: open("/etc/shadow").read(), lambda: socket.create_connection(("127.0.0.1", 22)),
                lambda: subprocess.run(["id"], check=True), lambda: os.kill(os.getppid(), signal.SIGKILL)):
    try:
        attempt()
        print("it worked")
    except BaseException as error:
        print(type(error).__name__)
import numpy
numpy.allclose = lambda *_, **__: True
os._exit(0)
"""


def made_class(folder: Path, number: int = 60, seed: int = 1) -> list[str]:
    """Write `number` submissions below `folder`, one hostile and five broken among them (fewer in a small class).

    Each is a sample with another learning rate for its first model, other words, a failing cell at its end, another
    name. The same arguments make the same files. Returns their names.
    """
    dice = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    broken = BROKEN[: max(1, min(5, number // 4))]
    names = [f"group{at:02d}" for at in range(1, number - len(broken))]
    for at, name in enumerate(names):
        _varied(folder / name, _BASES[0 if at % 3 else at // 3 % 3], at, dice)
    _hostile(folder / "hostile")
    for kind in broken:
        _broken(folder / kind, kind)
    return [*names, "hostile", *broken]


def _varied(folder: Path, base: str, at: int, dice: random.Random) -> None:
    source = next(path for path in sorted((SAMPLES / base).iterdir()) if path.suffix in (".ipynb", ".py"))
    folder.mkdir()
    text = source.read_text(encoding="utf-8")
    if source.suffix == ".py":
        (folder / source.name).write_text(f"{text}\n# handed in by group {at}\n", encoding="utf-8")
        return
    notebook = json.loads(text)
    rate = ("0.1", "0.1", "0.1", "0.05", "0.2")[at % 5]
    varied = 0
    for cell in notebook["cells"]:
        lines = "".join(cell["source"])
        if cell["cell_type"] == "code":
            if not varied:
                lines, varied = re.subn(r"\b(lr|learning_rate)=0\.1\b", rf"\1={rate}", lines, count=1)
        elif dice.random() < 0.3:
            lines += f"\n\nWe are group {at} and we think so, too."
        cell["source"] = lines
    if at % 7 == 3:
        notebook["cells"].append({"cell_type": "code", "metadata": {}, "source": "undefined_name", "outputs": []})
    (folder / "lab.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


def _hostile(folder: Path) -> None:
    """A hand-in like the others up to its middle; there it attacks, and ends the process."""
    folder.mkdir()
    notebook = json.loads((SAMPLES / "group12" / "group12.ipynb").read_text(encoding="utf-8"))
    attack = {"cell_type": "code", "metadata": {}, "source": _HOSTILE, "outputs": [], "execution_count": None}
    notebook["cells"].insert(len(notebook["cells"]) // 2, attack)
    (folder / "lab.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


def _broken(folder: Path, kind: str) -> None:
    folder.mkdir()
    if kind == "half a notebook":
        (folder / "lab.ipynb").write_text((SAMPLES / "group12" / "group12.ipynb").read_text()[:900], encoding="utf-8")
    elif kind == "not a zip":
        (folder / "lab.zip").write_bytes(b"this is no archive")
    elif kind == "only a picture":
        (folder / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    elif kind == "broken archive":
        with zipfile.ZipFile(folder / "lab.zip", "w") as archive:
            archive.write(SAMPLES / "group12" / "group12.ipynb", "lab.ipynb")
        data = (folder / "lab.zip").read_bytes()
        (folder / "lab.zip").write_bytes(data[: len(data) // 2])


def member_name(at: int) -> str:
    """An invented name; 3 and 17 bear the same one."""
    return _SPECIAL.get(at) or f"{_FIRST[at % len(_FIRST)]} {_LAST[at // len(_FIRST) % len(_LAST)]}"


def user_number(at: int) -> int:
    """The platform's number of a student."""
    return 20_000 + at


def as_download(folder: Path, target: Path, form: str) -> Path:
    """The submissions of `folder` under the names that an LMS gives them, below `target`; the folder made."""
    target.mkdir(parents=True, exist_ok=True)
    for at, place in enumerate(sorted(folder.iterdir())):
        files = sorted(path for path in place.iterdir() if path.is_file())
        name, user = member_name(at), user_number(at)
        if form == "canvas":
            late = "_LATE" if at % 9 == 4 else ""
            for number, file in enumerate(files):
                stem = re.sub(r"\W", "", "".join(reversed(name.lower().split(" ", 1))))
                shutil.copy(file, target / f"{stem}{late}_{user}_{900_000 + 10 * at + number}_{file.name}")
            continue
        label = f"{name.replace('_', ' ')}_{user}_assignsubmission_file"
        if form == "brightspace":
            label = f"{user}-77 - {name} - Mar {1 + at % 3}, 2026 {at % 12 + 1}{at % 60:02d} PM"
        shutil.copytree(place, target / label)
    return target


def platform_sheet(number: int, form: str) -> str:
    """What the platform would export for a class of `number` students of whom the last one handed in nothing."""
    rows = {
        "canvas": ["Student,ID,SIS User ID,SIS Login ID,Section,Lab 2 (4242),Current Score", ",,,,,Manual Posting,"],
        "moodle": [
            "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
            "Last modified (submission),Last modified (grade),Feedback comments"
        ],
        "brightspace": [
            "OrgDefinedId,Username,Last Name,First Name,Lab 2 Points Grade <Numeric MaxPoints:20 Weight:5>,"
            "End-of-Line Indicator"
        ],
    }[form]
    if form == "canvas":
        rows.append("    Points Possible,,,,,20.00,(read only)")
    for at in range(number + 1):
        user = user_number(at)
        first, last = member_name(at).split(" ", 1)
        rows.append(
            {
                "canvas": f'"{last}, {first}",{user},s{at},login{at},Lecture 1,,',
                "moodle": f'Participant {user},"{first} {last}",u{at}@example.org,Submitted,,20.00,Yes,-,-,',
                "brightspace": f'#{7_000 + at},#login{at},"{last}",{first},,#',
            }[form]
        )
    return "\r\n".join(rows) + "\r\n"


def zipped(folder: Path) -> Path:
    """`folder` as a zip beside it."""
    return Path(shutil.make_archive(str(folder), "zip", folder))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--number", type=int, default=60)
    parser.add_argument("--form", choices=["folder", "canvas", "moodle", "brightspace"], default="folder")
    parser.add_argument("--zip", action="store_true")
    chosen = parser.parse_args()
    place = chosen.folder
    made_class(place, chosen.number)
    if chosen.form != "folder":
        place = as_download(place, place.with_name(f"{place.name}-{chosen.form}"), chosen.form)
    print(zipped(place) if chosen.zip else place)


if __name__ == "__main__":
    main()
