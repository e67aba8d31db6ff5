from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.errors import UserError
from grader.formats.keras_logs import read_logs
from grader.questions.placing import answer_text, find_passages
from grader.records import Rubric, Submission
from grader.submissions.read import read_submission
from grader.submissions.saved_outputs import record_saved

FEW = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

_names = st.sampled_from(
    ["cells", "cell_type", "source", "outputs", "output_type", "data", "text", "name", "metadata", "image/png", "level"]
)
_words = st.sampled_from(
    ["code", "markdown", "stream", "display_data", "error", "## 2.3 x", "2.1.1", "# 2.4 a", "x = 1"]
)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _words | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=20,
)
_documents = st.fixed_dictionaries({"cells": st.lists(_values, max_size=5)}, optional={"metadata": _values}) | _values
_log_words = st.sampled_from(
    [
        "Epoch 1/2\n",
        "9/9 ",
        "[====]",
        " - 1s",
        " 2ms/step",
        " - loss: 0.1",
        "\r",
        "\b",
        "\n",
        "Layer (type)",
        "│",
        "nan",
    ]
)


def graded(data: bytes, name: str, rubric: Rubric) -> Submission | None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            submission = read_submission(path)
        except UserError:
            return None
    passages = find_passages(submission, rubric)
    for question in rubric.questions:
        assert isinstance(answer_text(submission, passages, question, rubric), str)
    assert record_saved(submission).model_dump_json()
    return submission


@FEW
@given(document=_documents)
def test_random_notebooks(lab: Rubric, document: object) -> None:
    """Whatever stands in a notebook, it is a submission or the user's error."""
    graded(json.dumps(document).encode(), "lab.ipynb", lab)


@FEW
@given(data=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_random_bytes(lab: Rubric, data: bytes) -> None:
    """Random bytes are a submission or the user's error, as notebook and as script."""
    graded(data, "lab.ipynb", lab)
    graded(data, "lab.py", lab)


@FEW
@given(cut=st.integers(0, 600), insert=st.binary(max_size=6))
def test_damaged_notebooks(lab: Rubric, cut: int, insert: bytes) -> None:
    """A notebook that is cut and dirtied anywhere is a submission or the user's error."""
    cells = [
        {"cell_type": "markdown", "source": ["## 2.3 x\n", "text"], "metadata": {}},
        {
            "cell_type": "code",
            "source": "model.fit(x)",
            "outputs": [{"output_type": "stream", "text": ["Epoch 1/1\n"]}],
        },
    ]
    data = json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}, indent=1).encode()
    graded(data[:cut] + insert, "lab.ipynb", lab)
    graded(data[:cut] + insert + data[cut:], "lab.ipynb", lab)


@FEW
@given(
    source=st.lists(_words | st.text(max_size=12) | st.sampled_from(["\n", "(", '"""', "    ", "# %%\n"])).map("".join)
)
def test_random_scripts(lab: Rubric, source: str) -> None:
    """No line of a script gets lost or twice, whatever it is."""
    submission = graded(source.encode("utf-8", "replace"), "lab.py", lab)
    assert submission is None or len(submission.cells) <= source.count("\n") + source.count("\r") + 2


@FEW
@given(text=st.lists(_log_words | st.text(max_size=5), max_size=60).map("".join))
def test_random_logs(text: str) -> None:
    """Any text gives events with consecutive numbers that can be stored."""
    events = read_logs(text, "model.fit(x)", 0, 5)
    assert [event.seq for event in events] == list(range(5, 5 + len(events)))
    assert all(event.model_dump_json() for event in events)


@pytest.mark.parametrize("rounds", [2])
def test_same_input_same_output(lab: Rubric, rounds: int) -> None:
    """Reading twice gives the same."""
    data = json.dumps({"cells": [{"cell_type": "markdown", "source": "## 2.1\nFour layers.\n\n2.4 best 500"}]}).encode()
    submissions = [graded(data, "lab.ipynb", lab) for _ in range(rounds)]
    assert submissions[0] is not None
    assert submissions[0] == submissions[1]
