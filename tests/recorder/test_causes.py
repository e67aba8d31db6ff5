"""What failed, why, and what followed from it: told by the probe where the error arises."""

from __future__ import annotations

from typing import Any

import pytest

from grader.recorder.host import Recorded

pytestmark = pytest.mark.slow


def failures(recorded: Recorded) -> list[Any]:
    return [event for event in recorded.recording.events if event.kind == "failed"]


def printed(recorded: Recorded) -> str:
    return "".join(event.text for event in recorded.recording.events if event.kind == "printed")


@pytest.mark.parametrize(
    ("source", "cause", "what"),
    [
        ("import no_such_library_here", "machine", "the library `no_such_library_here`, which is not installed here"),
        (
            "import keras.no_such_part",
            "version",
            "the module `keras.no_such_part`, which the version here does not have",
        ),
        (
            "from scipy import no_such_thing",
            "version",
            "`no_such_thing` of `scipy`, which the version here does not have",
        ),
        ("import numpy as np\nnp.blackboard(3)", "version", "`numpy.blackboard`, which the version here does not have"),
        (
            "import keras\nkeras.layers.Dense(3, quux=4)",
            "version",
            "the argument `quux=` of `Dense`, which the version here does not have",
        ),
        ("open('/content/drive/rows.csv')", "machine", "the file `rows.csv`, which was not handed in"),
        (
            "import pandas\npandas.read_csv('C:\\\\data\\\\rows.csv')",
            "machine",
            "the file `rows.csv`, which was not handed in",
        ),
        (
            "import keras\nkeras.models.load_model('old.keras')",
            "machine",
            "the file `old.keras`, which was not handed in",
        ),
        ("import urllib.request\nurllib.request.urlopen('http://example.org')", "machine", "the network"),
        ("import socket\nsocket.create_connection(('example.org', 80))", "machine", "the network"),
        ("import keras\nkeras.utils.get_file('a.zip', 'https://example.org/a.zip')", "machine", "the network"),
        ("n = int(input('How many?'))", "machine", "somebody at the keyboard"),
        ("import sys\nsys.stdin.readline()[0] if sys.stdin else 0", "code", ""),
        ("raise MemoryError()", "limit", "more memory or disk than the sandbox has"),
    ],
)
def test_causes(record: Any, source: str, cause: str, what: str) -> None:
    """An error tells whom it speaks of."""
    (failed,) = failures(record(source))
    assert (failed.cause, failed.what) == (cause, what), failed.message
    assert failed.went_on == (cause != "code")


@pytest.mark.parametrize(
    "source",
    [
        "1 / 0",
        "[][0]",
        "assert 1 > 2",
        "raise Exception('the file is wrong')",
        "import numpy as np\nnp.arrray([1])",
        "from sklearn.metrics import confusion_matrx",
        "import keras\nkeras.layers.Dense(3, activaton='relu')",
        "def f(x):\n    return x\nf(y=2)",
        "class A: pass\nA().b",
        "import numpy as np\nnp.ones(3) @ np.ones(4)",
        "open(3.5)",
        "{}['mnist.csv']",
        "nothing_makes_this",
        "int('ten')",
        "x = = 3",
    ],
)
def test_errors_of_the_group(record: Any, source: str) -> None:
    """A slip of the pen, a wrong shape, a failed assertion: no machine would run it."""
    (failed,) = failures(record(source))
    assert (failed.cause, failed.what, failed.went_on) == ("code", "", False)


def test_a_statement_costs_itself_alone(record: Any) -> None:
    """What a missing library stops is its own import, and what needs it; the rest of the cell runs."""
    recorded = record(
        "import no_such_library as lib\nimport math\na = lib.ones(3)\nb = math.pi\nc = a + 1\nprint('b', b)",
        "print(a)",
        "a = 4\nprint('a', a)",
    )
    first, second, third, fourth = failures(recorded)
    assert [failed.error for failed in (second, third, fourth)] == ["NameError"] * 3
    assert [failed.follows for failed in (first, second, third, fourth)] == [None, *[first.seq] * 3]
    assert {failed.what for failed in failures(recorded)} == {first.what}
    assert "b 3.14" in printed(recorded)
    assert "a 4" in printed(recorded)


def test_a_name_that_was_not_made_anew_is_gone(record: Any) -> None:
    """A second scaling of scaled rows is worse than none: the old value does not stand in for the new one."""
    recorded = record(
        "rows = [255]", "import json\nrows = json.load(open('rows.json'))\nrows = [r / 255 for r in rows]\nprint(rows)"
    )
    assert [failed.error for failed in failures(recorded)] == ["FileNotFoundError", "NameError", "NameError"]
    assert printed(recorded) == ""


