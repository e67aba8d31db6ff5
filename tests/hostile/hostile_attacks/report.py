"""What a group may want to have in its report: markup, templates, links, pictures, endless text."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path

from hostile_attack import HONEST, LINK, Attack, code, notebook, prose

MARKUP = (
    "<script>document.title='hostile'</script><img src=x onerror=alert(1)><svg onload=alert(1)>"
    "<iframe src='file:///etc/passwd'></iframe><link rel=stylesheet href='http://127.0.0.1:@TCP@/a.css'>"
    "<style>@import 'http://127.0.0.1:@TCP@/b.css'; body{background:url(file://@CANARY@)}</style>"
    "<object data='file://@CANARY@'></object><a href='javascript:alert(1)'>x</a><base href='http://127.0.0.1:@TCP@/'>"
    "{{ 7 * 7 }}{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}{{ config }}"
    "]]></svg></style></title></textarea><!-- --!> \\u202e\\u200b\\ufeff"
)

_FIGURE = """
def figure(**more):
    axes = dict(title="T", xlabel="x", ylabel="y", legend=[], lines=[dict(label="l", x=[0.0, 1.0], y=[0.5, 0.6],
                points=2)])
    try: say(type="figure", cell=here, figure={"axes": [], "svg": "", "png": "", **more})
    except OSError: pass
"""


def _png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compressobj(9)
    data = b"".join(rows.compress(bytes(1 + width // 8)) for _ in range(height)) + rows.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _gif(frames: int) -> bytes:
    one = b"\x21\xf9\x04\x00\x01\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00"
    return b"GIF89a\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\xff\xff\xff" + one * frames + b";"


def _shown(data: dict[str, object]) -> dict[str, object]:
    return {"output_type": "display_data", "metadata": {}, "data": data}


def _saved(folder: Path, *outputs: dict[str, object], text: str = "") -> Path:
    parts = prose("## 1.1\n" + text), code(HONEST, *outputs), prose("## 1.2\nThe network has 7850 parameters. " + text)
    return notebook(folder / "hand-in.ipynb", *parts)


def _markup(folder: Path) -> Path:
    page = {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {"text/html": MARKUP}}
    stream = {"output_type": "stream", "name": "stdout", "text": MARKUP}
    error = {"output_type": "error", "ename": MARKUP, "evalue": MARKUP, "traceback": [MARKUP]}
    return _saved(folder, page, stream, error, _shown({"application/javascript": "alert(1)"}), text=MARKUP)


def _svg(inner: str, head: str = "") -> str:
    return (
        f'{head}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="99pt" '
        f'height="99pt" viewBox="0 0 99 99"><path d="M 0 0 L 9 9"/>{inner}</svg>'
    )


_SVGS = {
    "a script": _svg(
        "<script>alert(1)</script><foreignObject><body xmlns='http://www.w3.org/1999/xhtml'>x</body></foreignObject>"
    ),
    "handlers": _svg(
        "<path onload='alert(1)' onclick='alert(1)' d='M 0 0'/><a xlink:href='javascript:alert(1)'><text>x</text></a>"
    ),
    "pictures of the host": _svg(
        "<image xlink:href='file://@CANARY@' width='9' height='9'/><image href='http://127.0.0.1:@TCP@/x.png'/>"
    ),
    "a style sheet": _svg(
        "<style>@import url('http://127.0.0.1:@TCP@/x.css'); path{fill:url(file://@CANARY@)}</style>"
    ),
    "foreign uses": _svg(
        "<use xlink:href='http://127.0.0.1:@TCP@/x.svg#a'/><path style='fill:url(http://127.0.0.1:@TCP@/x)' d='M0 0'/>"
    ),
    "an external entity": _svg("&x;", '<!DOCTYPE svg [<!ENTITY x SYSTEM "file://@CANARY@">]>'),
    "an entity bomb": _svg(
        "&d;",
        '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">'
        + "".join(f'<!ENTITY {b} "{"&" + a + ";"}{("&" + a + ";") * 9}">' for a, b in zip("abc", "bcd", strict=True))
        + "]>",
    ),
    "a foreign document type": _svg("", '<!DOCTYPE svg SYSTEM "http://127.0.0.1:@TCP@/x.dtd">'),
    "5,000 levels": _svg("<g>" * 5000 + "</g>" * 5000),
    "endless paths": _svg("<rect width='1e99' height='-1'/><path d='" + "M 0 0 " * 200_000 + "'/>"),
}
_BOMB = base64.b64encode(_png(50_000, 50_000)).decode()
_MOVING = base64.b64encode(_gif(2000)).decode()
_LABELS = """
import matplotlib.pyplot as plt
text = {text!r}
plt.plot([1, 2], label=text); plt.title(text); plt.xlabel(text); plt.ylabel(text); plt.legend(); plt.show()
"""

REPORT = (
    Attack("markup in printed text", f"print({MARKUP!r})\nraise ValueError({MARKUP!r})", pdf=True),
    Attack(
        "markup in names",
        f"""
