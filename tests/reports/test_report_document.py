"""Whole reports: what stands in them, what never does, and what happens where no PDF can be made."""

from __future__ import annotations

import builtins
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from report_records import HOSTILE, match, reference, result

from grader.errors import UserError
from grader.records import Match, Outcome, Points, QuestionMatch, Recording, Result
from grader.reports import pages, printing
from grader.reports.files import ReportFiles
from grader.reports.pages import report_html, report_pdf, report_view, write_report
from grader.reports.view import QuestionView

DAY = date(2026, 11, 21)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> ReportFiles:
    """The report of the whole lab, written once."""
    plain = match()
    latin = tuple(
        question.model_copy(update={"answer": question.answer.partition("Второй")[0]}) for question in plain.questions
    )
    folder = tmp_path_factory.mktemp("report") / "group12"
    return write_report(result(), plain.model_copy(update={"questions": latin}), reference(), folder, DAY)


def question(identity: str, result: Result | None = None) -> QuestionView:
    view = report_view(result or globals()["result"](), match(), reference(), DAY)
    return next(one for one in view.questions if one.id == identity)


def pdf_text(path: Path) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(path).pages).split())


def test_three_files_are_written_and_nothing_else(files: ReportFiles) -> None:
    """A report is HTML, PDF and JSON; no temporary file stays behind."""
    assert sorted(path.name for path in files.html.parent.iterdir()) == ["report.html", "report.pdf", "result.json"]
    assert files.note == ""


def test_the_pdf_is_tagged_and_names_language_title_and_date(files: ReportFiles) -> None:
    """The PDF carries structure, language, title and the day of grading, as PDF/UA asks."""
    assert files.pdf
    reader = PdfReader(files.pdf)
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert root["/Lang"] == "en"
    assert reader.metadata
    assert reader.metadata.title == "group12 · Neural networks with Keras and TensorFlow"
    assert b"pdfuaid" in reader.trailer["/Root"]["/Metadata"].get_object().get_data()


def test_the_pdf_has_a_bookmark_for_every_question(files: ReportFiles) -> None:
    """Bookmarks lead to the summary, to each question and to the closing parts."""
    assert files.pdf
    titles = [entry.title for entry in PdfReader(files.pdf).outline if not isinstance(entry, list)]
    assert titles[0] == "Summary"
    assert "2.3 Train the network for 10 epochs and plot both accuracies" in titles
    assert titles[-4:] == ["Observations", "Models found", "Notes", "Environment"]


def test_text_can_be_copied_from_the_pdf(files: ReportFiles) -> None:
    """Names, numbers and status shapes are text, not drawings."""
    assert files.pdf
    text = pdf_text(files.pdf)
    for words in ("13 of 17 points decided", "55,050 parameters, as asked.", "binary_crossentropy", "◐", "1 / 8"):
        assert words in text


def test_every_figure_of_the_pdf_has_an_alternative_text(files: ReportFiles) -> None:
    """No figure in the structure tree is without words."""
    assert files.pdf
    reader = PdfReader(files.pdf)
    elements = [reader.get_object(number) for number in range(1, int(str(reader.trailer["/Size"])))]
    figures = [one for one in elements if isinstance(one, dict) and one.get("/S") == "/Figure"]
    assert len(figures) == 6
    assert all(figure.get("/Alt") for figure in figures)


def test_the_same_report_has_the_same_bytes(files: ReportFiles, tmp_path: Path) -> None:
    """Grading the same work again on the same day gives the same files."""
    assert files.pdf
    plain = match()
    latin = tuple(one.model_copy(update={"answer": one.answer.partition("Второй")[0]}) for one in plain.questions)
    again = write_report(result(), plain.model_copy(update={"questions": latin}), reference(), tmp_path, DAY)
    assert again.pdf
    for one, other in ((files.pdf, again.pdf), (files.html, again.html), (files.result, again.result)):
        assert one.read_bytes() == other.read_bytes()


def test_the_html_needs_no_other_file(files: ReportFiles) -> None:
    """Every address in the HTML is inside it, and the browser is told to fetch nothing."""
    html = files.html.read_text()
    addresses = re.findall(r"""(?:src|href)=["']?([^"'\s>]{1,60})|url\(["']?([^)"']{1,60})""", html)
    assert addresses
    for address in (one or other for one, other in addresses):
        assert address.startswith(("data:", "#"))
    assert "default-src 'none'" in html


def test_hostile_names_appear_literally() -> None:
    """Template marks, tags and direction overrides in a name are shown, not obeyed."""
    html = report_html(report_view(result(HOSTILE), match(HOSTILE), reference(), DAY))
    assert "{{ 7*7 }} &lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script" not in html
    assert html.count("</style>") == 1
    assert "\u202e" not in html


def test_hostile_names_do_not_break_the_pdf(tmp_path: Path) -> None:
    """Scripts of the world, emoji and long words make a PDF."""
    answers = tuple(one.model_copy(update={"answer": HOSTILE + "W" * 3_000}) for one in match().questions)
    pdf = report_pdf(
        report_view(result(HOSTILE), match(HOSTILE).model_copy(update={"questions": answers}), reference(), DAY)
    )
    assert pdf.startswith(b"%PDF-1.7")


