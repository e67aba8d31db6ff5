"""Rosters: folders, bulk downloads of three learning platforms, and lists."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from grader.classroom.roster import Roster, read_roster
from grader.classroom.sheets import read_time, safe_name, unique_names
from grader.errors import UserError


def put(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"# {name}\n")
    return root


def zipped(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder).as_posix())
    return target


def files(roster: Roster, name: str) -> list[str]:
    path = Path(next(entry.path for entry in roster.entries if entry.name == name))
    return sorted(item.relative_to(path).as_posix() for item in path.rglob("*") if item.is_file())


CANVAS = (
    "doejane_LATE_10345_998877_lab2.ipynb",
    "doejane_LATE_10345_998878_helper_functions.py",
    "fordpriscilla_10346_998879_my_lab_2.ipynb",
    "group 7_10347_998880_lab.py",
)


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_canvas_download_is_one_entry_per_user(tmp_path: Path, form: str) -> None:
    """Files of one user come together under their own names, and LATE is noted."""
    source = put(tmp_path / "submissions", *CANVAS)
    if form == "zip":
        source = zipped(source, tmp_path / "submissions.zip")
    roster = read_roster(source, tmp_path / "staging")
    assert [entry.name for entry in roster.entries] == ["doejane 10345", "fordpriscilla 10346", "group 7 10347"]
    assert [entry.late for entry in roster.entries] == [True, False, False]
    assert [entry.members[0].id for entry in roster.entries] == ["10345", "10346", "10347"]
    assert files(roster, "doejane 10345") == ["helper_functions.py", "lab2.ipynb"]
    assert files(roster, "fordpriscilla 10346") == ["my_lab_2.ipynb"]


def test_ordinary_file_names_are_not_taken_for_canvas(tmp_path: Path) -> None:
    """`anna_2026_11_final.py` of several people is not one user with the number 2026."""
    source = put(tmp_path / "in", "anna_2026_11_final.py", "bo_2026_11_final.py", "carl_2026_11_lab.ipynb")
    roster = read_roster(source, tmp_path / "staging")
    assert [entry.name for entry in roster.entries] == ["anna_2026_11_final", "bo_2026_11_final", "carl_2026_11_lab"]
    assert {entry.source for entry in roster.entries} == {"folder"}


@pytest.mark.parametrize("tail", ["", "_"])
def test_moodle_download_names_participants(tmp_path: Path, tail: str) -> None:
    """Folders bear the participant's name and number; text typed online belongs to the same participant."""
    source = put(
        tmp_path / "in",
        f"Ada Beispiel_4711_assignsubmission_file{tail}/lab.ipynb",
        f"Ada Beispiel_4711_assignsubmission_onlinetext{tail}/onlinetext.html",
        f"O'Neil, Bo_4712_assignsubmission_file{tail}/a/b.py",
    )
    roster = read_roster(zipped(source, tmp_path / "x.zip"), tmp_path / "staging")
    assert [entry.name for entry in roster.entries] == ["Ada Beispiel 4711", "O'Neil, Bo 4712"]
    assert files(roster, "Ada Beispiel 4711") == ["lab.ipynb", "onlinetext.html"]
    assert roster.entries[1].members[0].name == "O'Neil, Bo"


def test_brightspace_download_counts_the_last_upload(tmp_path: Path) -> None:
    """Every upload is a folder with its time: the last one counts, and the report says so."""
    source = put(
        tmp_path / "in",
        "101-7 - Ada Example - Mar 1, 2026 1159 PM/lab.ipynb",
        "101-7 - Ada Example - Mar 2, 2026 905 AM/lab.ipynb",
        "102-7 - Bo-Lee Example - 3 March, 2026 1405/lab.py",
        "index.html",
    )
    roster = read_roster(source, tmp_path / "staging")
    assert [entry.name for entry in roster.entries] == ["Ada Example 101-7", "Bo-Lee Example 102-7"]
    assert [entry.submitted and entry.submitted.isoformat() for entry in roster.entries] == [
        "2026-03-02T09:05:00",
        "2026-03-03T14:05:00",
    ]
    assert "1 earlier upload" in roster.entries[0].notes[0]
    assert "905 AM" in roster.entries[0].path


def test_folder_holds_folders_files_and_zips(tmp_path: Path) -> None:
    """Sub-folders, loose files (one stem is one submission) and zips are submissions; others are named as left out."""
    source = put(tmp_path / "in", "group2/lab.py", "group10/lab.py", "solo.ipynb", "solo.pdf", "notes.txt", "README.md")
    put(tmp_path / "z", "deep/lab.ipynb")
    zipped(tmp_path / "z", source / "packed.zip")
    (source / "broken.zip").write_bytes(b"PK nothing")
    roster = read_roster(source, tmp_path / "staging")
    assert [entry.name for entry in roster.entries] == ["broken", "group2", "group10", "packed", "solo"]
    assert roster.ignored == ("notes.txt", "README.md")
    assert files(roster, "solo") == ["solo.ipynb", "solo.pdf"]
    assert Path(roster.entries[3].path).name == "packed.zip"


