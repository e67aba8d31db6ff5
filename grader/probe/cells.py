"""The sandboxed side of a recording: takes the cells from the host, runs them, says what happened."""

from __future__ import annotations

import ast
import builtins
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, NoReturn

import numpy as np
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import UsageError
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
from traitlets.config import Config

from grader.probe import public_data
from grader.probe.drawing import FigureWatch
from grader.probe.failures import OWN, Followed, Why, cause_of
from grader.probe.function_calls import define_and_serve, serve
from grader.probe.keras import hooks
from grader.probe.link import Link, patch
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
    if job.redraw:
        _shift_seeds(job.redraw)
    random.seed(SEED)
    np.random.seed(SEED)
    hooks.install(link, job.effort, job.threads)
    public_data.install(link)
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


def _shift_seeds(by: int) -> None:
    """Let every whole seed mean another: a framework's own function for it hands its seed to these two."""
    plain, numeric = random.seed, np.random.seed

    def seed(a: int | float | str | bytes | bytearray | None = None, version: int = 2) -> None:
        plain(a + by if isinstance(a, int) else a, version)

    def numpy_seed(seed: int | None = None) -> None:
        numeric((seed + by) % 2**32 if isinstance(seed, int) else seed)

    patch(random, seed=seed)
    patch(np.random, seed=numpy_seed)


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
_TIMED = re.compile(r"\A\s{0,100}%%(?=time(?:\s|$))")
"""`%%time` runs what is below it in one piece: as a comment it leaves the statements as they are."""
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


class _Typed(str):
    """What nobody typed: an empty line. Where a number is made of it the machine is at fault, as nobody was there."""

    def _no_number(self) -> NoReturn:
        raise EOFError("EOF when reading a line: nobody is at the keyboard")

    __int__ = __float__ = __index__ = __complex__ = _no_number

    def strip(self, *arguments: object) -> _Typed:
        """The same: still what nobody typed."""
        return self

    lstrip = rstrip = lower = upper = strip


def _unasked(link: Link) -> Callable[..., str]:
    """In place of `input`: shows the question, and takes Enter for the answer."""

    def read_line(prompt: object = "") -> str:
        print(prompt)
        link.note("shim", "input()", "input(...) was answered with an empty line, as nobody is at the keyboard.")
        return _Typed()

    return read_line


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


class _Interpreter(InteractiveShell):  # type: ignore[misc]
    """Runs the statements of a cell one by one, and asks after each that failed whether to go on with the next."""

    goes_on: Callable[[ast.stmt, BaseException, Sequence[ast.stmt]], bool]
    """Of a failed statement, its error and the statements below it: whether these are run."""
    ran: Callable[[ast.stmt], None]
    """Takes note of a statement that did not fail."""

    async def run_ast_nodes(
        self,
        nodelist: Sequence[ast.stmt],
        cell_name: str,
        interactivity: str = "last_expr",
        compiler: object = compile,
        result: ExecutionResult | None = None,
    ) -> bool:
        """Whether the cell stopped. A value is shown for the last statement alone, as in a notebook."""
        statements = list(_main_program(nodelist))
        for place, statement in enumerate(statements):
            below = statements[place + 1 :]
            shown = "none" if below else interactivity
            if await super().run_ast_nodes([statement], cell_name, shown, compiler=compiler, result=result):
                error = (result.error_before_exec or result.error_in_exec) if result is not None else None
                if result is None or error is None or not self.goes_on(statement, error, below):
                    return True
                result.error_before_exec = result.error_in_exec = None
            else:
                self.ran(statement)
        return False

    def run_line_magic(self, magic_name: str, line: str, _stack_depth: int = 1) -> object:
        """A magic that no one has registered here does nothing: it steers a notebook program, not the lab's code."""
        try:
            return super().run_line_magic(magic_name, line, _stack_depth=_stack_depth)
        except UsageError as error:
            self.passed_over(f"%{magic_name}", error)
            return None

    def run_cell_magic(self, magic_name: str, line: str, cell: str) -> object:
        """As with a line; the text below an unknown one is no Python, as far as anybody knows."""
        try:
            return super().run_cell_magic(magic_name, line, cell)
        except UsageError as error:
            self.passed_over(f"%%{magic_name}", error)
            return None

    passed_over: Callable[[str, BaseException], None]
    """Takes note of a magic that did nothing."""


