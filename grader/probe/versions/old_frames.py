"""pandas before 2: methods of tables that have other names, and arguments by place."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from grader.probe.link import patch
from grader.probe.versions.noting import Call, Note

When = Callable[[str, Callable[[ModuleType], None]], None]


def install(when: When, note: Note) -> None:
    """Give tables and columns the methods that they had."""
    when("pandas", lambda module: _pandas(module, note))


def _pandas(module: ModuleType, note: Note) -> None:
    frame, series = module.DataFrame, module.Series
    for kind in (frame, series):
        patch(
            kind,
            append=_append(module, note),
            as_matrix=_told("DataFrame.as_matrix", lambda self, *names: self.to_numpy(), note),
            iteritems=_told("DataFrame.iteritems", lambda self: self.items(), note),
            fillna=_fill(kind.fillna, note),
            drop=_axis(kind.drop, note),
        )
        patch(kind, ix=property(lambda self: _Labels(self, note)))
    patch(
        frame,
        applymap=_told("DataFrame.applymap", lambda self, work, **more: self.map(work, **more), note),
        sort=_told("DataFrame.sort", lambda self, columns, **more: self.sort_values(columns, **more), note),
        get_value=_told("DataFrame.get_value", lambda self, row, column: self.at[row, column], note),
    )
    patch(
        module,
        concat=_concat(module.concat, note),
        value_counts=_told("pd.value_counts", lambda values, **more: module.Series(values).value_counts(**more), note),
        rolling_mean=_told("pd.rolling_mean", lambda values, window, **more: values.rolling(window).mean(), note),
        read_csv=_read_csv(module.read_csv, note),
    )


def _told(key: str, work: Call, note: Note) -> Call:
    def call(*arguments: Any, **more: Any) -> Any:
        note(key)
        return work(*arguments, **more)

    return call


def _append(module: ModuleType, note: Note) -> Call:
    def append(self: Any, other: Any, ignore_index: bool = False, **more: Any) -> Any:
        note("DataFrame.append")
        if isinstance(self, module.DataFrame) and isinstance(other, dict):
            other = module.DataFrame([other])
        elif isinstance(self, module.DataFrame) and isinstance(other, module.Series):
            other = other.to_frame().T
        several = list(other) if isinstance(other, list | tuple) else [other]
        return module.concat([self, *several], ignore_index=ignore_index)

    return append


def _fill(original: Call, note: Note) -> Call:
    @functools.wraps(original)
    def fillna(self: Any, *arguments: Any, **more: Any) -> Any:
        method = more.pop("method", None)
        if method is None:
            return original(self, *arguments, **more)
        note("fillna(method=)")
        return (self.ffill if method in ("ffill", "pad") else self.bfill)(**more)

    return fillna


def _axis(original: Call, note: Note) -> Call:
    @functools.wraps(original)
    def drop(self: Any, *arguments: Any, **more: Any) -> Any:
        if len(arguments) > 1:
            note("drop(label, axis)")
            more["axis"] = arguments[1]
        return original(self, *arguments[:1], **more)

    return drop


def _concat(original: Call, note: Note) -> Call:
    @functools.wraps(original)
    def concat(frames: Any, *arguments: Any, **more: Any) -> Any:
        if arguments:
            note("pd.concat(frames, axis)")
            more["axis"] = arguments[0]
        return original(frames, **more)

    return concat


def _read_csv(original: Call, note: Note) -> Call:
    @functools.wraps(original)
    def read_csv(*arguments: Any, **more: Any) -> Any:
        if "error_bad_lines" in more:
            note("read_csv(error_bad_lines=)")
            if not more.pop("error_bad_lines"):
                more["on_bad_lines"] = "skip"
        more.pop("warn_bad_lines", None)
        return original(*arguments, **more)

    return read_csv


class _Labels:
    """`.ix`, by label, and by place where labels are no numbers."""

    def __init__(self, table: Any, note: Note) -> None:
        self._table, self._note = table, note

    def _way(self, key: Any) -> Any:
        self._note("DataFrame.ix")
        first = key[0] if isinstance(key, tuple) else key
        numbered = self._table.index.dtype.kind in "iu"
        return self._table.iloc if isinstance(first, int) and not numbered else self._table.loc

    def __getitem__(self, key: Any) -> Any:
        return self._way(key)[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self._way(key)[key] = value
