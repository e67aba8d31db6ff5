"""Calls of a student's functions: answers the host's calls until it has had enough.

A process that has run all cells serves calls from then on. Another kind of process only defines: it runs a
submission's definitions and serves calls, without a framework or a shell; `main` is its entry. What a function gives
back travels as plain arrays and a description of them.
"""

from __future__ import annotations

import io
import linecache
import random
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import CodeType

import numpy as np

from grader.probe.descriptions import ArrayReturned, ItemsReturned, NothingReturned, OtherReturned, Returned
from grader.probe.messages import (
    Call,
    CallAnswered,
    CallArgument,
    CandidateJob,
    Done,
    FromHost,
    FunctionsReady,
    RunDefinitions,
    from_host,
    header_of,
    with_fields,
)
from grader.probe.rows import FRAMEWORKS
from grader.sandbox.frames import DTYPES, Array, Channel

Namespace = dict[str, object]

_MOST_MESSAGE = 300
_CELLS = ("<cell", "<ipython")
_OWN_MODULES = ("__main__", "numpy", "functools")
"""Of what a name may mean after all cells and still be the student's function: a wrapped or a borrowed one, too."""
_KNOWN = "__labgrade__"
_MOST_ITEMS = 8
_MOST_NAME = 60
_SHOWN_TEXT = 120
_default_rng = np.random.default_rng


def main(channel: Channel) -> None:
    """Run the `RunDefinitions` that the host sends."""
    header, _ = channel.receive()
    define_and_serve(channel, from_host(header))


def define_and_serve(channel: Channel, job: FromHost) -> None:
    """Run each definition, whatever it raises, then serve."""
    if not isinstance(job, RunDefinitions):
        return
    warnings.simplefilter("ignore")
    namespace = sys.modules["__main__"].__dict__
    _set_numpy(namespace)
    for source in job.definitions:
        try:
            exec(_compile_cell(source), namespace)
        except BaseException:
            # The next definition may need nothing of this one.
            continue
    serve(channel, namespace, job.functions)
    channel.send(header_of(Done()))


def serve(channel: Channel, namespace: Namespace, candidates: Sequence[CandidateJob]) -> None:
    """Say that functions can be called, then answer each `Call`."""
    _set_numpy(namespace)
    generators = Generators(namespace)
    channel.send(header_of(FunctionsReady()))
    while True:
        header, arrays = channel.receive()
        call = from_host(header)
        if not isinstance(call, Call):
            return
        function = _bind(candidates[call.candidate], namespace, call.arguments, arrays)
        answer, sent = _answer(function, arrays, call, generators)
        channel.send(header_of(answer), sent)


def _set_numpy(namespace: Namespace) -> None:
    """Pieces of code handed in without their first lines still mean NumPy by its usual names."""
    namespace.setdefault("np", np)
    namespace.setdefault("numpy", np)


def _bind(
    candidate: CandidateJob, namespace: Namespace, arguments: Sequence[CallArgument], arrays: Sequence[Array]
) -> Callable[[], object]:
    """The candidate's function with its arguments; of a method, its object is made at each call."""

    def value(argument: CallArgument) -> object:
        if argument.array is not None:
            return arrays[argument.array]
        return tuple(argument.value) if isinstance(argument.value, list) else argument.value

    def given(place: str) -> tuple[list[object], dict[str, object]]:
        here = [argument for argument in arguments if argument.place == place]
        plain = [value(argument) for argument in here if not argument.keyword]
        return plain, {argument.name: value(argument) for argument in here if argument.keyword}

    def run() -> object:
        function = _find(candidate, namespace)
        plain, named = given("call")
        if "." in candidate.name:
            made, options = given("constructor")
            function = getattr(function(*made, **options), candidate.name.partition(".")[2])
        return function(*plain, **named)

    return run


def _find(candidate: CandidateJob, namespace: Namespace) -> Callable[..., object]:
    """What the candidate's name means in the end; its definition run again, where that is something else."""
    name = candidate.name.partition(".")[0]
    known: dict[tuple[str, str], Callable[..., object]] = namespace.setdefault(_KNOWN, {})  # type: ignore[assignment]
    if (name, candidate.source) not in known:
        function = namespace.get(name) if candidate.last else None
        module = getattr(function, "__module__", "")
        if not callable(function) or isinstance(function, np.ufunc) or module not in _OWN_MODULES:
            function = _define_again(name, candidate.source, namespace)
        known[name, candidate.source] = function
    return known[name, candidate.source]


def _define_again(name: str, source: str, namespace: Namespace) -> Callable[..., object]:
    before = namespace.get(name)
    try:
        exec(_compile_cell(source), namespace)
        return namespace[name]  # type: ignore[return-value]
    finally:
        # A function that calls itself needs its own name; another thing of that name stays what it was.
        if before is not None and callable(before):
            namespace[name] = before


def _compile_cell(source: str) -> CodeType:
    """Code of `source`, whose lines tracebacks can show."""
    file = f"<cell {len(linecache.cache)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    return compile(source, file, "exec")


