"""Texts of students: cleaned, lightly formatted, escaped."""

from __future__ import annotations

import time

import pytest

from grader.reports.words import LONGEST_ANSWER, line, plain, prose, sentence


def test_control_characters_and_overrides_are_taken_out() -> None:
    """Control characters, terminal colours and direction overrides never reach a page."""
    assert plain("a\x00\x07b\x1b[31mred\x1b[0m\u202egnp.exe\u202c\u200b\ufeff") == "abredgnp.exe"


def test_emoji_and_joined_scripts_keep_their_joiners() -> None:
    """A family emoji and a Persian word keep the joiners that they need."""
    assert plain("👨\u200d👩\u200d👧 می\u200cخواهم") == "👨\u200d👩\u200d👧 می\u200cخواهم"


def test_a_letter_keeps_only_a_few_accents() -> None:
    """Stacked accents cannot grow over the lines above and below."""
    assert len(plain("a" + "\u0301" * 500)) <= 5


def test_surrogates_are_dropped() -> None:
    """A lone surrogate, which no file could be written with, is dropped."""
    assert plain("a\ud800b\uffffc").encode() == b"abc"


def test_a_name_becomes_one_short_line() -> None:
    """Line breaks and length cannot break a heading."""
    assert line("group\n\n  12\t") == "group 12"
    assert len(line("x" * 5_000, 80)) == 80


def test_markup_and_links_of_students_appear_as_text() -> None:
    """Raw HTML is escaped; links and pictures are shown as typed, never fetched."""
    html, _ = prose("<script>alert(1)</script> [a](javascript:x) ![b](http://example.org/b.png) <img src=x onerror=y>")
    assert "<script" not in html
    assert "<img" not in html
    assert "<a" not in html
    assert "[a](javascript:x)" in html


def test_light_markdown_is_rendered_and_paragraphs_stay() -> None:
    """Bold, code and lists are set; a wrapped line goes on, as in a notebook, and paragraphs are kept."""
    html, cut = prose("**bold** `x_1`\nnext\n\n- one\n- two")
    assert "<strong>bold</strong> <code>x_1</code>\nnext</p>" in html
    assert html.count("<li>") == 2
    assert not cut


def test_formulas_stay_as_they_were_typed() -> None:
    """LaTeX is not read as emphasis, and its backslashes survive."""
    html, _ = prose("$L = -\\sum_i y_i * log(p_i) * w$ and\n\n$$\na_1 \\\\\n- b\n$$")
    assert "$L = -\\sum_i y_i * log(p_i) * w$" in html
    assert "- b" in html
    assert "<em>" not in html
    assert "<li>" not in html


def test_pictures_pasted_into_text_are_not_printed_as_letters() -> None:
    """A picture embedded in a Markdown cell does not fill pages with base64."""
    html, _ = prose(f"before ![p](data:image/png;base64,{'A' * 50_000}) after")
    assert "after" in html
    assert len(html) < 200


def test_a_very_long_answer_is_cut_and_says_so() -> None:
    """Beyond the limit an answer is cut, and the cut is reported."""
    html, cut = prose("word " * LONGEST_ANSWER)
    assert cut
    assert len(html) < LONGEST_ANSWER + 200


@pytest.mark.parametrize(
    "pattern", ["*a ", "`", "[", "$", "> ", "- ", "**a", "|a", "|a|b|\n|-|-|\n", "_*", "$$\n", "![", "<"]
)
def test_no_text_takes_long_to_read(pattern: str) -> None:
    """Repeated markers are read in time that grows with their number alone."""
    start = time.process_time()
    prose(pattern * LONGEST_ANSWER)
    assert time.process_time() - start < 2


def test_names_between_backticks_are_code_and_everything_is_escaped() -> None:
    """A sentence of labgrade's that quotes a student stays harmless."""
    assert sentence("a `b<c>` d") == "a <code>b&lt;c&gt;</code> d"
    assert sentence("odd ` <tick>") == "odd ` &lt;tick&gt;"


def test_words_are_set_off_and_escaped() -> None:
    """Words that name a concept stand between mark tags, whole words alone, and nothing else becomes markup."""
    html, _ = prose("A *softmax* and softmaxes; <b>soft-max</b> & one < two", ["softmax", "soft-max", "<b>", "two"])
    assert str(html).count("<mark>softmax</mark>") == 1
    assert "softmaxes" in html
    assert "&lt;b&gt;<mark>soft-max</mark>&lt;/b&gt; &amp; one &lt; <mark>two</mark>" in html
    assert "<b>" not in html


def test_marked_words_of_a_student_cannot_break_out() -> None:
    """What is set off comes from the student's text too: it is escaped, and cannot be a pattern."""
    html, _ = prose('x <script>alert(1)</script> (a+)+$ "', ["<script>", "(a+)+$", "script", '"'])
    assert "<script" not in html
    assert "&lt;<mark>script</mark>&gt;alert" in html
