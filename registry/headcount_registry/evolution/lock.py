"""`registry.lock`: the permanent numbers of keys and values.

It has one JSON line for each key, sorted by project and number, for people to review.
Nothing is ever removed. A key or value that is no longer declared is marked retired, and
its number and name are never given to another. If it is declared again with the same type,
it is the same as before and gets its number back: clients and totals that still have the
number mean exactly that, and a refusal would force a second name for one fact.

    {"project": "bee", "number": 2, "key": "php_version", "type": "version"}
    {"project": "bee", "number": 3, "key": "os", "type": "choice", "values": {"Linux": 2}}
    {"project": "bee", "number": 4, "key": "pages", "type": "count", "buckets": [1, 100]}

`field` is the name on the wire, if a rename made it differ from `key`. `retired` and
`retired_values` mark keys and values that are no longer declared. The type of a list with
a catalogue is `catalogue`, because its items travel as texts and not as numbers. `buckets`
are the bounds of a count. Lines of old locks have none, and get the declared ones.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

from headcount_registry.declarations import names
from headcount_registry.declarations.model import VERSION, KeyType
from headcount_registry.errors import LockError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FILE = "registry.lock"
"""The default name of a lock."""
CATALOGUE = "catalogue"
FIRST_VALUE = 2
"""Number of the first declared value; 0 is unspecified, 1 is other."""

_TYPES = frozenset({*KeyType, CATALOGUE})
_PROPERTIES = frozenset(
    {"project", "number", "key", "field", "type", "retired", "values", "retired_values", "buckets"}
)
_PROTOBUF_OWN = range(19000, 20000)
_LAST_NUMBER = 2**29 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedKey:
    """A line; `values` maps every value, past and present, to its number, in order of number."""

    project: str
    number: int
    key: str
    field: str
    type: str
    values: Mapping[str, int]
    retired: bool = False
    retired_values: frozenset[str] = frozenset()
    buckets: tuple[int, ...] = ()

    def line(self) -> str:
        """Return the line of the file, without its end."""
        parts: dict[str, object] = {
            "project": self.project,
            "number": self.number,
            "key": self.key,
        }
        if self.field != self.key:
            parts["field"] = self.field
        parts["type"] = self.type
        if self.retired:
            parts["retired"] = True
        if self.values:
            parts["values"] = dict(self.values)
        if self.retired_values:
            parts["retired_values"] = [text for text in self.values if text in self.retired_values]
        if self.buckets:
            parts["buckets"] = list(self.buckets)
        return json.dumps(parts, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Lock:
    """All lines, sorted by project and number."""

    keys: tuple[LockedKey, ...] = ()

    def of(self, project: str) -> tuple[LockedKey, ...]:
        """Return the lines of one project."""
        return tuple(key for key in self.keys if key.project == project)

    def text(self) -> str:
        """Return the whole file."""
        return "".join(key.line() + "\n" for key in self.keys)


def lock_path(paths: Iterable[Path]) -> Path:
    """Return the default path of the lock: in the first path, or beside it if that is a file."""
    first = next(iter(paths))
    return first / FILE if first.is_dir() else first.with_name(FILE)


def read_lock(path: Path) -> Lock:
    """Return the lock in a file, an empty one if there is no such file.

    Raises `SourceError` if it cannot be read, and `LockError` if it is damaged.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Lock()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: cannot be read: {error}") from error
    return parse_lock(text, str(path))


def next_number(used: set[int]) -> int:
    """Return the number after the largest used one, outside the range that protobuf reserves."""
    number = max(used, default=0) + 1
    return _PROTOBUF_OWN.stop if number in _PROTOBUF_OWN else number


def parse_lock(text: str, file: str = FILE) -> Lock:
    """Read a lock. Raises `LockError` with file, line and remedy if it is damaged."""
    keys: list[LockedKey] = []
    numbers: dict[tuple[str, int], int] = {}
    known: dict[tuple[str, str], int] = {}
    for count, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            key = _locked_key(json.loads(line, object_pairs_hook=_distinct))
        except (ValueError, TypeError, RecursionError) as error:
            raise LockError(
                f"{file}:{count}: error: {error}; restore the line from version control"
            ) from error
        first = min(
            numbers.setdefault((key.project, key.number), count),
            *(known.setdefault((key.project, name), count) for name in {key.key, key.field}),
        )
        if first != count:
            raise LockError(
                f"{file}:{count}: error: `{key.key}` of `{key.project}`, number {key.number}, has"
                f" a number or a name of line {first}; keep the line that was released, remove the"
                " other, and build again"
            )
        keys.append(key)
    return Lock(tuple(sorted(keys, key=lambda key: (key.project, key.number))))


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in this line")
    return found


def _locked_key(parts: object) -> LockedKey:
    if not isinstance(parts, dict) or parts.keys() - _PROPERTIES:
        raise ValueError("not a line of a lock of this version")
    values, gone = _values(parts.get("values", {}), parts.get("retired_values", []))
    key = _text(parts, "key")
    number = parts.get("number")
    if not _is_number(number, 1) or number in _PROTOBUF_OWN or (number == 1) != (key == VERSION):
        raise ValueError("the number is not one that a key can have")
    if _text(parts, "type") not in _TYPES:
        raise ValueError("there is no such type")
    project, field = _text(parts, "project"), _text(parts, "field") if "field" in parts else key
    # They become names in schemas, and damage would surface far from its place.
    if not (names.is_project_name(project) and names.is_key_name(key) and names.is_key_name(field)):
        raise ValueError("a name is not lower case words joined by single underscores")
    return LockedKey(
        project=project,
        number=number,
        key=key,
        field=field,
        type=_text(parts, "type"),
        retired=parts.get("retired", False) is True,
        values=values,
        retired_values=gone,
        buckets=_buckets(parts.get("buckets", []), parts.get("type")),
    )


def _buckets(bounds: object, kind: object) -> tuple[int, ...]:
    if not isinstance(bounds, list) or (bounds and kind != KeyType.COUNT):
        raise ValueError("buckets are a list, and only a count has them")
    if not all(_is_number(bound, 0) for bound in bounds) or bounds != sorted(set(bounds)):
        raise ValueError("buckets are numbers that rise")
    return tuple(bounds)


def _text(parts: dict[str, Any], name: str) -> str:
    text = parts.get(name)
    if not isinstance(text, str) or not text:
        raise ValueError(f"{name} is no text")
    return text


def _values(values: object, gone: object) -> tuple[dict[str, int], frozenset[str]]:
    if not isinstance(values, dict) or not isinstance(gone, list):
        raise ValueError("values are an object, retired values a list")  # noqa: TRY004 - damage
    if not all(_is_number(number, FIRST_VALUE) for number in values.values()):
        raise ValueError("values have numbers from 2 on")
    if len(set(values.values())) != len(values):
        raise ValueError("two values have one number")
    if len({names.identifier(text) for text in values}) != len(values):
        raise ValueError("two values have one name in the schema")
    "".join(values).encode()  # raises for half of a surrogate pair
    if not all(isinstance(text, str) and text in values for text in gone):
        raise ValueError("a retired value is not among the values")
    return dict(sorted(values.items(), key=lambda item: item[1])), frozenset(gone)


def _is_number(number: object, least: int) -> TypeGuard[int]:
    return (
        isinstance(number, int) and not isinstance(number, bool) and least <= number <= _LAST_NUMBER
    )
