from __future__ import annotations

import pytest

from grader.formats.listings import parts, strip_prompts


def kinds(text: str) -> list[tuple[str, str]]:
    return [(kind, body.strip("\n")) for kind, body in parts(text)]


def test_code_with_its_log() -> None:
    """Code and the log below it are told apart."""
    code = "history = model.fit(\n    x_train,\n    epochs=3,\n)"
    log = "Epoch 1/3\n375/375 [====] - 1s 2ms/step - loss: 0.28 - accuracy: 0.92\n237\nEpoch 3/3"
    assert kinds(f"{code}\n{log}") == [("code", code), ("output", log)]


@pytest.mark.parametrize(
    "shown",
    [
        "(4, 4, 2)",
        "array([[[ 4.,  6.],\n        [ 4., 11.]]])",
        "[[[-1.  1.]\n  [-1.  1.]]]",
        "[0.0837, 0.9746]",
        "Test accuracy: 0.9746",
        "<keras.callbacks.History at 0x7f>",
    ],
)
def test_values_are_printed(shown: str) -> None:
    """A value by itself below code is what was printed, though it may be Python."""
    assert kinds(f"y = f(x)\ny\n\n{shown}") == [("code", "y = f(x)\ny"), ("output", shown)]


def test_literals_within_code() -> None:
    """Numbers within brackets of code belong to it."""
    code = "x = np.array([\n    [1, 2],\n    [3, 4],\n])\nprint(x)"
    assert kinds(code) == [("code", code)]


def test_text_in_the_type_of_code() -> None:
    """Running text that happens to be set like code stays text."""
    assert kinds("This is only some text, set in another type.") == [
        ("prose", "This is only some text, set in another type.")
    ]


def test_prompts_of_a_session() -> None:
    """Prompts of an interactive session are taken off; what is no session stays as it is."""
    assert strip_prompts(">>> x = 1\n>>> x\n1") == "x = 1\nx\n1"
    assert strip_prompts("In [3]: x = 1\n   ...: y = 2") == "x = 1\ny = 2"
    assert strip_prompts("x[1:2]\ny\nz") == "x[1:2]\ny\nz"
