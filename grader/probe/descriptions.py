"""What the probe tells of models, data, figures and values, as types: the parts of which its messages are made.

They are in a neutral vocabulary: layers, optimizers, losses. Only inside `config` and its like stands a framework's own
serialisation, which the host gives to the canonical forms of that framework. This module is imported beside student
code, so that it rests on msgspec alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, TypeAlias

from msgspec import Meta, Struct

if TYPE_CHECKING:
    Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
else:
    # Recursive types are beyond msgspec, and a frame's header is JSON already.
    from typing import Any as Json

Phrase = Annotated[str, Meta(max_length=8_000)]
"""A name or a sentence: anything but printed text and pictures."""
Name = Annotated[str, Meta(max_length=200)]
Digest = Annotated[str, Meta(max_length=64)]
"""SHA-256 in hex: a question only, as the host computes the digests that it goes by."""
Count = Annotated[int, Meta(ge=0, lt=1 << 40)]
Weights = Annotated[int, Meta(ge=0, lt=1 << 53)]
"""Numbers in a model. A larger count would lose digits as a float, and no machine holds one."""
Shape = Annotated[tuple[int | None, ...], Meta(max_length=16)]
"""With the axis of the batch; `None` where a size is open. No layer of a lab has more than five axes."""
Metrics = Annotated[dict[Annotated[str, Meta(max_length=80)], float], Meta(max_length=40)]
Curve = Annotated[tuple[float, ...], Meta(max_length=5_000)]
"""One value an epoch; more epochs than any lab's training has."""
Curves = Annotated[dict[Annotated[str, Meta(max_length=80)], Curve], Meta(max_length=40)]


class Part(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of a message."""


class LayerDescription(Part, frozen=True, kw_only=True):
    """One layer of a model."""

    class_name: Name
    name: Name = ""
    output_shape: Shape | None = None
    parameters: Weights | None = None
    """`None` while it is not built."""


class ModelDescription(Part, frozen=True, kw_only=True):
    """What a model looks like now."""

    name: Name = ""
    class_name: Name = ""
    config: Json = None
    """The framework's own serialisation of a model without code of its own; else `None`."""
    layers: Annotated[tuple[LayerDescription, ...], Meta(max_length=400)] = ()
    """More than the deepest network of a lab has; the probe leaves out the rest."""
    parameters: Weights | None = None
    trainable: Weights | None = None
    input_shape: Shape | None = None
    """`None` while it is not built, and where it has several inputs."""


class CompileDescription(Part, frozen=True, kw_only=True):
    """What a model was compiled with, in the framework's own serialisation or by name."""

    optimizer: Json = None
    loss: Json = None
    metrics: Json = None


class FitDescription(Part, frozen=True, kw_only=True):
    """How a model is to be trained, as the student wrote it. Numbers may be beyond all measure: the host says so."""

    batch_size: int = 32
    epochs: int = 1
    initial_epoch: int = 0
    shuffle: bool = True
    verbose: int = 1
    validation: Literal["none", "split", "data"] = "none"
    validation_split: float = 0.0
    callbacks: tuple[dict[str, Json], ...] = ()
    """Each with `class_name` and its arguments."""
    class_weight: Json = None


class DataReference(Part, frozen=True, kw_only=True):
    """Data that a model is used on, which the host may have been shown."""

    rows: Count
    digest: Digest | None = None
    """Of the rows that were shown; `None` where they are no plain array."""
    labels: Digest | None = None
    used: Count | None = None
    """Rows, or steps of a generator, that the effort kept; `None` where nothing was cut."""


class LineDrawn(Part, frozen=True, kw_only=True):
    """One plotted line, or the points of a scatter. Fields as in the record of a figure's line."""

    label: str = ""
    x: tuple[float, ...]
    y: tuple[float, ...]
    points: int


class ErrorBarsDrawn(Part, frozen=True, kw_only=True):
    """One series of error bars."""

    label: str = ""
    x: tuple[float, ...]
    y: tuple[float, ...]
    error: tuple[float, ...]


class BandDrawn(Part, frozen=True, kw_only=True):
    """The area between two curves."""

    label: str = ""
    x: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


class AxesDrawn(Part, frozen=True, kw_only=True):
    """One set of axes. Fields as in the record of a figure's axes."""

    title: str = ""
    x_label: str = ""
    y_label: str = ""
    x_scale: str = "linear"
    y_scale: str = "linear"
    legend: tuple[str, ...] = ()
    lines: tuple[LineDrawn, ...] = ()
    error_bars: tuple[ErrorBarsDrawn, ...] = ()
    images: tuple[tuple[int, ...], ...] = ()
    bars: int = 0
    heights: tuple[float, ...] = ()
    matrices: tuple[tuple[tuple[float, ...], ...], ...] = ()
    scatters: int = 0
    scattered: tuple[LineDrawn, ...] = ()
    bands: tuple[BandDrawn, ...] = ()

    CURVES: ClassVar[tuple[str, ...]] = ("lines", "error_bars", "scattered", "bands")
    """Fields each of whose items is held against every history."""


class FigureDescription(Part, frozen=True, kw_only=True):
    """A figure as structure and picture. Fields as in the record of a figure."""

    title: str = ""
    axes: tuple[AxesDrawn, ...] = ()
    svg: str = ""
    png: str = ""
    """Base64."""


class NothingReturned(Part, frozen=True, tag_field="kind", tag="none"):
    """`None`."""


class ArrayReturned(Part, frozen=True, kw_only=True, tag_field="kind", tag="array"):
    """Numbers."""

    array: Annotated[int, Meta(ge=0, lt=1 << 16)]
    """Place among the arrays of the answer."""
    type: Annotated[str, Meta(max_length=60)] = ""


class OtherReturned(Part, frozen=True, kw_only=True, tag_field="kind", tag="other"):
    """Anything else, of which only its type is told."""

    type: Annotated[str, Meta(max_length=60)] = ""
    text: Annotated[str, Meta(max_length=120)] = ""


class ItemsReturned(Part, frozen=True, kw_only=True, tag_field="kind", tag="items"):
    """A tuple or list of several things."""

    items: Annotated[tuple[Returned, ...], Meta(max_length=8)]
    type: Annotated[str, Meta(max_length=60)] = ""


Returned: TypeAlias = NothingReturned | ArrayReturned | OtherReturned | ItemsReturned
