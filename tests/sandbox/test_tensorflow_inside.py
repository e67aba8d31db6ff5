"""What students' programs need works inside: TensorFlow, Matplotlib, IPython, pandas and shell commands."""

from __future__ import annotations

import pytest
from sandbox_helpers import HERE, Sandbox, quick_server

from grader.errors import SandboxUnavailableError
from grader.sandbox.environment import PRELOAD

LAB = """
import io, os, subprocess
import keras, numpy as np, pandas as pd, matplotlib.pyplot as plt
from IPython.core.interactiveshell import InteractiveShell
x, y = np.random.rand(64, 6, 6, 1).astype("float32"), np.random.randint(0, 3, 64)
model = keras.Sequential([keras.layers.Conv2D(2, 3), keras.layers.Flatten(), keras.layers.Dense(3, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x, y, epochs=2, batch_size=16, validation_split=0.25, verbose=2)
model.save("model.keras")
again = keras.models.load_model("model.keras").predict(x, verbose=0)
plt.plot(history.history["loss"], label="loss")
plt.title("Täby"); plt.legend()
svg = io.BytesIO(); plt.savefig(svg, format="svg")
shell = InteractiveShell.instance()
done = shell.run_cell("%time table = 0\\ntable = 1\\nimport asyncio\\nawait asyncio.sleep(0)\\ntable")
try:
    listed = subprocess.run(["ls", "/"], capture_output=True, text=True).stdout.split()
    shell.run_cell("!echo from-shell")
except OSError as error:
    listed = str(error)
pd.DataFrame({"a": [1, 2]}).to_csv("table.csv")
refused = []
for path in FORBIDDEN:
    try:
        open(path).read(1)
    except OSError:
        refused.append(os.path.basename(path))
answer = [history.history["loss"], list(again.shape), svg.getvalue()[:40].decode(), done.success, listed,
          sorted(name for name in os.listdir() if not name.startswith(".")),
          len(os.listdir("/proc/self/task")), refused]
"""


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("provider", ["namespaces", "landlock"])
def test_a_lab_runs_inside(provider, tmp_path):
    """A model is fitted, saved and loaded, a figure drawn, a table written and a command run, twice."""
    canary = tmp_path / "canary"
    canary.write_text("private")
    forbidden = [str(HERE.parents[1] / "README.md"), str(canary)]
    with quick_server(provider, preload=PRELOAD) as server:
        try:
            sandbox = Sandbox(server)
        except SandboxUnavailableError as error:
            pytest.skip(str(error))
        for _ in range(2):
            answer, outcome, output = sandbox.run(
                f"FORBIDDEN = {forbidden!r}\n{LAB}", wall_seconds=120.0, cpu_seconds=120
            )
            assert "answer" in answer, answer.get("trace", output)
            loss, shape, svg, done, listed, files, threads, refused = answer["answer"]
            assert len(loss) == 2
            assert shape == [64, 3]
            assert svg.startswith("<?xml")
            assert done, output.decode()
            assert files == ["model.keras", "table.csv"]
            assert threads < 30
            assert b"Epoch 2/2" in output
            assert outcome.status == "finished"
            assert refused == ["README.md", "canary"], "files beside the program's own folders are out of reach"
            if provider == "namespaces":
                assert "scratch" in listed
                assert b"from-shell" in output
            else:
                assert "not permitted" in listed