def test_csv_lists_teams_and_times(tmp_path: Path) -> None:
    """A list from a spreadsheet: semicolons, a BOM, several students of one team, one who handed in nothing."""
    put(tmp_path, "a/lab.py", "b.py")
    text = (
        "\ufeffSubmission;Team;Name;ID;Submitted\r\na;group1;Ada;1;2026-03-01 10:00\r\n"
        "a;group1;Bo;2;\r\nb.py;;Cy;3;\r\n;;Di;4;\r\n"
    )
    (tmp_path / "class.csv").write_text(text, encoding="utf-8")
    roster = read_roster(tmp_path / "class.csv", tmp_path / "staging")
    assert [(entry.name, len(entry.members), bool(entry.problem)) for entry in roster.entries] == [
        ("group1", 2, False),
        ("b", 1, False),
        ("Di", 1, True),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [("name\nAda\n", "submission"), ("submission,submitted\na,yesterday\n", "list.csv:2"), ("submission\n", "no row")],
)
def test_wrong_list_is_named_by_line(tmp_path: Path, text: str, says: str) -> None:
    """A list that cannot be used says which line and why."""
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(UserError, match=says):
        read_roster(tmp_path / "list.csv", tmp_path / "staging")


def test_hostile_zip_stays_inside(tmp_path: Path) -> None:
    """Names that leave the folder, absolute names and links are not unpacked."""
    archive = tmp_path / "evil.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("../outside.py", "x = 1")
        opened.writestr("/tmp/absolute.py", "x = 1")
        link = zipfile.ZipInfo("group1/link.py")
        link.external_attr = 0o120777 << 16
        opened.writestr(link, "/etc/passwd")
        opened.writestr("group1/lab.py", "x = 1")
    roster = read_roster(archive, tmp_path / "staging")
    assert files(roster, "group1") == ["lab.py"]
    assert not (tmp_path / "outside.py").exists()


def test_a_bomb_costs_no_other_group_its_grade(tmp_path: Path) -> None:
    """Of a file packed to a thousandth there is the name alone; a name too long for a disk keeps beginning and end."""
    archive = tmp_path / "bomb.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("group1/zeros.py", bytes(40_000_000))
        opened.writestr("group2/" + "n" * 300 + ".ipynb", "{}")
        opened.writestr("group3/lab.py", "x = 1")
    roster = read_roster(archive, tmp_path / "staging")
    assert [files(roster, f"group{number}") for number in (1, 2, 3)] == [
        ["zeros.py"],
        ["n" * 234 + ".ipynb"],
        ["lab.py"],
    ]
    place = Path(next(entry.path for entry in roster.entries if entry.name == "group1"))
    assert (place / "zeros.py").stat().st_size == 0


def test_names_are_safe_folders() -> None:
    """Whatever a student is called, the report's folder is one plain folder, and no two are alike."""
    hostile = [
        "../../etc",
        ".labgrade",
        "a/b",
        "CON",
        "x" * 500,
        "gradebook.csv",
        "\u202egpj.exe",
        "",
        "=cmd",
        "Åsa",
        "A\u030asa",
    ]
    names = unique_names(hostile)
    assert len({name.casefold() for name in names}) == len(hostile)
    for name in names:
        assert name == safe_name(name)
        assert "/" not in name
        assert not name.startswith(".")
        assert name != "gradebook.csv"
        assert 0 < len(name.encode()) <= 170


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-03-01 23:59", "2026-03-01T23:59:00"),
        ("Monday, 2 March 2026, 11:59 PM", "2026-03-02T23:59:00"),
        ("Mar 1, 2026 1159 PM", "2026-03-01T23:59:00"),
        ("01.03.2026 08:05", "2026-03-01T08:05:00"),
    ],
)
def test_times_of_platforms_are_read(text: str, iso: str) -> None:
    """Each platform writes times in its own way."""
    found = read_time(text)
    assert found is not None
    assert found.isoformat() == iso


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("work\\g1\\lab.ipynb", "work/g1/lab.ipynb"),
        (".\\work\\g1", "work/g1"),
        ("C:\\Users\\me\\class\\work\\g1\\lab.ipynb", "work/g1/lab.ipynb"),
        ("\\\\server\\share\\work\\g1", "work/g1"),
        ("work/g1/lab.ipynb", "work/g1/lab.ipynb"),
        ("odd\\name.py", "odd\\name.py"),
        ("C:\\elsewhere\\loose.py", None),
        ("C:\\x\\..\\work\\g1", None),
        ("work\\g9\\lab.ipynb", None),
        ("c:notes.py", None),
    ],
)
def test_lists_of_windows(tmp_path: Path, written: str, found: str | None) -> None:
    """Backslashes part folders, and a path of another machine is found by its end, never by a bare file's name."""
    put(tmp_path, "work/g1/lab.ipynb", "loose.py", "odd\\name.py")
    (tmp_path / "class.csv").write_text(f"submission,name\n{written},Ada\n")
    entry = read_roster(tmp_path / "class.csv", tmp_path / "staging").entries[0]
    assert bool(entry.problem) == (found is None)
    if found is not None:
        assert Path(entry.path) == tmp_path / found


def test_links_in_a_list(tmp_path: Path) -> None:
    """A link is said to be one, with what to do; two of them, or two who handed in nothing, are not one group."""
    text = "submission,name\nhttps://colab.example/drive/1?x=y,Ada\nwww.example.org/lab.ipynb,Bo\n,Cy\n,Di\n"
    (tmp_path / "class.csv").write_text(text)
    entries = read_roster(tmp_path / "class.csv", tmp_path / "staging").entries
    assert [entry.name for entry in entries] == ["Ada", "Bo", "Cy", "Di"]
    assert ["is a link" in entry.problem for entry in entries] == [True, True, False, False]
