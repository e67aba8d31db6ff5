"""Functions that answer the host's calls by other means than computing."""

from __future__ import annotations

from hostile_attack import SECRET, Attack

_RELU = "import numpy as np\ndef relu(x):\n    return np.maximum(x, 0)\n"
_CHANNEL = """
import gc, json
import numpy as np
from grader.sandbox.frames import Channel
channel = next(one for one in gc.get_objects() if type(one) is Channel)
"""
_KEPT, _RELU_POINTS = 1.0, 2.0
"""What a softmax earns that leaves its argument alone and is wrong, and the rectifier beside it."""


def _function(name: str, softmax: str, most: float = _KEPT + _RELU_POINTS, **more: object) -> Attack:
    ends = ("finished", "killed", "crashed", "timed out", "out of memory")
    cells = {"1": softmax, "2": _RELU}
    return Attack(name, lab="functions_lab", sections=cells, marks="any", most=most, ends=ends, **more)  # type: ignore[arg-type]


FUNCTIONS = (
    _function(
        "an answer that equals everything",
        """
import numpy as np
class Equal(np.ndarray):
    def __eq__(self, other): return np.ones(self.shape, bool)
    def __sub__(self, other): return np.zeros(self.shape)
    def __array__(self, *given, **more): return np.zeros(5)
def softmax(x):
    return np.full(x.shape, 0.2).view(Equal)
""",
    ),
    _function(
        "an answer that is worked out later",
        """
import numpy as np
class Later:
    __module__ = "tensorflow.later"
    def numpy(self): return np.ones(5)
    def __len__(self): return 10 ** 9
    def __getitem__(self, at): return self
def softmax(x):
    return Later() if x.size != 2 else iter(int, 1)
""",
    ),
    _function(
        "comparison functions replaced where a call is answered",
        """
import math, numpy as np, numpy.testing
np.allclose = np.isclose = np.array_equal = math.isclose = lambda *given, **more: True
numpy.testing.assert_allclose = numpy.testing.assert_array_equal = lambda *given, **more: None
numpy.testing._private.utils.assert_array_compare = lambda *given, **more: None
def softmax(x):
    return np.ones(x.shape)
""",
    ),
    _function(
        "the caller searched for the right answer",
        f"""
import gc, sys, numpy as np
def softmax(x):
    frame, seen = sys._getframe(), []
    while frame is not None:
        seen.append(dict(frame.f_locals)); frame = frame.f_back
    seen += [one for one in gc.get_objects() if type(one) is dict and len(one) < 99]
    for one in seen:
        for key in ("expected", "desired", "right", "answer", "{SECRET}"):
            if isinstance(one.get(key), np.ndarray): return one[key]
    return np.ones(x.shape)
""",
    ),
    _function(
        "infinite and undefined answers",
        "import numpy as np\ndef softmax(x):\n    return np.full(x.shape, np.nan if x.size == 5 else np.inf)",
    ),
    _function(
        "a billion numbers for an answer",
        "import numpy as np\ndef softmax(x):\n    return np.broadcast_to(np.float64(1), (1 << 30,))",
        most=_RELU_POINTS,
    ),
    _function(
        "answers before the question",
        _CHANNEL
        + """
def softmax(x):
    for number in range(1, 60):
        channel.send({"type": "answer", "call": number, "status": "returned", "value": {"kind": "array", "array": 0},
                      "after": 0}, [np.ones(x.shape)])
    return x
""",
    ),
    _function(
        "answers of impossible forms",
        _CHANNEL
        + """
forms = [{"value": {"kind": "array", "array": True}}, {"value": {"kind": "items", "items": 5}}, {"after": -1},
         {"value": {"kind": "items", "items": [{"kind": "array", "array": 10 ** 9}] * 9}}, {"after": 10 ** 30},
         {"status": ["returned"]}, {"value": []}, {"status": "raised", "error": "x" * 10 ** 6}]
calls = []
def softmax(x):
    calls.append(x)
    answer = {"type": "answer", "call": len(calls), "status": "returned", "value": {"kind": "none"}, "after": 0}
    channel.send({**answer, **forms[len(calls) % len(forms)]})
    return x
""",
    ),
    _function(
        "an answer of impossible sides",
        _CHANNEL
        + """
def softmax(x):
    shape = {"dtype": "uint8", "shape": [0, 2 ** 48, 2 ** 48]}
    text = json.dumps({"header": {"type": "answer", "call": 1}, "arrays": [shape]}).encode()
    channel._socket.sendall(len(text).to_bytes(4, "big") + text)
    return x
""",
        most=_KEPT + _RELU_POINTS,
    ),
    _function(
        "markup and formulas in what a call raises",
        """
class Odd(Exception): pass
Odd.__name__ = "=cmd|' /C calc'!A1<script>alert(1)</script>\\x1b[2J"
def softmax(x):
    raise Odd("<img src=x onerror=alert(1)> {{ 7 * 191 }} `x` \\u202e" * 9)
""",
        most=_RELU_POINTS,
    ),
    _function(
        "leaving in the middle of a call",
        "import os\ndef softmax(x):\n    os._exit(0)",
        most=_RELU_POINTS,
    ),
)
