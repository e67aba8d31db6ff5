"""Downloads and loaders of public data sets that the host has at hand: served by it, in the form in which code expects
them, instead of from the network.

What is not at hand is left to the original, which tells of the network itself.
"""

from __future__ import annotations

import functools
import gzip
import re
import struct
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from grader.facts.datasets import ARRAY_NAMES, IMAGE_SETS, MNIST, OPENML, image_set_in
from grader.probe.link import Link, patch
from grader.probe.messages import ArraysSent, DatasetAsked, DatasetMissing
from grader.sandbox.frames import Array

Splits = tuple[tuple[Array, Array], tuple[Array, Array]]
_IDX = re.compile(r"(?P<split>train|t10k)-(?P<part>images-idx3|labels-idx1)-ubyte(?P<packed>\.gz)?$")
"""The four files in which MNIST and Fashion-MNIST are offered (http://yann.lecun.com/exdb/mnist/, "file formats")."""


def load(link: Link, name: str) -> Splits:
    """`(x_train, y_train), (x_test, y_test)` of the data set `name`. Raises `OSError`."""
    answer, arrays = link.ask(DatasetAsked(name=name))
    if not isinstance(answer, ArraysSent):
        raise OSError(answer.why if isinstance(answer, DatasetMissing) else f"{name} is not at hand")
    x_train, y_train, x_test, y_test = arrays
    return (x_train, y_train), (x_test, y_test)


def install(link: Link) -> None:
    """Serve scikit-learn's `fetch_openml`, and what `urlretrieve` fetches."""
    import urllib.request

    datasets = sys.modules.get("sklearn.datasets")
    if datasets is not None:
        patch(datasets, fetch_openml=_fetch_openml(link, datasets.fetch_openml))
    patch(urllib.request, urlretrieve=_urlretrieve(link, urllib.request.urlretrieve))


def downloaded(link: Link, address: str, path: Path) -> bool:
    """Whether a file of a public data set, named by its address, was written to `path`."""
    file = PurePosixPath(address.partition("?")[0]).name
    name = image_set_in(address)
    if name is None and _IDX.search(file):
        name = MNIST
    content = _file_content(link, name, file) if name else None
    if content is None:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    title = IMAGE_SETS[str(name)].title
    link.note("shim", file[:100], f"The download of {file[:100]} was answered with {title} from labgrade's own copy.")
    return True


def _file_content(link: Link, name: str, file: str) -> bytes | None:
    idx = _IDX.search(file)
    if idx is None and not file.endswith(".npz"):
        return None
    try:
        train, test = load(link, name)
    except OSError:
        return None
    if idx is None:
        with tempfile.TemporaryFile() as whole:
            named: dict[str, Any] = dict(zip(ARRAY_NAMES, (*train, *test), strict=True))
            np.savez_compressed(whole, **named)
            whole.seek(0)
            return whole.read()
    images, labels = train if idx["split"] == "train" else test
    values = images if idx["part"].startswith("images") else labels.reshape(-1)
    content = (
        struct.pack(f">{1 + values.ndim}I", 0x800 + values.ndim, *values.shape) + values.astype(np.uint8).tobytes()
    )
    return gzip.compress(content, compresslevel=1, mtime=0) if idx["packed"] else content


def _urlretrieve(link: Link, original: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(original)
    def urlretrieve(url: str, filename: str | None = None, *arguments: object, **more: object) -> object:
        path = Path(filename) if filename else Path(tempfile.gettempdir()) / PurePosixPath(url).name
        if downloaded(link, str(url), path):
            return str(path), None
        return original(url, filename, *arguments, **more)

    return urlretrieve


def _fetch_openml(link: Link, original: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(original)
    def fetch_openml(name: str | None = None, **more: object) -> object:
        known = OPENML.get(str(name).lower()) or OPENML.get(str(more.get("data_id")))
        if known is None:
            return original(name, **more)
        try:
            (x_train, y_train), (x_test, y_test) = load(link, known)
        except OSError:
            return original(name, **more)
        title = IMAGE_SETS[known].title
        link.note("shim", "fetch_openml", f"fetch_openml was answered with {title} from labgrade's own copy.")
        pixels = np.concatenate([x_train, x_test]).reshape(len(x_train) + len(x_test), -1)
        labels = np.concatenate([y_train, y_test]).reshape(-1).astype(str)
        return _as_openml(pixels, labels, more.get("as_frame", "auto") is not False, bool(more.get("return_X_y")))

    return fetch_openml


def _as_openml(pixels: Array, labels: Array, as_frame: bool, as_pair: bool) -> object:
    """In the form of scikit-learn: a frame of pixels with a column of text for the class, or plain arrays."""
    from sklearn.utils import Bunch

    names = [f"pixel{number}" for number in range(1, pixels.shape[1] + 1)]
    data: object = pixels.astype(np.int64)
    target: object = labels.astype(object)
    frame: object = None
    if as_frame:
        import pandas

        data = pandas.DataFrame(pixels.astype(np.int64), columns=names)
        target = pandas.Series(labels, name="class", dtype="category")
        frame = None if as_pair else data.assign(**{"class": target})
    if as_pair:
        return data, target
    return Bunch(data=data, target=target, frame=frame, feature_names=names, target_names=["class"], categories=None)
