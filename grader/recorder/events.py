"""What a sandbox says, checked and bounded before it becomes part of a recording."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from grader.recorder.architectures import architecture_of, compile_arguments
from grader.records.models import Architecture, CompileArguments, DataUse, TestScore
from grader.records.recording import Compiled, Evaluated, Event, ModelBuilt, ModelSaved, Noted, Predicted, SummaryShown
from grader.training.plain import value_count

MAX_EVENTS = 20_000
_MAX_TEXT = 2_000_000
_MAX_PHRASE = 8_000
"""Characters of a name or message that is not printed text."""
_MAX_PICTURES = 40_000_000
_MAX_FIGURES = 250
_MAX_FIGURE_DATA = 4_000_000
"""Numbers, texts and tables in all figures together."""
_MAX_CURVES = 20_000
"""Lines and the like in all figures together: each is held against every history."""
_MAX_DESCRIPTION = 200_000
_MAX_DESCRIPTIONS = 4_000_000
"""The same in the description of one model, and in those of all distinct models together."""
_MAX_SAID = 4_000_000
_LETTERS = 32
"""The same in everything else that is said, where each so many letters of a text count too: some 128 MB."""
_BOUNDED_APART = ("description", "figure", "figures")
_SAID = ("printed", "figure", "function", "failed", "noted")
_EVENTS: TypeAdapter[Event] = TypeAdapter(Event)


class ForgedError(Exception):
    """The sandbox sent something that the probe never sends."""


class EventLog:
    """The events of one recording, numbered in order."""

    def __init__(self, cells: int) -> None:
        self.events: list[Event] = []
        self.architectures: dict[str, Architecture] = {}
        self.cell = -1
        """Index of the cell that the sandbox says is running."""
        self._cells = cells
        self._text = 0
        self._pictures = 0
        self._figures = 0
        self._figure_data = 0
        self._curves = 0
        self._descriptions = 0
        self._said = 0
        self._seen: set[tuple[str, str]] = set()

    @property
    def next_seq(self) -> int:
        """The number that the next event gets."""
        return len(self.events)

    def enter(self, header: Mapping[str, Any]) -> int:
        """The cell that begins to run. Cells run in order: none comes back."""
        cell = header.get("cell")
        if not isinstance(cell, int) or isinstance(cell, bool) or not self.cell < cell < self._cells:
            raise ForgedError("a message names a cell that does not exist or was left")
        self.cell = cell
        return cell

    def place(self, header: Mapping[str, Any]) -> int:
        """The cell that a message belongs to, which is the one that runs; takes note of how much the message says."""
        cell = header.get("cell")
        if not isinstance(cell, int) or isinstance(cell, bool) or cell != self.cell:
            raise ForgedError("a message names a cell that does not run")
        said = {name: value for name, value in header.items() if name not in _BOUNDED_APART}
        self._said += value_count(said, _MAX_SAID, _LETTERS)
        if self._said > _MAX_SAID:
            raise ForgedError("more than can be kept")
        return cell

    def add(self, event: Event) -> None:
        """Append an event that the host made itself."""
        if len(self.events) >= MAX_EVENTS:
            raise ForgedError(f"more than {MAX_EVENTS:,} events")
        self.events.append(event)

    def note(self, topic: Literal["shim", "skipped", "limit", "warning"], name: str, message: str) -> None:
        """Append a note of the host's own."""
        self.add(Noted(seq=self.next_seq, cell=self.cell, topic=topic, name=name, message=message))

    def said(self, header: Mapping[str, Any], data: DataUse | None = None) -> None:
        """Append what the sandbox says happened."""
        kind, cell = header.get("kind"), self.place(header)
        if kind in _SAID:
            self._plain(header, cell)
            return
        model, architecture = self.model(header, cell)
        common: dict[str, Any] = {"seq": self.next_seq, "cell": cell, "model": model, "architecture": architecture}
        trained = header.get("trained") if isinstance(header.get("trained"), int) else None
        if kind == "compiled":
            self.add(Compiled(**common, arguments=self.compiled(header)))
        elif kind == "summary":
            self.add(SummaryShown(**common))
        elif kind == "predicted" and data is not None:
            self.add(Predicted(**common, trained=trained, data=data, output_shape=_shape(header.get("output_shape"))))
        elif kind == "model_saved":
            self.add(_saved(header, common | {"trained": trained}))
        else:
            raise ForgedError(f"an event of unknown kind {str(kind)[:40]!r}")

    def evaluated(
        self, header: Mapping[str, Any], data: DataUse, trained: int | None, measured: TestScore | None
    ) -> None:
        """Append an evaluation: what the sandbox says of it, and what the host `measured`."""
        model, architecture = self.model(header, self.cell)
        common: dict[str, Any] = {"seq": self.next_seq, "cell": self.cell, "model": model, "architecture": architecture}
        metrics = _metrics(header.get("metrics"))
        self.add(Evaluated(**common, trained=trained, data=data, metrics=metrics, measured=measured))

    def draw(self, cell: int, figures: Any) -> None:
        """Append figures that were open, after `cell`, when the run ended early."""
        for figure in figures if isinstance(figures, list) else ():
            with suppress(ForgedError):
                self._plain({"kind": "figure", "figure": figure}, cell)

    def _plain(self, header: Mapping[str, Any], cell: int) -> None:
        fields = {key: value for key, value in header.items() if key not in ("type", "seq", "cell")}
        if isinstance(fields.get("figure"), dict):
            fields["figure"] = self._bounded_figure(fields["figure"])
        elif header.get("kind") != "printed" and any(_is_long(value) for value in fields.values()):
            raise ForgedError(f"an overlong {header.get('kind')} event")
        self._text += sum(len(value) for value in fields.values() if isinstance(value, str))
        if self._text > _MAX_TEXT and header.get("kind") == "printed":
            return
        try:
            self.add(_EVENTS.validate_python(fields | {"seq": self.next_seq, "cell": cell}))
        except ValidationError as error:
            raise ForgedError(f"a malformed {header.get('kind')} event") from error

    def _bounded_figure(self, figure: dict[str, Any]) -> dict[str, Any]:
        """The figure, without its picture or its data once the recording holds enough of them."""
        self._figures += 1
        self._figure_data += value_count(figure, _MAX_FIGURE_DATA)
        self._curves += _curve_count(figure)
        if self._figures > _MAX_FIGURES or self._figure_data > _MAX_FIGURE_DATA or self._curves > _MAX_CURVES:
            raise ForgedError("more figures than can be kept")
        self._pictures += sum(len(figure[name]) for name in ("svg", "png") if isinstance(figure.get(name), str))
        return figure if self._pictures <= _MAX_PICTURES else figure | {"svg": "", "png": ""}

    def model(
        self, header: Mapping[str, Any], cell: int, input_shape: tuple[int, ...] | None = None
    ) -> tuple[str, str]:
        """(model, architecture id) of a message about a model, which is announced at first sight."""
        description, model = header.get("description"), header.get("model")
        if not isinstance(description, dict) or not isinstance(model, str) or len(model) > 20:
            raise ForgedError("a message about a model does not describe it")
        size = value_count(description, _MAX_DESCRIPTION)
        if size > _MAX_DESCRIPTION:
            raise ForgedError("an overlong description of a model")
        try:
            architecture = architecture_of(description, input_shape)
        except (ValidationError, RecursionError) as error:
            raise ForgedError("a malformed description of a model") from error
        if architecture.id not in self.architectures:
            self._descriptions += size
            if self._descriptions > _MAX_DESCRIPTIONS:
                raise ForgedError("more models than can be kept")
        known = self.architectures.get(architecture.id)
        if known is None or (known.parameters is None and architecture.parameters is not None):
            self.architectures[architecture.id] = architecture
        if (model, architecture.id) not in self._seen:
            self._seen.add((model, architecture.id))
            name = str(description.get("name"))[:100]
            self.add(ModelBuilt(seq=self.next_seq, cell=cell, model=model, name=name, architecture=architecture.id))
        return model, architecture.id

    def compiled(self, header: Mapping[str, Any]) -> CompileArguments:
        """The compile arguments in a message."""
        try:
            return compile_arguments(header.get("compile"))
        except ValidationError as error:
            raise ForgedError("malformed compile arguments") from error


