"""Messages at random, worked out from their types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import strategies as st

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """JSON values that are of a type, worked out from the type itself."""
    if isinstance(kind, msgspec.inspect.StructType):
        return structs_of(kind)
    if isinstance(kind, msgspec.inspect.UnionType):
        return st.one_of(*map(values_of, kind.types))
    if isinstance(kind, msgspec.inspect.VarTupleType):
        most = 6 if kind.max_length is None else min(kind.max_length, 6)
        return st.lists(values_of(kind.item_type), min_size=kind.min_length or 0, max_size=most)
    if isinstance(kind, msgspec.inspect.TupleType):
        return st.tuples(*map(values_of, kind.item_types)).map(list)
    if isinstance(kind, msgspec.inspect.DictType):
        most = 4 if kind.max_length is None else min(kind.max_length, 4)
        return st.dictionaries(values_of(kind.key_type), values_of(kind.value_type), max_size=most)
    if isinstance(kind, msgspec.inspect.StrType):
        return st.text(max_size=kind.max_length if kind.max_length is not None and kind.max_length < 300 else 50)
    if isinstance(kind, msgspec.inspect.IntType):
        low = kind.ge if kind.ge is not None else None if kind.gt is None else kind.gt + 1
        high = kind.le if kind.le is not None else None if kind.lt is None else kind.lt - 1
        return st.integers(low, high)
    if isinstance(kind, msgspec.inspect.LiteralType):
        return st.sampled_from(kind.values)
    plain: dict[type, st.SearchStrategy[Any]] = {
        msgspec.inspect.AnyType: JSON,
        msgspec.inspect.NoneType: st.none(),
        msgspec.inspect.BoolType: st.booleans(),
        msgspec.inspect.FloatType: st.floats() | st.integers(-9, 9),
    }
    return plain[type(kind)]


def structs_of(kind: msgspec.inspect.StructType) -> st.SearchStrategy[dict[str, Any]]:
    """Objects of a type, with and without the fields that may be left out."""
    tag = {} if kind.tag is None else {str(kind.tag_field): st.just(kind.tag)}
    required = {field.encode_name: st.deferred(lazily(field.type)) for field in kind.fields if field.required}
    optional = {field.encode_name: st.deferred(lazily(field.type)) for field in kind.fields if not field.required}
    return st.fixed_dictionaries(tag | required, optional=optional)


def lazily(kind: Any) -> Callable[[], st.SearchStrategy[Any]]:
    return lambda: values_of(kind)


def headers(kind: type) -> st.SearchStrategy[dict[str, Any]]:
    """Headers of frames that are messages of this type."""
    return structs_of(msgspec.inspect.type_info(kind))  # type: ignore[arg-type]
