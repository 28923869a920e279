"""Requests as JSON, typed by a person or sent by a host without protobuf.

They have the protobuf JSON form. A parser would refuse the whole report for one bad
key. Here a key that this registry does not know, or whose value is malformed, is left
out and named. Everything around the report must be right.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, NoReturn, TypeAlias

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from headcount.v1 import telemetry_service_pb2 as wire

from headcount_server.counting.answers import MAX_IGNORED, Answers, Ignored, Reason
from headcount_server.doors.json_memory import Converted
from headcount_server.doors.json_text import Pairs, named, parse, plain
from headcount_server.errors import InvalidReport, Violation
from headcount_server.registry.schema import Project, project_name
from headcount_server.service.submission import Submission

SHOWN = 64
"""Most characters of an unknown name that a refusal repeats."""

_TYPE = "@type"
_REPORT = "report"
_ENUM_NAME = re.compile(r"VALUE_[A-Z0-9_]+", re.ASCII)

Object: TypeAlias = Mapping[str, Any]
ReadPairs: TypeAlias = Callable[[Project, Pairs, date], Answers]
"""Reads the answers of a report of this project, on this day. Raises InvalidReport."""


def message(into: type[Message], body: bytes) -> Message:
    """Return a request whose fields are all texts. Raises InvalidReport."""
    return into(**_envelope(named(parse(body)), into))


def submission(body: bytes, read: ReadPairs) -> Submission:
    """Return a report in its envelope. Raises InvalidReport."""
    told = named(parse(body))
    given = told.pop(_REPORT, None)
    envelope = _envelope(told, wire.SubmitReportRequest)
    project = None
    if given is not None:
        kind = dict(given).get(_TYPE) if isinstance(given, tuple) else None
        if not isinstance(kind, str):
            _refuse(_REPORT, f'not an object with an "{_TYPE}"')
        project = project_name(kind)
    return Submission(
        envelope.get("week", ""),
        envelope.get("token", b""),
        project,
        lambda project, today: read(project, given, today),
    )


def report(project: Project, told: Object) -> Converted:
    """Return the serialized report, and the keys that it leaves out. Raises InvalidReport."""
    made = project.report_class()
    fields = _fields(made.DESCRIPTOR)
    left_out: list[Ignored] = []
    for name, value in told.items():
        field = fields.get(name)
        if name == _TYPE or (field and value is None):
            continue
        if field is None:
            reason, description = Reason.IGNORED_REASON_UNKNOWN, "no key has this name"
            violation = Violation(f"{_REPORT}.{_shown(name)}", description)
            left_out.append(Ignored(_shown(name), 0, reason, violation))
        elif made.HasField(field.name):  # the same key under both of its names
            _refuse(f"{_REPORT}.{_shown(name)}", "given twice")
        elif not _read(value, getattr(made, field.name)):
            made.ClearField(field.name)
            reason = Reason.IGNORED_REASON_MALFORMED
            violation = Violation(field.name, "not the JSON form of this key")
            left_out.append(Ignored(field.name, field.number, reason, violation))
    return made.SerializeToString(deterministic=True), tuple(left_out[:MAX_IGNORED])


def _read(value: object, key: Message) -> bool:
    if value == []:  # PHP makes this of a message without members
        value = {}
    if not isinstance(value, dict):
        return False
    known = {
        name: _newer_as_other(part, field)
        for name, part in value.items()
        if (field := _fields(key.DESCRIPTOR).get(name)) is not None
    }
    try:
        json_format.ParseDict(known, key)
    except (json_format.ParseError, OverflowError):  # 1e999 is infinite
        return False
    key.SetInParent()
    return len(known) == len(value)


def _newer_as_other(value: Any, field: FieldDescriptor) -> Any:  # noqa: ANN401 - any JSON
    """Return a value in which names that only a newer registry has are `other`."""
    if field.enum_type is None:
        return value
    if isinstance(value, list):
        return [_newer_as_other(item, field) for item in value]
    known = field.enum_type.values_by_name
    if isinstance(value, str) and value not in known and _ENUM_NAME.fullmatch(value):
        return "VALUE_OTHER"
    return value


def _envelope(told: Object, of: type[Message]) -> dict[str, Any]:
    """Return the fields of a request, which are texts or bytes. Raises InvalidReport."""
    fields, found = _fields(of.DESCRIPTOR), {}
    violations = []
    for name, value in told.items():
        field = fields.get(name)
        if field is None:
            violations.append(Violation(_shown(name), "this service knows no such field"))
        elif value is not None:
            try:
                found[field.name] = _text(value, field)
            except ValueError as error:
                violations.append(Violation(field.name, str(error)))
    if violations:
        plain(tuple(told.items()))  # raises if names or depth are wrong, which is told first
        raise InvalidReport(*violations)
    return found


def _text(value: object, field: FieldDescriptor) -> str | bytes:
    if not isinstance(value, str):
        msg = "not a JSON string"
        raise ValueError(msg)  # noqa: TRY004 - as base64 raises
    if field.type != FieldDescriptor.TYPE_BYTES:
        return value
    text = value.rstrip("=").replace("-", "+").replace("_", "/")  # both alphabets are in use
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except Base64Error:
        msg = "not base64"
        raise ValueError(msg) from None


@lru_cache(maxsize=256)
def _fields(of: Descriptor) -> Mapping[str, FieldDescriptor]:
    """Return fields by both of their names, such as `registryDigest` and `registry_digest`."""
    fields: Iterable[FieldDescriptor] = of.fields
    return {f.json_name: f for f in fields} | {f.name: f for f in fields}


def _shown(name: str) -> str:
    return name[:SHOWN] if name.isprintable() else repr(name[:SHOWN])


def _refuse(field: str, description: str) -> NoReturn:
    raise InvalidReport(Violation(field, description))
