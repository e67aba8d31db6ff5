"""One call of a student's function, within a time limit, under a known draw of random numbers."""

from __future__ import annotations

import io
import random
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grader.recorder.probe.functions.values import Parcel

Array = NDArray[Any]

_MOST_MESSAGE = 300
_CELLS = ("<cell", "<ipython")
_default_rng = np.random.default_rng


class TooLongError(BaseException):
    """The call took longer than it may; not an `Exception`, so that few handlers catch it."""


class Generators:
    """Generators of random numbers that the code keeps in its names: each call finds them as they were."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._kept = []
        for name, value in list(namespace.items())[:5000]:
            if value is _default_rng:
                namespace[name] = lambda *seeds: np.random.default_rng(*seeds)
            elif type(value) is np.random.Generator:
                self._kept.append((value.bit_generator, value.bit_generator.state))

    def restart(self) -> None:
        """Put each back into its first state."""
        for generator, state in self._kept:
            generator.state = state


def answer_to(
    function: Callable[[], Any], arguments: Sequence[Array], header: dict[str, Any], generators: Generators
) -> tuple[dict[str, Any], list[Array]]:
    """What calling `function` did, as a header and its arrays; `arguments` go along as they are afterwards."""
    parcel = Parcel()
    answer: dict[str, Any] = {"type": "answer", "call": header["call"]}
    try:
        _draw(int(header["seed"]))
        generators.restart()
        with _silence(), _alarm(float(header["seconds"]), float(header["wall"])):
            answer |= {"status": "returned", "value": parcel.packed(function())}
    except TooLongError:
        parcel, answer = Parcel(), answer | {"status": "too long"}
    except BaseException as error:
        parcel, answer = Parcel(), answer | _raised(error)
    if parcel.bytes > int(header["most_bytes"]):
        return {"type": "answer", "call": header["call"], "status": "too large"}, []
    after = [array for array in arguments if array.nbytes <= int(header["most_bytes"])]
    answer["after"] = len(after)
    return answer, [*parcel.arrays, *after]


def _raised(error: BaseException) -> dict[str, Any]:
    try:
        message = " ".join(str(error).split())[:_MOST_MESSAGE]
    except BaseException:
        message = ""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(_CELLS)]
    text = (frames[-1].line or "")[:120] if frames else ""
    return {"status": "raised", "error": type(error).__name__[:60], "message": message, "text": text}


def _draw(seed: int) -> None:
    """Begin the random numbers anew, also those of generators that the code makes without a seed."""
    random.seed(seed)
    np.random.seed(seed)
    made = iter(range(1_000_000))

    def default_rng(given: Any = None) -> Any:
        return _default_rng(seed + next(made) if given is None else given)

    np.random.default_rng = default_rng  # type: ignore[assignment]
    keras = sys.modules.get("keras")
    if keras is not None and hasattr(keras, "utils"):
        keras.utils.set_random_seed(seed)


@contextmanager
def _alarm(seconds: float, wall: float) -> Iterator[None]:
    def late(*_: object) -> None:
        raise TooLongError

    # Processor time, as a busy machine is no fault of the function; the wall clock for one that sleeps. Both ring
    # again, as code may catch the first one.
    signal.signal(signal.SIGPROF, late)
    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_PROF, seconds, 0.2)
    signal.setitimer(signal.ITIMER_REAL, wall, 0.2)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def _silence() -> Iterator[None]:
    out, err = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Sink(), _Sink()
    try:
        yield
    finally:
        sys.stdout, sys.stderr = out, err


class _Sink(io.TextIOBase):
    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return len(text)
