"""The sandboxed side of a recording: takes the cells from the host, runs them, says what happened."""

from __future__ import annotations

import io
import logging
import os
import random
import re
import shlex
import subprocess
import sys
import traceback
import types
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from grader.probe.drawing import FigureWatch
from grader.probe.function_calls import define_and_serve, serve
from grader.probe.keras import hooks
from grader.probe.link import Link
from grader.probe.messages import (
    CellFailed,
    CellsFinished,
    Done,
    FunctionDefined,
    Printed,
    RunCells,
    from_host,
    header_of,
)
from grader.probe.rows import FRAMEWORKS, SEED
from grader.sandbox.frames import Array, Channel


def main(channel: Channel) -> None:
    """Run the job that the host sends: its cells, then calls of its functions; or its definitions alone."""
    header, contents = channel.receive()
    job = from_host(header)
    _quiet()
    FRAMEWORKS.append(hooks.KERAS)
    if isinstance(job, RunCells):
        _run_cells(channel, job, contents)
    else:
        define_and_serve(channel, job)


def _run_cells(channel: Channel, job: RunCells, contents: list[Array]) -> None:
    _write_files(job.files, contents)
    contents.clear()
    link = Link(channel)
    # Code without a seed of its own gives the same numbers each time it is graded.
    random.seed(SEED)
    np.random.seed(SEED)
    hooks.install(link, job.effort, job.threads)
    figures = FigureWatch(link)
    figures.install()
    shell = Shell(link)
    for cell in job.cells:
        link.enter(cell.index)
        shell.run(cell.source)
        if cell.flush:
            figures.collect()
        else:
            figures.draft()
    link.tell(CellsFinished())
    if job.functions:
        link.muted = True
        serve(channel, shell.shell.user_ns, job.functions)
    channel.send(header_of(Done()))


def _write_files(paths: Sequence[str], contents: Sequence[Array]) -> None:
    """Write the group's own data files (bytes as uint8) below the working folder. What cannot be is left out."""
    for path, content in zip(paths, contents, strict=True):
        try:
            target = Path(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.tobytes())
        except OSError:
            continue


def _quiet() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"


_INSTALLERS = re.compile(r"^\s*(sudo\s+)?(\S*python\S*\s+-m\s+)?(pip3?|conda|mamba|apt|apt-get|uv)\b")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_MAX_TEXT = 1_000_000
_MAX_CELL_TEXT = 200_000
_MAX_NAMES = 200
_MAX_PARAMETERS = 1_000
_SECONDS_PER_COMMAND = 120


class _Output(io.TextIOBase):
    """Text on its way to the host: sent in order with other events, and bounded."""

    total = 0

    def __init__(self, link: Link, stream: Literal["stdout", "stderr"]) -> None:
        self._link = link
        self._stream = stream
        self._pending: list[str] = []
        self._size = 0
        self._cell_size = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        text = str(text)
        if self._cell_size < _MAX_CELL_TEXT and _Output.total < _MAX_TEXT:
            self._pending.append(text)
            self._size += len(text)
            self._cell_size += len(text)
            _Output.total += len(text)
            if self._size > 16_000:
                self.send()
        return len(text)

    def send(self) -> None:
        """Send what is pending."""
        if self._pending:
            text, self._pending, self._size = "".join(self._pending), [], 0
            self._link.tell(Printed(text=text, stream=self._stream))

    def new_cell(self) -> None:
        """A new cell has its own bound."""
        self._cell_size = 0


class _Results(DisplayHook):  # type: ignore[misc]
    """A cell's value, as text under it."""

    link: Link

    def __call__(self, result: object = None) -> None:
        if result is None or self.quiet():
            return
        self.update_user_ns(result)
        data, _ = self.compute_format_data(result)
        text = str(data.get("text/plain", ""))[:_MAX_CELL_TEXT]
        self.link.flush_output()
        self.link.tell(Printed(text=text, stream="result"))


class _Displays(DisplayPublisher):  # type: ignore[misc]
    """`display(...)`, as text under the cell."""

    def publish(self, data: Mapping[str, object], metadata: object = None, **more: object) -> None:
        print(str(data.get("text/plain", ""))[:_MAX_CELL_TEXT])


