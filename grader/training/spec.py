"""What is trained, and where it is kept: one training, described by content alone, the arrays that its digests stand
for, and the store in which its result is found again under its key.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeAlias, TypedDict

import numpy as np
from filelock import FileLock

from grader.facts.keras import ADAPTING
from grader.records import Array, History, Score

ENGINE_VERSION = 3
"""Raised whenever the same specification would train differently."""

_RESULT_VERSION = 2
"""Of `result.json`. Version 1 kept of a score its accuracy and its loss alone, and is read as well: see `Score`."""
DEFAULT_FRAMEWORK = "keras"
_HOST_BYTES = 3 << 30
"""Of all arrays that one run holds: MNIST as 32-bit floats is 0.2 GiB, CIFAR-10 is 0.7 GiB, and a hand-in prepares
either in a few ways."""

Configuration: TypeAlias = Mapping[str, object]
"""Plain data that the host has checked against a framework's allow-list: what the framework may build."""


class ObjectConfig(TypedDict):
    """An optimizer, a metric or a callback of a framework's own."""

    class_name: str
    config: dict[str, object]


class LossConfig(TypedDict):
    """A loss by its neutral name, such as `categorical_crossentropy`, with the arguments that differ from default."""

    name: str
    options: dict[str, object]


class CompileConfig(TypedDict):
    """How a model is trained, in canonical form."""

    optimizer: ObjectConfig
    loss: LossConfig
    metrics: list[str | ObjectConfig]


class FitConfig(TypedDict):
    """How long, and in what order, in canonical form."""

    batch_size: int
    epochs: int
    initial_epoch: int
    """Epochs counted as done before: `epochs - initial_epoch` are trained."""
    shuffle: bool
    callbacks: list[dict[str, object]]
    """Each with `class_name` and its arguments."""
    class_weight: dict[str, float] | None
    """Class number -> weight of its rows."""


@dataclass(frozen=True)
class DataDigests:
    """SHA-256 digests of the arrays, each computed by the host over bytes it received."""

    x: str
    y: str
    validation_x: str | None = None
    validation_y: str | None = None
    test_x: str | None = None
    """The data set's own test rows, prepared as this group prepared its own."""
    test_y: str | None = None

    def given(self) -> tuple[str, ...]:
        """The digests that stand for arrays, without the absent ones."""
        every = (self.x, self.y, self.validation_x, self.validation_y, self.test_x, self.test_y)
        return tuple(digest for digest in every if digest)


@dataclass(frozen=True)
class Runtime:
    """What else decides the numbers that a training gives."""

    device: str
    """`cpu`, or the GPU's name."""
    threads: int
    versions: tuple[tuple[str, str], ...]
    """(package, version) pairs, sorted."""


@dataclass(frozen=True)
class TrainingSpec:
    """One training. Equal content gives an equal key, whoever asks."""

    architecture: Configuration
    compile: CompileConfig
    fit: FitConfig
    data: DataDigests
    effort: str
    runtime: Runtime
    start: str | None = None
    """Digest of the weights it starts from; `None` for fresh ones drawn from the seed."""
    seed: int = 0
    replica: int = 0
    framework: str = DEFAULT_FRAMEWORK
    """Whose engine trains it: the name of a folder beside this file."""

    def content(self) -> dict[str, object]:
        """Everything the key is made of, as JSON. Its bytes decide which stored trainings are found again."""
        content: dict[str, object] = {
            "engine": ENGINE_VERSION,
            "architecture": self.architecture,
            "compile": self.compile,
            "fit": self.fit,
            "data": list(asdict(self.data).values()),
            "effort": self.effort,
            "device": self.runtime.device,
            "threads": self.runtime.threads,
            "versions": [list(pair) for pair in self.runtime.versions],
            "start": self.start,
            "seed": self.seed,
            "replica": self.replica,
        }
        if self.start is not None and is_adapted(self.architecture):
            content["adapted"] = True  # before, such a layer was trained as if it had seen no data
        if self.framework != DEFAULT_FRAMEWORK:  # unnamed where it is the first one: its keys are older than the name
            content["framework"] = self.framework
        return content

    @property
    def key(self) -> str:
        """SHA-256 (hex) of the content."""
        return canonical_digest(self.content())

    @property
    def random_seed(self) -> int:
        """Seed of initial weights, dropout and batch order: 31 bits of the key of everything but the machine."""
        content = self.content()
        for machine in ("device", "threads", "versions"):
            del content[machine]
        return int(canonical_digest(content)[:8], 16) & 0x7FFFFFFF

    def with_replica(self, replica: int) -> TrainingSpec:
        """The same training, drawn anew."""
        return replace(self, replica=replica)


