"""YAML with the line of everything, for errors that name it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import JsonValue
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from grader.errors import UserError

_SIZE_LIMIT = 1_000_000
"""Bytes of one file."""
_LINE_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""What ends a line for YAML, so that lines are counted as its reader counts them."""
_SCALAR_END = re.compile(r"\s+#|[,\]}]|:(?=\s|$)")
"""What ends a number, a truth value or a date that stands in a line: none of them holds such a sign."""
YamlMapping = dict[object, object]
"""A mapping as it was read: its keys may be anything that YAML has, and it knows the line of each."""


class Document:
    """A YAML file: its value, and errors that begin with the file's name and a line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            data = path.read_bytes()
        except OSError as error:
            raise UserError(f"{self.name} cannot be read: {error.strerror or error}.") from None
        if len(data) > _SIZE_LIMIT:
            raise UserError(f"{self.name} is too large: at most {_SIZE_LIMIT // 1000} kB are read.")
        try:
            text = data.decode("utf-8-sig")
            self._lines = _LINE_END.split(text)
            self.value: object = YAML(typ="rt", pure=True).load(text)
        except UnicodeDecodeError:
            raise UserError(f"{self.name} is not UTF-8. Save it as UTF-8.") from None
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            problem = " ".join(str(error.problem or error.context or "broken YAML").split())
            raise self.error((mark.line if mark else 0) + 1, problem) from None
        except (YAMLError, ValueError, RecursionError) as error:
            raise self.error(1, " ".join(str(error).split())[:200] or "broken YAML") from None

    @property
    def name(self) -> str:
        """The path, relative to the working folder where it lies below it."""
        try:
            return self.path.resolve().relative_to(Path.cwd()).as_posix()
        except ValueError:
            return self.path.as_posix()

    def text_of(self, container: YamlMapping, key: object) -> str:
        """The value under `key` as it stands in the file: `0012345` keeps its zeros, and `Null` may be a name.

        Empty where nothing stands there, or YAML's own signs for nothing.
        """
        value = container[key]
        if isinstance(value, str):
            return str(value)
        written = self._written(container, key, "value")
        if value is None:
            return written if written in ("Null", "NULL") else ""
        return written or str(plain(value))

    def key_text(self, container: YamlMapping, key: object) -> str:
        """`key` as it stands in the file: `2.10` is not 2.1."""
        return str(key) if isinstance(key, str) else self._written(container, key, "key") or str(key)

    def _written(self, container: YamlMapping, key: object, part: Literal["key", "value"]) -> str:
        """The plain scalar of an entry; empty where its place is not known or holds an anchor, an alias or a tag."""
        places = getattr(container, "lc", None)
        try:
            line, column = getattr(places, part)(key)
            rest = self._lines[line][column:]
        except (AttributeError, KeyError, TypeError, IndexError):
            return ""
        return "" if rest[:1] in ("!", "&", "*") else _SCALAR_END.split(rest, maxsplit=1)[0].strip()

    def error(self, line: int, message: str) -> UserError:
        """The error that says `rubric.yaml:12: message`."""
        return UserError(f"{self.name}:{line}: {message}")


def line_of(container: object, key: object, default: int = 1) -> int:
    """The line, from 1, at which `key` of a mapping or item `key` of a list stands."""
    places = getattr(container, "lc", None)
    try:
        where = places.key(key) if isinstance(container, dict) else places.item(key)  # type: ignore[union-attr]
    except (AttributeError, KeyError, TypeError, IndexError):
        return default
    return int(where[0]) + 1 if where else default


def plain(value: object, depth: int = 0) -> JsonValue:
    """`value` in Python's own types; what YAML has beyond JSON becomes text."""
    if depth > 20:
        return None
    if isinstance(value, dict):
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    return str(value)


def plain_mapping(value: YamlMapping, without: Iterable[str] = ()) -> dict[str, JsonValue]:
    """The keys of `value`, but for those in `without`, with their values in Python's own types."""
    left_out = set(without)
    return {str(key): plain(item, 1) for key, item in value.items() if key not in left_out}


def suggestion(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'accuracy'?`, or what is known where nothing is near."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f" Did you mean '{near[0]}'?"
    return f" Known: {', '.join(names)}." if names else ""
