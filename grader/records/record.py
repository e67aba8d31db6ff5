"""What every record has in common: frozen, typed, and JSON both ways; and the plain values that records hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, JsonValue

Scalar: TypeAlias = str | int | float | bool | None
JsonObject: TypeAlias = dict[str, JsonValue]

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[Any]
    """Numbers of whatever type: who needs a certain one checks it, and says so in its own signature."""

    DType: TypeAlias = np.dtype[Any]
else:
    # Names for signatures: the records load without NumPy, as commands and parsers do that look at no numbers.
    Array = DType = Any


class Record(BaseModel):
    """A frozen value that travels between stages. Unknown fields are refused; NaN and infinity are kept as data."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings", arbitrary_types_allowed=False)

    def as_json(self) -> Any:
        """This record as JSON-compatible Python values, with NaN and infinity written as strings."""
        return self.model_dump(mode="json")


class RecordedEvent(Record):
    """Something that happened, at its place in a recording."""

    seq: int
    """Order in the recording, from 0."""
    cell: int
    """Index of the cell that caused it; -1 when outside any."""