class TooLongError(BaseException):
    """The call took longer than it may; not an `Exception`, so that few handlers catch it."""


class Generators:
    """Generators of random numbers that the code keeps in its names: each call finds them as they were."""

    def __init__(self, namespace: Namespace) -> None:
        self._states = []
        for name, value in list(namespace.items())[:5000]:
            if value is _default_rng:
                namespace[name] = lambda *seeds: np.random.default_rng(*seeds)
            elif type(value) is np.random.Generator:
                self._states.append((value.bit_generator, value.bit_generator.state))

    def restart(self) -> None:
        """Put each back into its first state."""
        for generator, state in self._states:
            generator.state = state


def _answer(
    function: Callable[[], object], arguments: Sequence[Array], call: Call, generators: Generators
) -> tuple[CallAnswered, list[Array]]:
    """What calling `function` did, and its arrays; `arguments` go along as they are afterwards."""
    parcel = Parcel()
    try:
        _draw(call.seed)
        generators.restart()
        with _silence(), _alarm(call.seconds, call.wall):
            value = parcel.pack(function())
        answer = CallAnswered(call=call.call, status="returned", value=value)
    except TooLongError:
        parcel, answer = Parcel(), CallAnswered(call=call.call, status="too long")
    except BaseException as error:
        parcel, answer = Parcel(), _failure(error, call.call)
    if parcel.bytes > call.most_bytes:
        return CallAnswered(call=call.call, status="too large"), []
    after = [array for array in arguments if array.nbytes <= call.most_bytes]
    return with_fields(answer, after=len(after)), [*parcel.arrays, *after]


def _failure(error: BaseException, number: int) -> CallAnswered:
    try:
        message = " ".join(str(error).split())[:_MOST_MESSAGE]
    except BaseException:
        message = ""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(_CELLS)]
    text = (frames[-1].line or "")[:120] if frames else ""
    name = type(error).__name__[:60]
    return CallAnswered(call=number, status="raised", error=name, message=message, text=text)


class Parcel:
    """Values on their way to the host: descriptions that point at arrays by number."""

    def __init__(self) -> None:
        self.arrays: list[Array] = []

    def pack(self, value: object, depth: int = 0) -> Returned:
        """Description of `value`: nothing, an array, the items of a tuple or list, or its type alone."""
        kind = _type_name(value)
        if value is None:
            return NothingReturned()
        array = _numbers(value)
        if array is not None:
            self.arrays.append(array)
            return ArrayReturned(array=len(self.arrays) - 1, type=kind)
        if isinstance(value, tuple | list) and depth < 2 and 0 < len(value) <= _MOST_ITEMS:
            return ItemsReturned(items=tuple(self.pack(item, depth + 1) for item in value), type=kind)
        return OtherReturned(type=kind, text=value[:_SHOWN_TEXT] if type(value) is str else "")

    @property
    def bytes(self) -> int:
        """Size of all arrays."""
        return sum(array.nbytes for array in self.arrays)


def _numbers(value: object) -> Array | None:
    """`value` as an array of the base class with a dtype that travels; `None` when it is not one array of numbers."""
    if isinstance(value, str | bytes | dict | set):
        return None
    if not isinstance(value, np.ndarray | np.generic | list | tuple | int | float | complex):
        value = _foreign_array(value)
        if value is None:
            return None
    try:
        array: Array | None = np.array(value, copy=True, subok=False)
        if array is not None and array.dtype == object:
            array = _from_objects(array)
    except (TypeError, ValueError, OverflowError):
        return None
    if array is None or array.dtype.kind not in "biufc":
        return None
    if array.dtype.itemsize > 16 or array.dtype.name not in DTYPES:
        array = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    return array


def _from_objects(array: Array) -> Array | None:
    """An array of Python objects as numbers, where each of them is one."""
    if any(isinstance(item, str | bytes | type(None)) for item in array.ravel()[:10_000].tolist()):
        return None
    if array.ndim == 0 and not isinstance(array.item(), int | float | complex | np.generic):
        return None
    return array.astype(np.float64)


def _foreign_array(value: object) -> object:
    """Tensors and tables as arrays; `None` for anything else."""
    for framework in FRAMEWORKS:
        array = framework.returned_values(value)
        if array is not None:
            return array
    if type(value).__module__.split(".")[0] == "pandas" and hasattr(value, "to_numpy"):
        return value.to_numpy()
    return None


def _type_name(value: object) -> str:
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}"[:_MOST_NAME]


def _draw(seed: int) -> None:
    """Begin the random numbers anew, also those of generators that the code makes without a seed."""
    random.seed(seed)
    np.random.seed(seed)
    made = iter(range(1_000_000))

    def default_rng(given: int | None = None) -> np.random.Generator:
        return _default_rng(seed + next(made) if given is None else given)

    np.random.default_rng = default_rng  # type: ignore[assignment]
    for framework in FRAMEWORKS:
        framework.seed(seed)


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
