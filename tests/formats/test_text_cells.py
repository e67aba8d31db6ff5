"""What stands in a text cell and is not the group's, and pictures that are not there."""

from __future__ import annotations

import pytest

from grader.formats.text_cells import with_missing_pictures, without_footers


@pytest.mark.parametrize(
    "footer",
    [
        "<a style='color:grey' href='https://deepnote.com?utm_source=cell&projectId=1' target=\"_blank\">\n"
        "<img alt='mark' src='data:image/svg+xml;base64,AAAA'> </img>\nCreated in <span>Deepnote</span></a>",
        '<a href="https://colab.research.google.com/github/a/b.ipynb" target="_parent">'
        '<img src="https://colab.research.google.com/assets/badge.svg" alt="Open"/></a>',
        "[![Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh/a/b/main)",
        "<a href='https://datalore.jetbrains.com/x'>Made with Datalore</a>",
    ],
)
def test_a_footer_is_no_answer(footer: str) -> None:
    """Badges and footers of hosts are left out, and nothing else."""
    assert without_footers(footer).strip() == ""
    assert without_footers(f"Our answer.\n\n{footer}").strip() == "Our answer."


@pytest.mark.parametrize(
    "text",
    [
        "We worked on [Colab](https://colab.research.google.com) with a GPU.",
        "<a href='https://colab.research.google.com/notebooks/x'>this tutorial</a> explains it.",
        "Created in Deepnote, and run twice.",
        "<a href='https://example.org'><img src='x.png'/></a>",
        "See https://www.kaggle.com/kernels for others.",
        "![curve](attachment:curve.png)",
    ],
)
def test_a_groups_own_links_stay(text: str) -> None:
    """What a group says of where it worked, and what it links, is its own."""
    assert without_footers(text) == text


def test_a_picture_that_is_not_there_is_named() -> None:
    """A person sees that a picture was meant, and which."""
    source = "![a](attachment:a.png) ![b](attachment:b.png) <img src='plots/c.png?raw=true' width=300/>"
    assert with_missing_pictures(source, {"a.png"}) == "![a](attachment:a.png) (picture: b.png) (picture: c.png)"


@pytest.mark.parametrize(
    "source", ["![a](attachment:a.png)", "![x](data:image/png;base64,AAAA)", "x![0] = 3", "wow! [a](b.png)", "<image>"]
)
def test_other_text_stays_as_it_is(source: str) -> None:
    """Pictures that are there, and what is none."""
    assert with_missing_pictures(source, {"a.png"}) == source