def _main_program(nodes: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements, with those below `if __name__ == "__main__":` in its place."""
    for node in nodes:
        if isinstance(node, ast.If) and not node.orelse and _is_main(node.test):
            yield from node.body
        else:
            yield node


def _is_main(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


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
        self.shell = _Interpreter(
            config=config, user_module=module, displayhook_class=_Results, display_pub_class=_Displays
        )
        self.shell.displayhook.link = link
        self.shell.goes_on = self._goes_on
        self.shell.passed_over = self._passed_over
        self.shell.showtraceback = lambda *arguments, **more: None
        self.shell.showsyntaxerror = lambda *arguments, **more: None
        self.shell.system = self._system
        self.shell.ask_exit = lambda: None
        self.shell.user_ns["get_ipython"] = lambda: self.shell
        for name in ("pip", "conda", "mamba", "uv"):
            self.shell.register_magic_function(self._installer(name), "line", name)
        for name in ("matplotlib", "pylab", "gui", "autosave", "load_ext", "reload_ext"):
            self.shell.register_magic_function(lambda line: None, "line", name)
        self._followed = Followed(self.shell.user_ns)
        self.shell.ran = self._followed.make
        builtins.input = _unasked(link)
        self._out, self._err = _Output(link, "stdout"), _Output(link, "stderr")
        link.flush_output = self._flush
        sys.stdout, sys.stderr = self._out, self._err
        self._known: set[str] = set(self.shell.user_ns)
        self._source = ""
        self._told: BaseException | None = None
        """The error of the statement that stopped the cell, once the host knows of it."""

    def run(self, source: str) -> None:
        """Run one cell; what it raises is recorded, never raised."""
        self._out.new_cell()
        self._err.new_cell()
        self._source, self._told = source, None
        result = self.shell.run_cell(_TIMED.sub("#", source), store_history=False, silent=False)
        self._flush()
        error = result.error_before_exec or result.error_in_exec
        if isinstance(error, SystemExit):
            self._link.note("warning", "exit", "The code asked to exit; the cells after it were run all the same.")
        elif error is not None and error is not self._told:
            self._failed(error, source, None, OWN)
        self._functions()

    def _flush(self) -> None:
        self._out.send()
        self._err.send()

    def _goes_on(self, statement: ast.stmt, error: BaseException, below: Sequence[ast.stmt]) -> bool:
        """Tell of a failed statement. It costs itself alone where the group is not to blame, and its cell where it is.

        What would have stopped the group's own session stops the cell here, as in a notebook.
        """
        if isinstance(error, SystemExit | KeyboardInterrupt):
            return False
        root = self._followed.root_of(error, statement)
        follows, why = root if root is not None else (None, cause_of(error, self.shell.user_ns))
        number = self._followed.count
        went_on = why.cause != "code"
        self._failed(error, self._source, statement, why, follows, went_on)
        for lost in (statement,) if went_on else (statement, *below):
            self._followed.lose(lost, number if follows is None else follows, why)
        self._told = error
        return went_on

    def _failed(
        self,
        error: BaseException,
        source: str,
        statement: ast.stmt | None,
        why: Why,
        follows: int | None = None,
        went_on: bool = False,
    ) -> None:
        lines = source.count("\n") + 1
        line = error.lineno if isinstance(error, SyntaxError) else _line_in_cell(error)
        ends = (statement.lineno, statement.end_lineno or statement.lineno) if statement else None
        self._followed.count += 1
        self._link.tell(
            CellFailed(
                error=type(error).__name__[:100],
                message=_COLOURS.sub("", str(error))[:1000],
                line=line if line is not None and 1 <= line <= lines else None,
                statement=ends if ends is not None and ends[1] <= lines else None,
                cause=why.cause,
                what=why.what,
                follows=follows,
                went_on=went_on,
            )
        )

    def _passed_over(self, magic: str, error: BaseException) -> None:
        shown = magic[:100]
        self._link.note("skipped", shown, f"“{shown}” was not run: it is a command of a notebook program.")

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
