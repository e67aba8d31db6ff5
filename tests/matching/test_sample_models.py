"""The models of a real hand-in, as its truth file lists them, find their places."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fictional_recordings import Stage, arguments, conv, dense, flatten, passages, pool, submission
from test_match_submission import lab

from grader.matching import match_submission
from grader.records import Layer, Recording

TRUTH = Path(__file__).parents[2] / "../shared/samples/group12-dat405/truth.json"
EXPECTED = {
    "given_mlp": "m0",
    "small_mlp": "m21",
    "deep_mlp": "m24",
    "decayed_mlp": "msweep",
    "conv_net": "mc",
}
pytestmark = pytest.mark.skipif(not TRUTH.is_file(), reason="the sample is not at hand")


def layer(described: dict[str, Any], decay: float | None) -> Layer:
    """One layer of the truth file."""
    given = described["args"]
    if described["type"] == "Dense":
        return dense(given["units"], given["activation"], l2=decay)
    if described["type"] == "Conv2D":
        return conv(given["filters"])
    return flatten() if described["type"] == "Flatten" else pool()


def recorded(truth: dict[str, Any]) -> tuple[Stage, dict[str, set[str]]]:
    """The rerun that the truth file describes, and the identities of each of its models."""
    stage, identities = Stage(), {}
    epochs = {run["model"]: (run["epochs_requested"], run["batch_size"], run["cell"]) for run in truth["runs"]}
    for model in truth["models"]:
        given = arguments(model["loss"], "SGD", model["optimizer"]["effective_learning_rate"])
        ran, batch, cell = epochs[model["id"]]
        for number in range(model.get("count", 1)):
            decays = [1e-6 * (1 + number // 3), None, None, None] if model.get("in_loop") else [None] * 9
            layers = [layer(each, decays.pop(0) if each["type"] == "Dense" else None) for each in model["layers"]]
            built = stage.build(model["cells"][0], layers)
            stage.compile(model["cells"][-1], built, given)
            stage.fit(cell, built, epochs=ran, batch=batch)
            identities.setdefault(model["id"], set()).add(built)
    return stage, identities


@pytest.mark.parametrize("placed", [True, False])
def test_the_samples_models(placed: bool) -> None:
    """Every model of the sample is matched, with its ids in the text and without any."""
    truth = json.loads(TRUTH.read_text(encoding="utf-8"))
    stage, identities = recorded(truth)
    rubric, reference = lab()
    work = submission(31)
    cells = {"2.1.5": [11, 12], "2.3": [15, 16, 17, 18], "2.4": list(range(19, 27)), "3.1": [28, 29]}
    match = match_submission(
        work,
        rubric,
        passages(work, cells) if placed else (),
        {},
        Recording(testimony="saved"),
        stage.recording(),
        reference,
    )
    found = {model.reference: set(model.models) for model in match.models}
    assert found == {name: identities[identity] for name, identity in EXPECTED.items()}