def canonical_digest(value: object) -> str:
    """SHA-256 (hex) of `value` as JSON with sorted keys and no spaces."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def is_adapted(value: object) -> bool:
    """Whether a layer in the architecture computes with what it was adapted to."""
    if isinstance(value, Mapping):
        return value.get("class_name") in ADAPTING or any(is_adapted(item) for item in value.values())
    return isinstance(value, list | tuple) and any(is_adapted(item) for item in value)


def array_digest(array: Array) -> str:
    """SHA-256 (hex) over dtype, shape and C-order bytes."""
    contiguous = np.asarray(array, order="C")  # which leaves a single number without an axis
    digest = hashlib.sha256(f"{contiguous.dtype.str}{contiguous.shape}".encode())
    digest.update(contiguous.data.cast("B") if contiguous.size else b"")
    return digest.hexdigest()


class DataPool:
    """Arrays of this run by digest, as the host received and hashed them; the longest unused go first."""

    def __init__(self, limit: int = _HOST_BYTES) -> None:
        self._arrays: OrderedDict[str, Array] = OrderedDict()
        self._limit = limit

    def add(self, array: Array) -> str:
        """Keep `array`; its digest."""
        digest = array_digest(array)
        self._arrays[digest] = array
        self._arrays.move_to_end(digest)
        while sum(item.nbytes for item in self._arrays.values()) > self._limit and len(self._arrays) > 1:
            self._arrays.popitem(last=False)
        return digest

    def get(self, digest: str) -> Array | None:
        """The array of `digest`; `None` when it is not at hand."""
        return self._arrays.get(digest)


@dataclass(frozen=True)
class TrainingResult:
    """What a training gave."""

    history: History
    weights: tuple[Array, ...]
    """In the order of Keras' `get_weights`."""
    optimizer: tuple[Array, ...] = ()
    """The optimizer's variables, in its own order: a continued training goes on from them."""
    test: Score | None = None


class TrainingStore:
    """Finished trainings below `folder`, at most `limit` bytes; the longest unused go first."""

    def __init__(self, folder: Path, limit: int = 4 << 30) -> None:
        self.folder = folder
        self.limit = limit

    def _place(self, key: str) -> Path:
        return self.folder / key[:2] / key

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Held while `key` is being trained, so that two processes asking at once train it once."""
        place = self._place(key)
        place.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(str(place) + ".lock"):
            yield

    def get(self, key: str) -> TrainingResult | None:
        """The stored result of `key`; `None` when there is none or it is damaged."""
        place = self._place(key)
        try:
            meta = json.loads((place / "result.json").read_text())
            if meta["version"] not in (1, _RESULT_VERSION):
                return None
            with np.load(place / "arrays.npz", allow_pickle=False) as archive:
                weights = tuple(archive[f"w{at}"] for at in range(meta["weights"]))
                optimizer = tuple(archive[f"o{at}"] for at in range(meta["optimizer"]))
            history = History.model_validate(meta["history"])
            test = Score.model_validate(meta["test"]) if meta["test"] else None
        except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile, EOFError):
            return None
        with suppress(OSError):
            os.utime(place)
        return TrainingResult(history, weights, optimizer, test)

    def put(self, key: str, result: TrainingResult) -> None:
        """Store `result` under `key`; whoever reads sees all of it or nothing."""
        place = self._place(key)
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=place.parent))
        try:
            (draft / "arrays.npz").write_bytes(_archive(result.weights, result.optimizer))
            meta = {
                "version": _RESULT_VERSION,
                "weights": len(result.weights),
                "optimizer": len(result.optimizer),
                "history": result.history.as_json(),
                "test": result.test.as_json() if result.test else None,
            }
            (draft / "result.json").write_text(json.dumps(meta))
            if place.exists():
                shutil.rmtree(place)
            draft.rename(place)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        self.prune()

    def prune(self) -> None:
        """Drop the longest unused results until the store is within its limit."""
        entries = []
        for meta in self.folder.glob("??/*/result.json"):
            with suppress(OSError):
                size = sum(file.stat().st_size for file in meta.parent.iterdir())
                entries.append((meta.parent.stat().st_mtime, size, meta.parent))
        excess = sum(size for _, size, _ in entries) - self.limit
        for _, size, place in sorted(entries)[:-1]:
            if excess <= 0:
                return
            shutil.rmtree(place, ignore_errors=True)
            excess -= size


def _archive(weights: Sequence[Array], optimizer: Sequence[Array]) -> bytes:
    arrays = {f"w{at}": array for at, array in enumerate(weights)}
    arrays |= {f"o{at}": array for at, array in enumerate(optimizer)}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
