"""The answers in sample payloads: JSON objects, one or several in a file, or one a line.

A payload maps keys to answers. It may have a level for projects above (`{"backdrop": {...}}`,
as Backdrop sends it), objects inside (whose names are joined), and the forms of headcount's own
reports in protobuf's JSON mapping, alone or inside a call.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from headcount_registry.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_REPORT = re.compile(r"[^/]*/headcount\.projects\.([a-z0-9_]+)\.v1\.Report")
_WIRE = frozenset({"value", "values", "version"})
_ENUM = "VALUE_"
_OTHER = "VALUE_OTHER"
_DEEPEST = 5
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WHOLE = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Product:
    """A product and its version, as a report has them."""

    name: str
    version: str


Answer: TypeAlias = "bool | int | float | str | list[Json] | Product"


@dataclass(slots=True)
class Answers:
    """The answers to one key, the names under which payloads have it, and what was no answer.

    `exact` says that they come from a report, whose numbers and truth values are marked as such.
    """

    given: list[Answer] = field(default_factory=list)
    spellings: set[str] = field(default_factory=set)
    strange: int = 0
    exact: bool = False


@dataclass(slots=True)
class Payloads:
    """All answers by project and key; the project is `""` where payloads name none."""

    count: int = 0
    keys: dict[tuple[str, str], Answers] = field(default_factory=dict)

    def add(self, text: str, origin: str) -> None:
        """Take the payloads of a file. Raises `SourceError` with its line if they are no JSON."""
        for line, payload in _payloads(text, origin):
            if not isinstance(payload, dict):
                raise SourceError(f"{origin}:{line}: is no object; a payload maps keys to answers")
            self.count += 1
            for project, answers in _projects(payload):
                for name, answer in _flat(answers, "", 0):
                    self._take(project, name, answer)

    def _take(self, project: str, name: str, answer: Json) -> None:
        if answer is None or name.rpartition("_")[2].startswith("@"):
            return
        known = self.keys.setdefault((project, snake(name)), Answers())
        known.spellings.add(name)
        if not isinstance(answer, dict):
            known.given.append(answer)
        elif _is_wire(answer):
            known.exact = True
            known.given += _unwrapped(answer)
        else:
            known.strange += 1


def snake(name: str) -> str:
    """Return a name in lower case with underscores: `phpVersion` is `php_version`."""
    return re.sub(r"[^a-z0-9]+", "_", _HUMP.sub("_", name).lower()).strip("_")


def _payloads(text: str, origin: str) -> Iterator[tuple[int, Json]]:
    """Yield each payload with its line: of one document, or of a document on each line."""
    try:
        whole = _read(text)
    except (ValueError, RecursionError) as error:
        lines = [(at, line) for at, line in enumerate(text.split("\n"), 1) if line.strip()]
        if len(lines) < 2:  # noqa: PLR2004 - one line is one document
            raise _refused(origin, error, lines[0][0] if lines else 1) from error
        for at, line in lines:
            try:
                yield at, _read(line)
            except (ValueError, RecursionError) as inner:
                # A document over several lines is broken where it is, not in its first line.
                one = text.lstrip().startswith("[") or at == lines[0][0]
                raise _refused(origin, error if one else inner, 0 if one else at) from inner
        return
    yield from ((1, each) for each in (whole if isinstance(whole, list) else [whole]))


def _read(text: str) -> Json:
    found: Json = json.loads(text, parse_constant=_no_constant)
    return found


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")


def _refused(origin: str, error: Exception, line: int) -> SourceError:
    if isinstance(error, RecursionError):
        return SourceError(f"{origin}: is nested too deeply")
    if isinstance(error, json.JSONDecodeError):
        at = line + error.lineno - 1 if line and error.lineno == 1 else error.lineno
        return SourceError(f"{origin}:{at}:{error.colno}: no JSON: {error.msg}")
    return SourceError(f"{origin}:{line or 1}: no JSON: {error}")


def _projects(payload: dict[str, Json]) -> Iterator[tuple[str, dict[str, Json]]]:
    """Yield the answers of each project in a payload; the project is `""` if none is named."""
    report = payload.get("report")
    if isinstance(report, dict) and "week" in payload:
        payload = report
    kind = payload.get("@type")
    named = _REPORT.fullmatch(kind) if isinstance(kind, str) else None
    if named:
        yield named[1], payload
        return
    groups = {name: each for name, each in payload.items() if isinstance(each, dict)}
    if groups and len(groups) == len(payload) and not any(map(_is_wire, groups.values())):
        yield from groups.items()
    else:
        yield "", payload


def _flat(answers: dict[str, Json], before: str, depth: int) -> Iterator[tuple[str, Json]]:
    for name, answer in answers.items():
        if isinstance(answer, dict) and not _is_wire(answer) and depth < _DEEPEST:
            yield from _flat(answer, f"{before}{name}_", depth + 1)
        else:
            yield before + name, answer


def _is_wire(answer: dict[str, Json]) -> bool:
    return bool(answer) and answer.keys() <= _WIRE and answer.keys() != {"version"}


def _unwrapped(answer: dict[str, Json]) -> Iterator[Answer]:
    """Yield what a key of a report says; `other` says nothing."""
    values = answer.get("values")
    if isinstance(values, list):
        yield [_plain(each) if isinstance(each, str) else each for each in values if _said(each)]
    value, version = answer.get("value"), answer.get("version")
    if isinstance(value, str) and isinstance(version, str):
        yield Product(_plain(value), version)
    elif isinstance(value, str) and _said(value):
        yield int(value) if _WHOLE.fullmatch(value) else _plain(value)
    elif isinstance(value, bool | int | float):
        yield value


def _said(value: Json) -> bool:
    return value not in {_OTHER, "other"} if isinstance(value, str) else value is not None


def _plain(text: str) -> str:
    """Return a value without the mark of the schema: `VALUE_WINDOWS_NT` is `WINDOWS NT`."""
    return text.removeprefix(_ENUM).replace("_", " ") if text.startswith(_ENUM) else text