def test_what_an_object_was_not_asked_follows(record: Any) -> None:
    """A network that could not be compiled for another version's sake cannot be trained for that sake either."""
    recorded = record(
        "import keras, numpy as np\nmodel = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])",
        "model.compile(loss='mse', quux=1)",
        "def train(net):\n    return net.fit(np.ones((4, 3)), np.ones((4, 2)))\ntrain(model)",
        "1 / 0",
    )
    compiling, fitting, own = failures(recorded)
    assert (compiling.cause, fitting.cause, own.cause) == ("version", "version", "code")
    assert (fitting.follows, own.follows) == (compiling.seq, None)


def test_an_own_error_stops_its_cell(record: Any) -> None:
    """As in a notebook; what the rest of the cell would have made is missing in consequence."""
    recorded = record("x = 1 / 0\ny = 2\nprint('not run')", "print(y)")
    first, second = failures(recorded)
    assert (first.statement, first.went_on, second.cause, second.follows) == ((1, 1), False, "code", first.seq)
    assert printed(recorded) == ""


def test_an_accelerator_is_answered(record: Any) -> None:
    """Memory growth of the first GPU, the check of its name, and a TPU's strategy: the code runs past them."""
    recorded = record(
        "import tensorflow as tf\ngpus = tf.config.experimental.list_physical_devices('GPU')\n"
        "tf.config.experimental.set_memory_growth(gpus[0], True)\nassert gpus, 'no GPU'",
        "if tf.test.gpu_device_name() != '/device:GPU:0':\n    raise SystemError('GPU device not found')",
        "resolver = tf.distribute.cluster_resolver.TPUClusterResolver()\n"
        "tf.config.experimental_connect_to_cluster(resolver)\ntf.tpu.experimental.initialize_tpu_system(resolver)\n"
        "strategy = tf.distribute.TPUStrategy(resolver)\nwith strategy.scope():\n    a = tf.constant(3)\nprint(int(a))",
        "with tf.device('/device:GPU:0'):\n    print(int(tf.constant(4) + 1))",
    )
    assert failures(recorded) == []
    assert printed(recorded).split() == ["3", "5"]
    notes = [event.name for event in recorded.recording.events if event.kind == "noted"]
    assert notes == ["GPU", "TPU"]


def test_commands_of_notebook_programs(record: Any) -> None:
    """Extensions and unknown magics do nothing; `%%time` leaves the statements below it one by one."""
    recorded = record(
        "%load_ext tensorboard\n%config InlineBackend.figure_format = 'retina'\n%no_such_magic on\nprint(1)",
        "%%time\nimport no_such_library\nprint(2)",
        "%%no_such_cell_magic\nthis is no Python",
        "if __name__ == '__main__':\n    import no_such_library\n    print(3)",
        "input('Press Enter')\nprint(4)",
    )
    assert [failed.error for failed in failures(recorded)] == ["ModuleNotFoundError"] * 2
    assert [line for line in printed(recorded).split() if line.isdigit()] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    "source",
    [
        "import keras\npath = keras.utils.get_file('mnist.npz', 'https://storage.googleapis.com/tensorflow/mnist.npz')\n"
        "with np.load(path) as f:\n    x, y = f['x_train'], f['y_train']",
        "import urllib.request, gzip\n"
        "urllib.request.urlretrieve('http://yann.lecun.com/exdb/mnist/train-images-idx3-ubyte.gz', 'x.gz')\n"
        "urllib.request.urlretrieve('http://yann.lecun.com/exdb/mnist/train-labels-idx1-ubyte.gz', 'y.gz')\n"
        "x = np.frombuffer(gzip.open('x.gz').read(), np.uint8, offset=16).reshape(-1, 28, 28)\n"
        "y = np.frombuffer(gzip.open('y.gz').read(), np.uint8, offset=8)",
        "from sklearn.datasets import fetch_openml\nx, y = fetch_openml('mnist_784', return_X_y=True, as_frame=False)\n"
        "x, y = x.reshape(-1, 28, 28)[:400], y[:400].astype(int)",
        "from sklearn.datasets import fetch_openml\nmnist = fetch_openml('mnist_784')\n"
        "x, y = mnist['data'].to_numpy().reshape(-1, 28, 28)[:400], mnist.target[:400].astype(int).to_numpy()",
    ],
)
def test_loaders_of_data_at_hand_are_served(record: Any, source: str) -> None:
    """What would be fetched from the network is the host's own copy of the same data set."""
    same = "from keras.datasets import mnist\n(a, b), _ = mnist.load_data()\nprint((x == a).all(), (y == b).all())"
    recorded = record("import numpy as np", source, same)
    assert failures(recorded) == []
    assert printed(recorded).split() == ["True", "True"]


def test_what_is_not_at_hand_needs_the_network(record: Any) -> None:
    """Another file, or a set that this machine does not have, is fetched by nobody."""
    recorded = record(
        "import keras\nkeras.utils.get_file('rows.csv', 'https://example.org/rows.csv')",
        "from sklearn.datasets import fetch_openml\nfetch_openml('Fashion-MNIST')",
    )
    assert [failed.what for failed in failures(recorded)] == ["the network"] * 2