class Shell:
    """Runs cells one after another in one namespace."""

    def __init__(self, link: Link) -> None:
        self._link = link
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "nocolor"
        config.InteractiveShell.ast_node_interactivity = "last_expr"
        self.shell = InteractiveShell(
            config=config, user_module=module, displayhook_class=_Results, display_pub_class=_Displays
        )
        self.shell.displayhook.link = link
        self.shell.showtraceback = lambda *arguments, **more: None
        self.shell.showsyntaxerror = lambda *arguments, **more: None
        self.shell.system = self._system
        self.shell.ask_exit = lambda: None
        self.shell.user_ns["get_ipython"] = lambda: self.shell
        for name in ("pip", "conda", "mamba", "uv"):
            self.shell.register_magic_function(self._installer(name), "line", name)
        for name in ("matplotlib", "tensorflow_version", "pylab", "gui", "autosave"):
            self.shell.register_magic_function(lambda line: None, "line", name)
        self._out, self._err = _Output(link, "stdout"), _Output(link, "stderr")
        link.flush_output = self._flush
        sys.stdout, sys.stderr = self._out, self._err
        self._known: set[str] = set(self.shell.user_ns)

    def run(self, source: str) -> None:
        """Run one cell; what it raises is recorded, never raised."""
        self._out.new_cell()
        self._err.new_cell()
        result = self.shell.run_cell(source, store_history=False, silent=False)
        self._flush()
        error = result.error_before_exec or result.error_in_exec
        if isinstance(error, SystemExit):
            self._link.note("warning", "exit", "The code asked to exit; the cells after it were run all the same.")
        elif error is not None:
            self._failed(error, source)
        self._functions()

    def _flush(self) -> None:
        self._out.send()
        self._err.send()

    def _failed(self, error: BaseException, source: str) -> None:
        line = error.lineno if isinstance(error, SyntaxError) else _line_in_cell(error)
        lines = source.count("\n") + 1
        self._link.tell(
            CellFailed(
                error=type(error).__name__[:100],
                message=_COLOURS.sub("", str(error))[:1000],
                line=line if line is not None and 1 <= line <= lines else None,
            )
        )

    def _functions(self) -> None:
        """Functions that the cell defined at top level."""
        for name in list(self.shell.user_ns)[:5000]:
            value = self.shell.user_ns.get(name)
            if isinstance(value, types.FunctionType) and value.__module__ == "__main__":
                mark = f"{name}@{id(value.__code__)}"
                if mark not in self._known and len(self._known) < 5000:
                    self._known.add(mark)
                    code = value.__code__
                    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
                    parameters = tuple(parameter[:_MAX_NAMES] for parameter in names)[:_MAX_PARAMETERS]
                    self._link.tell(FunctionDefined(name=str(name)[:_MAX_NAMES], parameters=parameters))

    def _installer(self, name: str) -> Callable[[str], None]:
        def skip(line: str) -> None:
            self._skip_install(f"{name} {line}")

        return skip

    def _skip_install(self, command: str) -> None:
        shown = command.strip()[:100]
        self._link.note("skipped", shown, f"“{shown}” was not run: nothing is installed while grading.")

    def _system(self, command: str) -> None:
        """`!command`: installers are skipped, the rest runs inside the sandbox."""
        if _INSTALLERS.match(command):
            self._skip_install(command)
            return
        try:
            done = subprocess.run(
                ["/bin/sh", "-c", command],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS_PER_COMMAND,
                check=False,
            )
            print(done.stdout.decode(errors="replace")[:_MAX_CELL_TEXT], end="")
            print(done.stderr.decode(errors="replace")[:_MAX_CELL_TEXT], end="", file=sys.stderr)
        except (OSError, subprocess.TimeoutExpired) as error:
            shown = shlex.quote(command)[:100]
            self._link.note("warning", "command", f"The command {shown} could not be run ({type(error).__name__}).")


def _line_in_cell(error: BaseException) -> int | None:
    """The line of the cell itself that the error passed through last."""
    found = None
    for frame in traceback.extract_tb(error.__traceback__):
        if "ipython-input" in frame.filename or "ipykernel" in frame.filename or frame.filename.startswith("<ipython"):
            found = frame.lineno
    return found
