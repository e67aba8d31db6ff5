"""The examples in docs/extending.md, run as a package that a teacher installed."""

from __future__ import annotations

import base64
import csv
import io
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from report_records import result as made_result

from grader import extensions
from grader.classroom.roster import write_roster
from grader.cli import main
from grader.errors import UserError
from grader.exports.platform import platforms
from grader.facts.filetypes import SUFFIXES
from grader.formats.reader import reader_of, readers
from grader.records import Entry, Member, Points, Result
from grader.reports.files import write_result
from grader.submissions.read import read_submission

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg=="
)


def examples() -> dict[str, str]:
    """File name -> text of the blocks on the page that begin with the name of a file."""
    page = PAGE.read_text(encoding="utf-8")
    return dict(re.findall(r"^```\w+\n# (\S+\.\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))


def forget() -> None:
    readers.cache_clear()
    platforms.cache_clear()


def install(folder: Path, files: dict[str, str], entries: dict[str, dict[str, str]]) -> None:
    """`files` as the package labgrade-ours with these entry points, as pip would leave it."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    info = folder / "labgrade_ours-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: labgrade-ours\nVersion: 1.0\n")
    lines = [f"[{group}]\n" + "".join(f"{name} = {at}\n" for name, at in of.items()) for group, of in entries.items()]
    (info / "entry_points.txt").write_text("\n".join(lines))


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages; what was found before is forgotten, and what is found now is afterwards."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    loaded = set(sys.modules)
    forget()
    yield folder
    for name in set(sys.modules) - loaded:
        if name.startswith("labgrade_"):
            del sys.modules[name]
    forget()


@pytest.fixture
def installed(packages: Path) -> Path:
    """The page's own package."""
    files = examples()
    project = tomllib.loads(files.pop("pyproject.toml"))["project"]
    install(packages, {name: text for name, text in files.items() if name.endswith(".py")}, project["entry-points"])
    return packages


REPORT = r"""\documentclass{article}
\newcommand{\unused}{1}
\begin{document}
\section{1 Training}
We train for \textbf{three} epochs, 95\% of the time. % not for the reader
\begin{lstlisting}[language=Python]
def double(x):
    return 2 * x

print(double(4))
\end{lstlisting}
\begin{verbatim}
8
\end{verbatim}
\subsection{1.1 Figures}
\begin{figure}\centering
\includegraphics[width=3cm]{figures/loss}
\caption{The loss}
\end{figure}
It \emph{falls}.
\end{document}
Left over.
"""


def test_the_reader_reads_a_latex_report(installed: Path, tmp_path: Path) -> None:
    """A hand-in in a format that only a package reads: headings, code, what it printed and a picture become cells."""
    lab = tmp_path / "group1"
    (lab / "figures").mkdir(parents=True)
    (lab / "report.tex").write_text(REPORT)
    (lab / "figures" / "loss.png").write_bytes(PNG)
    submission = read_submission(lab)
    assert submission.files == ("report.tex",)
    text = "\n".join(cell.source for cell in submission.cells if cell.kind == "prose")
    assert text.startswith("# 1 Training\nWe train for three epochs, 95% of the time.")
    assert "## 1.1 Figures" in text
    assert "It falls." in text
    assert not any(word in text for word in ("newcommand", "reader", "Left over", "\\"))
    code = [cell for cell in submission.cells if cell.kind == "code"]
    assert [cell.source for cell in code] == ["def double(x):\n    return 2 * x", "print(double(4))"]
    assert [output.text for output in code[-1].outputs] == ["8"]
    assert all(cell.runs and cell.origin == "listing" for cell in code)
    assert sum(output.image is not None for cell in submission.cells for output in cell.outputs) == 1


def test_without_the_package_the_format_is_not_read(packages: Path, tmp_path: Path) -> None:
    """Without it the same file is refused with what to hand in instead."""
    (tmp_path / "report.tex").write_text(REPORT)
    with pytest.raises(UserError, match=r"hand in a \.docx, a PDF"):
        read_submission(tmp_path / "report.tex")


def test_an_empty_file_is_named_as_such(installed: Path, tmp_path: Path) -> None:
    """The example refuses a source without text in one line."""
    (tmp_path / "report.tex").write_text("\\begin{document}\n\n\\end{document}\n")
    with pytest.raises(UserError, match=r"^report\.tex is empty"):
        read_submission(tmp_path / "report.tex")


SHEET = """\ufeff"Last Name","First Name","Username","Lab 1 [Total Pts: 10 Score] |81","Lab 2 [Total Pts: 20 Score] |82"
"Example","Ada","aex","7",""
"Example","Bo","bex","8","3"
"Beispiel","Cy","cyb","",""
"""
CLASS = (
    Entry(name="group1", path="", members=(Member(name="Ada Example", login="aex"), Member(name="Cy Beispiel"))),
    Entry(name="group2", path="", members=(Member(login="bex"),)),
    Entry(name="group3", path="", members=(Member(name="Di Other"),)),
)


def graded(name: str, awarded: float) -> Result:
    score = Points(points=20, decided=20, awarded=awarded, awaiting=0)
    return made_result().model_copy(update={"submission": name, "score": score, "deductions": ()})


def test_the_export_fills_in_a_sheet(installed: Path, tmp_path: Path) -> None:
    """`labgrade export --to blackboard` is a command as soon as the package is installed."""
    reports = tmp_path / "reports"
    for name, points in (("group1", 17.5), ("group2", 12), ("group3", 9)):
        (reports / name).mkdir(parents=True)
        write_result(graded(name, points), reports / name / "result.json")
    write_roster(reports, CLASS)
    (tmp_path / "sheet.csv").write_text(SHEET, encoding="utf-8")
    words = ["export", str(reports), "--to", "blackboard", "--sheet", str(tmp_path / "sheet.csv")]
    asked = CliRunner().invoke(main, words)
    assert asked.exit_code == 2
    assert "Name the column with --item; sheet.csv has: 'Lab 1', 'Lab 2'." in asked.output
    done = CliRunner().invoke(main, [*words, "--item", "Lab 2"])
    assert done.exit_code == 0, done.output
    written = (reports / "export" / "blackboard.csv").read_text(encoding="utf-8")
    assert list(csv.reader(io.StringIO(written))) == [
        ["Username", "Lab 2 [Total Pts: 20 Score] |82"],
        ["aex", "17.5"],
        ["bex", "12"],
        ["cyb", "17.5"],
    ]
    assert "Di Other (group3)" in done.output


def test_help_names_the_platforms_of_packages(installed: Path) -> None:
    """The choices of `--to` are the platforms that there are."""
    shown = CliRunner().invoke(main, ["export", "--help"]).output
    assert "[blackboard|brightspace|canvas|csv|gradescope|moodle]" in shown


def test_a_package_that_cannot_be_loaded_is_named(packages: Path, tmp_path: Path) -> None:
    """A broken package stops labgrade in one line: left out, it would change what is read, and so grades."""
    install(
        packages, {"labgrade_x.py": "import nowhere_to_be_found\n"}, {"labgrade.formats": {"x": "labgrade_x:READER"}}
    )
    with pytest.raises(
        UserError, match=r"labgrade-ours .*x = labgrade_x:READER.* cannot be loaded: ModuleNotFoundError"
    ):
        readers()


def test_a_package_that_brings_something_else_is_named(packages: Path) -> None:
    """What an entry point leads to has to be what its group stands for."""
    install(packages, {"labgrade_x.py": "READER = 'tex'\n"}, {"labgrade.exports": {"x": "labgrade_x:READER"}})
    with pytest.raises(UserError, match="is no Platform of labgrade but str"):
        platforms()
    words = CliRunner().invoke(main, ["export", "--to", "x"])
    assert words.exit_code == 2
    assert "is no Platform" in words.output


def test_two_readers_of_one_ending(installed: Path) -> None:
    """A package may not take over, unseen, what labgrade reads itself."""
    file = installed / "labgrade_latex.py"
    file.write_text(file.read_text().replace('suffixes=(".tex",)', 'suffixes=(".tex", ".md")'))
    with pytest.raises(UserError, match=r"Two readers claim \.md: markdown and latex"):
        readers()


def test_what_packages_bring_is_part_of_what_a_result_rests_on(installed: Path) -> None:
    """Installing or editing a package changes the fingerprint, so that a batch judges anew."""
    before = extensions.fingerprint()
    assert [(group, name, package, version) for group, name, package, version, _ in before] == [
        ("labgrade.exports", "blackboard", "labgrade-ours", "1.0"),
        ("labgrade.formats", "latex", "labgrade-ours", "1.0"),
    ]
    file = installed / "labgrade_latex.py"
    file.write_text(file.read_text() + "# edited\n")
    assert extensions.fingerprint() != before


def test_readers_that_are_built_in(packages: Path) -> None:
    """Every ending that docs/formats.md names as read has a reader, and every reader is in its table."""
    table = (PAGE.parent / "formats.md").read_text(encoding="utf-8").split("Not read")[0]
    named = set(re.findall(r"`(\.\w+)`", table)) - {".zip"}
    own = {suffix for reader in readers() for suffix in reader.suffixes if suffix.count(".") == 1}
    assert named == own
    assert not own & set(SUFFIXES), "an ending that is read is the reader's own to know"
    assert [reader.name for reader in readers()] == ["notebook", "script", "markdown", "word", "web", "pdf"]
    assert reader_of("Report.IPYNB.txt") is reader_of("report.ipynb")


def test_platforms_that_are_built_in(packages: Path) -> None:
    """The table in docs/class.md says of every platform what it needs and writes, and of no other."""
    text = (PAGE.parent / "class.md").read_text(encoding="utf-8")
    rows = {f"| `{one.name}` | {one.needs} | {one.writes} |".replace("|  |", "| |") for one in platforms().values()}
    table = text.split("| `--to` | needs | writes |\n|---|---|---|\n")[1].split("\n\n")[0]
    assert set(table.splitlines()) == rows