def _curve_count(figure: Mapping[str, Any]) -> int:
    axes = figure.get("axes")
    parts = [part for one in (axes if isinstance(axes, list) else ()) if isinstance(one, dict) for part in one.values()]
    return sum(len(part) for part in parts if isinstance(part, list) and part and isinstance(part[0], dict))


def _metrics(raw: Any) -> dict[str, float]:
    if not isinstance(raw, dict):
        raise ForgedError("metrics that are no table")
    return {str(name)[:80]: float(value) for name, value in list(raw.items())[:40] if is_number(value)}


def is_number(value: Any) -> bool:
    """Whether `value` is a number that fits a float; infinities and NaN are numbers."""
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < 1 << 64)


def _shape(raw: Any) -> tuple[int, ...]:
    sizes = raw[:8] if isinstance(raw, list) else []
    return tuple(size for size in sizes if isinstance(size, int) and abs(size) < 1 << 53)


def _is_long(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) > 1_000 or any(_is_long(item) for item in value)
    return isinstance(value, str) and len(value) > _MAX_PHRASE


def _saved(header: Mapping[str, Any], common: dict[str, Any]) -> ModelSaved:
    what: Literal["model", "weights"] = "weights" if header.get("what") == "weights" else "model"
    ending = re.sub(r"[^\w.]", "", str(header.get("ending")))[:12]
    return ModelSaved(**common, what=what, ending=ending, written=header.get("written") is True)