import keras, types
text = {MARKUP!r}
other = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(name="img src=x onerror=alert(1)"[:9]),
                          keras.layers.Dense(10, activation="softmax")])
other._name = text
other.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
other.fit(x_train, y_train, epochs=1, verbose=0)
def f(x): pass
f.__name__ = f.__qualname__ = text
globals()[text] = f
class Odd(Exception): pass
Odd.__name__ = text
raise Odd(text)
""",
    ),
    Attack("markup in saved outputs and prose", files=_markup, marks="any", pdf=True),
    Attack("markup in a figure's labels", _LABELS.format(text=MARKUP.replace("$", "")), pdf=True),
    Attack(
        "templates in names",
        """
import keras
other = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(10)], name="jinja")
other._name = "{{ report.__class__.__init__.__globals__ }}{% include '/etc/passwd' %}{# x #}"
other.compile("adam", "mse"); other.fit(x_train, y_train, verbose=0)
raise ValueError("{{ 7 * 191 }}{% raw %}")
""",
    ),
    Attack("a line of 10 MB", "print('x' * 10_000_000); raise ValueError('y' * 10_000_000)", pdf=True),
    Attack(
        "a label of 100,000 characters",
        _LABELS.format(text="w" * 100_000),
        ends=("finished", "timed out", "killed", "out of memory"),
    ),
    Attack(
        "directions and invisible characters",
        _LABELS.format(text="\u202eabc\u2066\u200b\u0301" * 30) + "\nprint('\u202e' * 99, 'Z' + '\u0300' * 999)",
        pdf=True,
    ),
    *(
        Attack(f"figure with {what}", LINK + _FIGURE + f"figure(svg={svg!r})", ends=("finished", "killed"))
        for what, svg in _SVGS.items()
    ),
    Attack(
        "figures with all of these",
        LINK + _FIGURE + f"for svg in {list(_SVGS.values())!r}: figure(svg=svg)",
        ends=("finished", "killed"),
        pdf=True,
    ),
    Attack("figure that is a bomb of pixels", LINK + _FIGURE + f"figure(png={_BOMB!r})", ends=("finished", "killed")),
    Attack("figure that is a GIF", LINK + _FIGURE + f"figure(png={_MOVING!r})", ends=("finished", "killed")),
    Attack(
        "figures without end",
        """
import matplotlib.pyplot as plt
for n in range(2000):
    plt.figure(); plt.plot([n]); plt.title(str(n)); plt.show()
""",
        ends=("finished", "timed out", "killed", "out of memory"),
    ),
    Attack(
        "figure of a million points",
        """
import matplotlib.pyplot as plt, numpy
for _ in range(3): plt.plot(numpy.random.rand(1_000_000)); plt.show()
""",
        ends=("finished", "timed out", "killed", "out of memory"),
    ),
    Attack(
        "saved pictures that are bombs",
        files=lambda folder: _saved(
            folder,
            _shown({"image/png": _BOMB}),
            _shown({"image/png": _MOVING}),
            _shown({"image/png": "A" * 3_000_000}),
            _shown({"image/jpeg": base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(999)).decode()}),
            *(_shown({"image/svg+xml": svg}) for svg in _SVGS.values()),
        ),
        marks="any",
        pdf=True,
    ),
)
