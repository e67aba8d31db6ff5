from __future__ import annotations

import pytest

from grader.formats.text import screen_text, shorten


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("10%\r50%\r100%\n", "100%\n"),
        ("abcdef\rXY", "XYcdef"),
        ("abc\b\bX", "aXc"),
        ("a\r\nb", "a\nb"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("12 \x1b[32m━━\x1b[0m 1s", "12 ━━ 1s"),
        ("old text\r\x1b[Knew", "new"),
        ("old text\x1b[2K\rnew", "new"),
        ("\b\b\bx", "x"),
        ("\x1b]0;title\x07x", "x"),
    ],
)
def test_screen(printed: str, shown: str) -> None:
    """Carriage returns, backspaces and escapes are played out as a terminal does."""
    assert screen_text(printed) == shown


def test_screen_of_the_screen() -> None:
    """Applying it twice changes nothing."""
    once = screen_text(" 1/9 [>...]\r 9/9 [===]  \r\nnext\b\b\x1b[1mbold\x1b[0m")
    assert screen_text(once) == once


def test_shortened_says_so() -> None:
    """A shortened text keeps both ends and says how much is gone."""
    text = shorten("a" * 1000 + "z" * 1000, 300)
    assert text.startswith("aaa")
    assert text.endswith("zzz")
    assert "1700 characters left out" in text
