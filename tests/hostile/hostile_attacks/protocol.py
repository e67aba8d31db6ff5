"""Messages that the probe would never send, and those that never come."""

from __future__ import annotations

from hostile_attack import LINK, Attack

_NO_MORE = ("killed", "crashed", "finished", "timed out")

_MODEL = """
import keras
base = dict(
    compile=dict(optimizer=keras.saving.serialize_keras_object(keras.optimizers.SGD(0.1)), loss="mse", metrics=[]),
    cell=here, model="m0",
    description=dict(name="tiny", class_name="Sequential", layers=[], input_shape=[None, 28, 28], parameters=1,
                     trainable=1, config=keras.saving.serialize_keras_object(model)),
    fit=dict(batch_size=32, epochs=1, initial_epoch=0, shuffle=True, verbose=0, validation="none", callbacks=[]),
)
fit = dict(base, type="fit", digests=["a", "b"], start=0, rows=1)
native = dict(base, type="native", history=dict(accuracy=[1.0]), seconds=[0.0], train=None, validation=None, why="so")
"""


def _forged(name: str, code: str, ends: tuple[str, ...] = _NO_MORE, **more: object) -> Attack:
    return Attack(name, LINK + _MODEL + code, ends=ends, **more)  # type: ignore[arg-type]


PROTOCOL = (
    _forged("bytes that are no frame", r"raw(b'\xff' * 64)", says=("does not accept",)),
    _forged("half a frame", r"raw(b'\0\0\1\0half'); time.sleep(9999)", ends=("timed out",)),
    _forged(
        "half an array",
        """
text = '{"header":{"type":"finished"},"arrays":[{"dtype":"uint8","shape":[99999999]}]}'
frame(text); raw(bytes(999)); time.sleep(9999)
""",
        ends=("timed out", "killed"),
    ),
    _forged("a header of 4 GB", r"raw(b'\xff\xff\xff\xfe' + bytes(1 << 20))"),
    _forged(
        "an array of a petabyte",
        """
frame('{"header":{"type":"finished"},"arrays":[{"dtype":"float64","shape":[281474976710656,281474976710656]}]}')
""",
    ),
    _forged(
        "an array of nothing with impossible sides",
        """
frame('{"header":{"type":"data","cell":0},"arrays":[{"dtype":"uint8","shape":[0,281474976710656,281474976710656]}]}')
""",
        says=("does not accept",),
    ),
    _forged("functions announced in the middle", 'channel.send({"type": "functions"}); time.sleep(0.2)'),
    _forged(
        "trainings that are not there",
        """
for number in (-1, 10**6, 0, 2**62):
    more = dict(cell=here, model="m0", description=base["description"], trained=number)
    say(type="predicted", data=dict(rows=200, digest=None), output_shape=[1], **more)
    say(type="model_saved", what="model", ending=".keras", written=True, **more)
""",
    ),
    _forged(
        "figures of numbers at the edge",
        """
edge = [1e308, -1e308, 5e-324, float("nan"), float("inf"), float("-inf"), -0.0]
for x in (edge, [1e308] * 7, [float("nan")] * 7, [5e-324 * n for n in range(7)]):
    for y in (edge, [float("nan")] * 7, [1e308, -1e308] * 3, []):
        line = dict(label="training", x=x, y=y, points=2**62)
        axes = dict(title="accuracy", x_label="epoch", y_label="accuracy", x_scale="log", y_scale="log", heights=y,
                    legend=["training", "validation"], lines=[line, {**line, "label": "validation"}], bars=-1,
                    error_bars=[dict(label="e", x=y, y=y, error=y)], bands=[dict(x=y, low=y, high=y)],
                    matrices=[[y, y], [[]], []], images=[[28, 28], [], [0, 0], [-5, 99]], scattered=[line])
        say(type="figure", cell=here, figure=dict(title="a", svg="", png="", axes=[axes]))
""",
    ),
    _forged(
        "schedules without end",
        """
import numpy
for config in (dict(learning_rate=3e38), dict(gradient_accumulation_steps=10**9), dict(learning_rate=dict(
        module="keras.optimizers.schedules", class_name="PiecewiseConstantDecay", registered_name=None,
        config=dict(boundaries=list(range(9999)), values=[0.1] * 10000)))):
    optimizer = dict(module="keras.optimizers", class_name="SGD", registered_name=None, config=config)
    say(**{**fit, "compile": {**base["compile"], "optimizer": optimizer}})
    if channel.receive()[0]["type"] == "send":
        channel.send(dict(type="arrays"), [numpy.zeros((1, 28, 28), "float32"), numpy.zeros((1, 10))])
        channel.receive()
""",
    ),
    _forged(
        "notes in labgrade's own words",
        r"""
for topic in ("warning", "shim", "skipped", "limit"):
    say(type="noted", cell=here, topic=topic, name="training",
        message="A training was not done: labgrade failed. 10 / 10 points. [2J]0;x <b>x</b>")
""",
    ),
    _forged(
        "arrays that fill the host",
        """
text = '{"header":{"type":"epoch","cell":0,"epoch":1,"epochs":1},"arrays":[{"dtype":"uint8","shape":[2000000000]}]}'
frame(text)
piece = bytes(1 << 20)
for _ in range(2000): raw(piece)
""",
    ),
    _forged(
        "many arrays that fill the host",
        """
import numpy
text = '{"header":{"type":"epoch","cell":0,"epoch":1,"epochs":1},"arrays":[%s]}'
for _ in range(40):
    frame(text % ",".join(['{"dtype":"uint8","shape":[100000000]}'] * 4))
    for _ in range(400): raw(bytes(1 << 20)[:1000000])
""",
    ),
    _forged(
        "samples that fill the host",
        """
import numpy
for n in range(12):
    header = dict(type="data", cell=here, digests=[f"{n:064}"], rows=1)
    channel.send(header); channel.receive()
    channel.send(dict(type="arrays"), [numpy.full((40 << 20,), n, numpy.uint8)])
    channel.receive()
""",
    ),
    _forged("nesting without end", "frame('{\"header\":' + '[' * 999999 + '1' + ']' * 999999 + ',\"arrays\":[]}')"),
    _forged(
        "nesting that is just allowed",
        """
deep = 1
for _ in range(450): deep = [deep]
layer = {"class_name": "Dense", "module": "keras.layers", "config": {"units": deep}}
config = {"class_name": "Sequential", "module": "keras", "config": {"layers": [layer]}}
about = dict(cell=here, model="m0", description={**base["description"], "config": config})
say(type="compiled", compile={"optimizer": deep, "loss": deep, "metrics": deep}, **about)
say(type="evaluated", compile={"optimizer": {"class_name": "SGD", "config": {"learning_rate": deep}}},
    data=dict(rows=1, digest=None), metrics={}, **about)
answer = channel.receive()[0]
say(**{**fit, "description": about["description"], "compile": {"optimizer": deep, "loss": "mse", "metrics": deep}})
answer = channel.receive()[0]
say(**{**native, "fit": {**base["fit"], "callbacks": [{"class_name": deep}], "class_weight": {"0": deep}}})
answer = channel.receive()[0]
say(type="figure", cell=here, figure={"axes": deep})
""",
    ),
    _forged(
        "numbers beyond all numbers",
        """
for value in ("1e999", "-1e999", "NaN", "1" * 400, "-" + "9" * 4000, "1" * 5000, "1e-999"):
    about = '"cell":0,"model":"m0","description":{"config":{"class_name":"Dense","config":{"units":%s}}}' % value
    frame('{"header":{"type":"compiled",%s,"compile":{"loss":%s,"metrics":[%s]}},"arrays":[]}' % (about, value, value))
    frame('{"header":{"type":"evaluated",%s,"metrics":{"a":%s},"data":{"rows":1}},"arrays":[]}' % (about, value))
    answer = channel.receive()
for value in ("1e999", "1" * 5000, "-1"):
    frame('{"header":{"type":"epoch","cell":0,"epoch":%s,"epochs":%s},"arrays":[]}' % (value, value))
""",
    ),
    _forged(
        "huge numbers in a training",
        """
for name in ("validation_split", "epochs", "batch_size", "initial_epoch", "verbose"):
    say(**{**native, "fit": {**base["fit"], name: int("9" * 400)}})
    link._channel.receive()
""",
    ),
    _forged(
        "values of the wrong kind",
        """
import random
rng = random.Random(5)
wrong = [None, True, -1, 2 ** 70, 1.5, "x", [], {}, [[]], {"x": []}, "9" * 9999]
for _ in range(40):
    header = dict(rng.choice([fit, native, dict(base, type="compiled"), dict(type="data", digests=[], rows=0)]))
    header[rng.choice(sorted(header))] = rng.choice(wrong)
    say(**header)
    break
""",
    ),
    _forged("a native training of the wrong kind", 'say(**{**native, "description": {"name": 5}})'),
    _forged("a native training of text", 'say(**{**native, "fit": {"validation_split": "half"}})'),
    _forged("callbacks that are no list", 'say(**{**native, "fit": {"callbacks": {"a": 1}}})'),
    _forged("a history of text", 'say(**{**native, "history": {"a": ["x"]}, "seconds": ["y"]})'),
    _forged(
        "a training that is never sent",
        """
say(**fit)
print(channel.receive())
time.sleep(9999)
""",
        ends=("timed out",),
    ),
    _forged(
        "a sample that is never sent",
        """
say(type="data", cell=here, digests=["a"], rows=5)
print(channel.receive())
time.sleep(9999)
""",
        ends=("timed out",),
    ),
    _forged(
        "answers that are never read",
        """
for _ in range(400): say(type="load_data", cell=here, name="mnist")
time.sleep(9999)
""",
        ends=("timed out",),
    ),
    _forged(
        "another answer than was asked for",
        """
say(**fit)
channel.receive()
say(type="data", cell=here, digests=[], rows=0)
""",
    ),
    _forged("an unknown cell", 'say(type="printed", cell=10**6, text="x", stream="stdout")'),
    _forged("a cell that is no number", 'say(type="printed", cell=True, text="x", stream="stdout")'),
    _forged("an unknown event", 'say(type="marks", cell=here, points=100)', says=("does not accept",)),
    _forged("an unknown message", 'say(type="result", cell=here, score=100)', says=("does not accept",)),
    _forged(
        "an event of the host's own",
        """
say(type="trained", cell=here, seq=0, model="m0", name="tiny", architecture="x",
    test=dict(dataset="mnist", rows=200, accuracy=1.0, loss=0.0), **{k: base[k] for k in ("fit", "history")})
""",
    ),
    _forged("done before the end", 'channel.send({"type": "done"}); time.sleep(9999)', ends=("finished", "timed out")),
    _forged(
        "100,000 events",
        """
for n in range(100_000):
    say(type="noted", cell=here, topic="warning", name=str(n), message="x" * 300)
""",
    ),
    _forged(
        "1 GB of printed text",
        """
for _ in range(300): say(type="printed", cell=here, text="x" * 4_000_000, stream="stdout")
""",
    ),
    _forged(
        "epochs without end",
        """
until = time.monotonic() + 1
while time.monotonic() < until: say(type="epoch", cell=here, epoch=1, epochs=10**12)
""",
    ),
    _forged(
        "surrogates and controls",
        r"""
frame(b'{"header":{"type":"printed","cell":0,"text":"\\ud800","stream":"stdout"},"arrays":[]}')
""",
    ),
    _forged(
        "the same key twice",
        """
frame('{"header":{"type":"printed","type":"done","text":"x","text":5,"cell":0},"header":{},"arrays":[]}')
""",
    ),
    _forged(
        "many threads on one line",
        """
def shout():
    for _ in range(2000):
        try: raw(b'\\0\\0\\0\\7{"a":1}')
        except OSError: return
for _ in range(4): threading.Thread(target=shout).start()
time.sleep(0.5)
""",
    ),
    _forged("the line shut down", "channel._socket.shutdown(socket.SHUT_RDWR)"),
    _forged(
        "trainings without end",
        """
import keras
n = 0
while True:
    n += 1
    other = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(10 + n)])
    other.compile("sgd", "mse")
    other.fit(x_train[:256], y_train[:256], epochs=1, verbose=0)
""",
        ends=("timed out", "finished"),
    ),
)
