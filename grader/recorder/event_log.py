"""What a sandbox says, bounded all together before it becomes part of a recording."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Literal

from pydantic import ValidationError

from grader import records
from grader.probe import descriptions, messages
from grader.recorder.connection import ForgedError
from grader.recorder.keras.architectures import architecture_of
from grader.recorder.keras.settings import compile_arguments, metric_meanings
from grader.training.plain import value_count

MAX_EVENTS = 20_000
_MAX_TEXT = 2_000_000
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

Plain = messages.Printed | messages.FigureShown | messages.FunctionDefined | messages.CellFailed | messages.Noted
"""What becomes an event as it is said."""


class EventLog:
    """The events of one recording, numbered in order."""

    def __init__(self, cells: int) -> None:
        self.events: list[records.Event] = []
        self.architectures: dict[str, records.Architecture] = {}
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

    def enter(self, begun: messages.CellBegun) -> int:
        """The cell that begins to run. Cells run in order: none comes back."""
        if not self.cell < begun.cell < self._cells:
            raise ForgedError("a message names a cell that does not exist or was left")
        self.cell = begun.cell
        return begun.cell

    def place(self, message: messages.Event | messages.Question) -> int:
        """The cell that a message belongs to, which is the one that runs; takes note of how much the message says."""
        if message.cell != self.cell:
            raise ForgedError("a message names a cell that does not run")
        said = [getattr(message, name) for name in message.__struct_fields__ if name not in _BOUNDED_APART]
        self._said += value_count(said, _MAX_SAID, _LETTERS)
        if self._said > _MAX_SAID:
            raise ForgedError("more than can be kept")
        return message.cell

    def add(self, event: records.Event) -> None:
        """Append an event that the host made itself."""
        if len(self.events) >= MAX_EVENTS:
            raise ForgedError(f"more than {MAX_EVENTS:,} events")
        self.events.append(event)

    def note(self, topic: Literal["shim", "skipped", "limit", "warning"], name: str, message: str) -> None:
        """Append a note of the host's own."""
        self.add(records.Noted(seq=self.next_seq, cell=self.cell, topic=topic, name=name, message=message))

    def said(self, event: messages.Event, data: records.DataUse | None = None) -> None:
        """Append what the sandbox says happened; `data` are those of a prediction."""
        cell = self.place(event)
        if isinstance(event, Plain):
            self._plain(event, cell)
            return
        if not isinstance(
            event, messages.ModelCompiled | messages.SummaryShown | messages.ModelPredicted | messages.ModelSaved
        ):
            raise ForgedError(f"no event to be kept: {type(event).__name__}")
        model, architecture = self.model(event)
        seq = self.next_seq
        if isinstance(event, messages.ModelCompiled):
            arguments = self.compiled(event.compile)
            self.add(records.Compiled(seq=seq, cell=cell, model=model, architecture=architecture, arguments=arguments))
        elif isinstance(event, messages.SummaryShown):
            self.add(records.SummaryShown(seq=seq, cell=cell, model=model, architecture=architecture))
        elif isinstance(event, messages.ModelPredicted):
            self.add(
                records.Predicted(
                    seq=seq,
                    cell=cell,
                    model=model,
                    architecture=architecture,
                    trained=event.trained,
                    data=data or records.DataUse(split="unknown", rows=0, used_rows=0, shape=()),
                    output_shape=tuple(size for size in event.output_shape if abs(size) < 1 << 53),
                )
            )
        else:
            self.add(
                records.ModelSaved(
                    seq=seq,
                    cell=cell,
                    model=model,
                    architecture=architecture,
                    trained=event.trained,
                    what=event.what,
                    ending=re.sub(r"[^\w.]", "", event.ending),
                    written=event.written,
                )
            )

    def evaluated(
        self,
        message: messages.ModelEvaluated,
        data: records.DataUse,
        trained: int | None,
        measured: records.Score | None,
    ) -> None:
        """Append an evaluation: what the sandbox says of it, and what the host `measured`."""
        model, architecture = self.model(message)
        self.add(
            records.Evaluated(
                seq=self.next_seq,
                cell=self.cell,
                model=model,
                architecture=architecture,
                trained=trained,
                data=data,
                metrics=message.metrics,
                meanings=metric_meanings(message.metrics, message.compile.metrics),
                measured=measured,
            )
        )

    def draw(self, cell: int, figures: Iterable[descriptions.FigureDescription]) -> None:
        """Append figures that were open, after `cell`, when the run ended early."""
        for figure in figures:
            with suppress(ForgedError):
                self._plain(messages.FigureShown(cell=cell, figure=figure), cell)

    def _plain(self, event: Plain, cell: int) -> None:
        seq = self.next_seq
        if isinstance(event, messages.FigureShown):
            figure = self._figure(event.figure)
            self.add(records.FigureDrawn(seq=seq, cell=cell, figure=figure))
            return
        fields = [getattr(event, name) for name in event.__struct_fields__]
        self._text += sum(len(value) for value in fields if isinstance(value, str))
        if isinstance(event, messages.Printed):
            if self._text <= _MAX_TEXT:
                self.add(records.Printed(seq=seq, cell=cell, text=event.text, stream=event.stream))
        elif isinstance(event, messages.FunctionDefined):
            self.add(records.FunctionDefined(seq=seq, cell=cell, name=event.name, parameters=event.parameters))
        elif isinstance(event, messages.CellFailed):
            self.add(records.CellFailed(seq=seq, cell=cell, error=event.error, message=event.message, line=event.line))
        else:
            self.add(records.Noted(seq=seq, cell=cell, topic=event.topic, name=event.name, message=event.message))

    def _figure(self, figure: descriptions.FigureDescription) -> records.Figure:
        """The figure, without its picture once the recording holds enough of them."""
        self._figures += 1
        self._figure_data += value_count(figure, _MAX_FIGURE_DATA)
        self._curves += sum(len(getattr(axes, name)) for axes in figure.axes for name in descriptions.AxesDrawn.CURVES)
        if self._figures > _MAX_FIGURES or self._figure_data > _MAX_FIGURE_DATA or self._curves > _MAX_CURVES:
            raise ForgedError("more figures than can be kept")
        self._pictures += len(figure.svg) + len(figure.png)
        try:
            kept = records.Figure.model_validate(figure, from_attributes=True)
        except ValidationError as error:
            raise ForgedError("a malformed figure") from error
        return kept if self._pictures <= _MAX_PICTURES else kept.model_copy(update={"svg": "", "png": ""})

    def model(self, message: messages.AboutModel, input_shape: tuple[int, ...] | None = None) -> tuple[str, str]:
        """(model, architecture id) of a message about a model, which is announced at first sight."""
        model, description = message.model, message.description
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
            name = description.name[:100]
            self.add(
                records.ModelBuilt(
                    seq=self.next_seq, cell=self.cell, model=model, name=name, architecture=architecture.id
                )
            )
        return model, architecture.id

    def compiled(self, description: descriptions.CompileDescription) -> records.CompileArguments:
        """Described compile arguments."""
        try:
            return compile_arguments(description)
        except ValidationError as error:
            raise ForgedError("malformed compile arguments") from error