def test_the_score_is_never_one_number() -> None:
    """Awarded, decided and awaiting stand side by side, and the bar has three parts."""
    score = report_view(result(), match(), reference(), DAY).score
    assert (score.awarded, score.decided, score.lost, score.awaiting, score.total) == ("13", "17", "4", "4", "21")
    parts = [float(part.rstrip("%")) for part in (score.bar.awarded, score.bar.lost, score.bar.awaiting)]
    assert sum(parts) == pytest.approx(100, abs=0.01)
    assert "1.1, 2.2.4 and 2.4a" in score.sentence


def test_what_a_person_decides_has_room_for_a_mark() -> None:
    """A written answer shows its suggestion as one, and a line for the teacher's mark."""
    (criterion,) = question("1.1").criteria
    assert (criterion.lead, criterion.to_mark, criterion.points) == ("Suggestion", "/ 1", "")
    errored = question("2.4a").criteria[1]
    assert (errored.lead, errored.to_mark) == ("For the teacher", "/ 1")


def test_things_are_shown_once() -> None:
    """A model compared before, and a figure shown before, are pointed to."""
    assert question("2.1.5").model
    later = question("2.3")
    assert later.model is None
    assert "The layers of this model are compared under 2.1.5." in later.remarks
    assert "1 figure of these cells is shown under 2.3." in question("2.4b").remarks


def test_empty_states_are_said() -> None:
    """A question without an answer says so, and so does a report without models or observations."""
    assert "No answer to this question was found" in question("3.2").found
    bare = result().model_copy(update={"models": (), "observations": (), "notes": (), "environment": {}})
    html = report_html(report_view(bare, match(), reference(), DAY))
    assert "No model was found" in html
    assert "agree." in html
    assert 'id="environment"' not in html


def test_a_report_of_an_empty_hand_in_can_be_written(tmp_path: Path) -> None:
    """Nothing found, nothing run, nothing decided: the report is still whole."""
    nothing = Result(
        submission="",
        rubric="dat405",
        effort="full",
        score=Points(points=0, decided=0, awarded=0, awaiting=0),
        questions=(),
        models=(),
    )
    full = match()
    empty = Match(
        rubric=full.rubric,
        submission=full.submission.model_copy(update={"cells": (), "files": ()}),
        saved=Recording(testimony="saved"),
        rerun=Recording(testimony="rerun", outcome=Outcome(status="not run", message="no code was found")),
        questions=(QuestionMatch(question=full.rubric.questions[0]),),
    )
    files = write_report(nothing, empty, reference(), tmp_path, DAY)
    assert files.pdf
    assert "Your code was not run: no code was found." in files.html.read_text()


def test_crashed_cells_and_early_ends_are_said_on_the_cover() -> None:
    """The reader learns at once that the run was not whole."""
    stopped = match().rerun.model_copy(update={"outcome": Outcome(status="timed out", last_cell=19, message="600 s")})
    cover = report_view(result(), match().model_copy(update={"rerun": stopped}), reference(), DAY).warnings
    assert cover[0] == "The run ended early (timed out, in cell 20): 600 s. Everything before that counts."
    assert cover[1] == "Cell 19 stopped with an error; all other cells ran."


def test_without_pango_the_html_is_still_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing system library gives one line with the command, and takes an outdated PDF away."""
    (tmp_path / "report.pdf").write_bytes(b"of an earlier run")
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "weasyprint":
            print("a banner of many lines")
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    files = write_report(result(), match(), reference(), tmp_path, DAY)
    assert files.pdf is None
    assert "install" in files.note
    assert "\n" not in files.note
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "result.json"]


def test_the_install_command_fits_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian's children, Fedora and macOS each get their own command; others all three."""
    monkeypatch.setattr(printing.platform, "system", lambda: "Linux")
    for release, command in (({"ID": "ubuntu", "ID_LIKE": "debian"}, "apt install"), ({"ID": "fedora"}, "dnf install")):
        monkeypatch.setattr(printing.platform, "freedesktop_os_release", lambda release=release: release)
        assert command in printing._install_words()
    monkeypatch.setattr(printing.platform, "freedesktop_os_release", lambda: {"ID": "nixos"})
    assert all(command in printing._install_words() for command in ("apt", "dnf", "brew"))


def test_a_layout_that_fails_costs_only_the_pdf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever WeasyPrint trips over, the group still gets its HTML."""

    def broken(_: object) -> bytes:
        raise AssertionError("layout")

    monkeypatch.setattr(pages, "report_pdf", broken)
    files = write_report(result(), match(), reference(), tmp_path, DAY)
    assert files.pdf is None
    assert "AssertionError" in files.note


def test_an_unwritable_folder_is_the_users_to_mend(tmp_path: Path) -> None:
    """A folder that cannot be made gives one line."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="--out"):
        write_report(result(), match(), reference(), tmp_path / "file" / "group12", DAY)


def test_the_fetcher_opens_no_file_and_no_address() -> None:
    """Only data URIs and the report's own fonts can be fetched."""
    fetcher = printing._fetcher(())
    for url in ("file:///etc/passwd", "http://example.org/", "data:text/html,<b>", "labgrade-font:../../etc/passwd"):
        with pytest.raises((ValueError, StopIteration)):
            fetcher.fetch(url)
    assert fetcher.fetch("data:image/png;base64,aGk=").read() == b"hi"
    assert fetcher.fetch("labgrade-font:mono").read()[:4] == b"\x00\x01\x00\x00"


def test_html_reports_load_neither_weasyprint_nor_pyplot() -> None:
    """Importing the reports is possible where Pango is missing."""
    heavy = {"weasyprint", "matplotlib.pyplot", "tensorflow"}
    code = f"import sys, grader.reports.pages; print({heavy!r} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
