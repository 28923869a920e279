"""Reads the answers of one report, within the bounds of the registry.

A key that is unknown, expired, malformed or out of bounds is left out and named, and the
rest counts. Each value becomes the text under which its total is kept. No text of a client
passes through unless the declaration allows it.

Every key with a single value has one class that is never tallied, because it is never
published: `other` of a choice, version, product or text, `false` of a boolean, the first
bucket of a count. Items outside a list are not counted at all.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, NoReturn

from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet
from headcount.v1 import options_pb2, telemetry_service_pb2

from headcount_server.errors import InvalidReport, Violation
from headcount_server.registry.schema import Key, Project

MAX_TEXT = 64
"""Longest text or version, in characters."""
OTHER = "other"
ENUM_UNSPECIFIED, ENUM_OTHER = 0, 1

MAX_IGNORED = 100
"""Most keys that one response names as left out."""

# A component has at most nine digits, as on the client. Longer ones are dates with times,
# serial numbers or messages.
_VERSION = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})*", re.ASCII)

Reason = telemetry_service_pb2.IgnoredReason


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """One key's answer: the values to tally; none if its class is never published.

    An answer equals only itself, so that counting answers is cheap. `answer_cache` gives
    the same object for the same bytes.
    """

    key: int
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ignored:
    """A key that was left out, with the reason."""

    key: str
    """Name of the key; empty if it is unknown."""
    number: int
    """Number of its field in the report."""
    reason: telemetry_service_pb2.IgnoredReason
    violation: Violation


class Answers(NamedTuple):
    """A whole report: the answers that count, the keys left out, and the release."""

    given: tuple[Answer, ...]
    ignored: tuple[Ignored, ...]
    release: str
    """The project's release, for cross-tabulations; `other` if unknown."""


class _LeftOut(Exception):
    """A key that cannot be counted."""

    def __init__(
        self, reason: telemetry_service_pb2.IgnoredReason, field: str, description: str
    ) -> None:
        super().__init__(description)
        self.reason = reason
        self.field = field


def read(project: Project, report: bytes, today: date) -> Answers:
    """Return the answers in a serialized report of a project.

    A report without answers counts too. If it were refused, every counted report would
    be known to answer some key, and small numbers of answers could be inferred from
    that. Raises InvalidReport if the bytes are not a report of the project, or if
    every answer in it is left out.
    """
    try:
        decoded = project.report_class.FromString(report)
    except DecodeError:
        raise InvalidReport(
            Violation("report", f"not a {project.report_class.DESCRIPTOR.full_name}")
        ) from None
    given, ignored = [], _unknown(decoded)
    for field, value in decoded.ListFields():
        key = project.keys[field.number]
        try:
            given.append(Answer(key.number, _values(key, value, today)))
        except _LeftOut as left_out:
            violation = Violation(f"{key.name}{left_out.field}", str(left_out))
            ignored.append(Ignored(key.name, key.number, left_out.reason, violation))
    if ignored and not given:
        raise InvalidReport(*(entry.violation for entry in ignored))
    return Answers(tuple(given), tuple(ignored), release(project, given))


def without(report: Answers, left_out: Sequence[Ignored]) -> Answers:
    """Return the same answers with more keys left out.

    Raises InvalidReport if no answer remains.
    """
    if not left_out:
        return report
    if not report.given:
        raise InvalidReport(*(entry.violation for entry in left_out))
    return report._replace(ignored=(*left_out, *report.ignored)[:MAX_IGNORED])


def release(project: Project, given: Iterable[Answer]) -> str:
    """Return the release that these answers name; `other` if they name none."""
    for answer in given:
        if answer.key == project.version_key and answer.values:
            return answer.values[0]
    return OTHER


def _unknown(report: Message) -> list[Ignored]:
    fields = UnknownFieldSet(report)
    numbers = sorted({fields[i].field_number for i in range(len(fields))})[:MAX_IGNORED]
    reason = Reason.IGNORED_REASON_UNKNOWN
    return [
        Ignored("", n, reason, Violation(f"report[{n}]", "no key has this number")) for n in numbers
    ]


def _values(key: Key, value: Message, today: date) -> tuple[str, ...]:
    if key.expires is not None and today >= key.expires:
        raise _LeftOut(Reason.IGNORED_REASON_EXPIRED, "", f"expired on {key.expires}")
    return _READERS[key.declaration.type](key, value)


# The fields of a key's message are known only at run time, so they are Any below.


def _boolean(_key: Key, answer: Any) -> tuple[str, ...]:  # noqa: ANN401
    if not answer.HasField("value"):
        _malformed(".value", "no value")
    return ("true",) if answer.value else ()


def _choice(key: Key, answer: Any) -> tuple[str, ...]:  # noqa: ANN401
    text = _enum_text(key, answer.value)
    return () if text == OTHER else (text,)


def _version(key: Key, answer: Any) -> tuple[str, ...]:  # noqa: ANN401
    text = _cut(key, answer.value)
    return () if text == OTHER else (text,)


def _product(key: Key, answer: Any) -> tuple[str, ...]:  # noqa: ANN401
    product = _enum_text(key, answer.value)
    version = _cut(key, answer.version, ".version") if answer.version else ""
    if product == OTHER:
        return ()
    return (f"{product} {version}",) if version not in {"", OTHER} else (product,)


def _count(key: Key, answer: Any) -> tuple[str, ...]:  # noqa: ANN401
    if not answer.HasField("value"):
        _malformed(".value", "no value")
    if answer.value < 0:
        _out_of_bounds(".value", f"{answer.value} is negative")
    bucket = bisect_right(key.declaration.buckets, answer.value)
    return (_bucket_text(key.declaration.buckets, bucket),) if bucket else ()


def bucket_texts(bounds: Sequence[int]) -> tuple[str, ...]:
    """Return the ranges of a count that are tallied: all but the first."""
    return tuple(_bucket_text(bounds, bucket) for bucket in range(1, len(bounds) + 1))


def _bucket_text(bounds: Sequence[int], bucket: int) -> str:
    lower = bounds[bucket - 1]
    if bucket == len(bounds):
        return f"{lower}+"
    upper = bounds[bucket] - 1
    return f"{lower}-{upper}" if upper > lower else str(lower)


def _list(key: Key, answer: Any) -> tuple[str, ...]:  # noqa: ANN401
    limit = key.declaration.max_items
    if len(answer.values) > limit:
        _out_of_bounds(".values", f"{len(answer.values)} items, at most {limit}")
    if key.catalogue:
        return tuple(sorted(key.catalogue.intersection(answer.values)))
    texts = {_enum_text(key, number, ".values") for number in answer.values}
    return tuple(sorted(texts - {OTHER}))


def _text(_key: Key, answer: Any) -> tuple[str, ...]:  # noqa: ANN401
    text: str = answer.value
    _check_length(text, ".value")
    if not text or not text.isprintable() or text != text.strip():
        _malformed(".value", "empty, or with line breaks, controls or outer blanks")
    return () if text == OTHER else (text,)


_READERS: dict[int, Callable[[Key, Any], tuple[str, ...]]] = {
    options_pb2.KEY_TYPE_BOOLEAN: _boolean,
    options_pb2.KEY_TYPE_CHOICE: _choice,
    options_pb2.KEY_TYPE_VERSION: _version,
    options_pb2.KEY_TYPE_PRODUCT: _product,
    options_pb2.KEY_TYPE_COUNT: _count,
    options_pb2.KEY_TYPE_LIST: _list,
    options_pb2.KEY_TYPE_TEXT: _text,
}


def _enum_text(key: Key, number: int, field: str = ".value") -> str:
    # This registry reads a value that only a newer client knows as `other`, just as the
    # client reads one that nobody declared.
    if number == ENUM_UNSPECIFIED:
        _malformed(field, "no value")
    return OTHER if number == ENUM_OTHER else key.values.get(number, OTHER)


def _cut(key: Key, version: str, field: str = ".value") -> str:
    if version == OTHER:
        return OTHER
    _check_length(version, field)
    if not _VERSION.fullmatch(version):
        _malformed(
            field, "no version (numbers of up to nine digits with dots between), nor `other`"
        )
    return ".".join(version.split(".")[: key.declaration.precision])


def _check_length(text: str, field: str) -> None:
    if len(text) > MAX_TEXT:
        _out_of_bounds(field, f"{len(text)} characters, at most {MAX_TEXT}")


def _malformed(field: str, description: str) -> NoReturn:
    raise _LeftOut(Reason.IGNORED_REASON_MALFORMED, field, description)


def _out_of_bounds(field: str, description: str) -> NoReturn:
    raise _LeftOut(Reason.IGNORED_REASON_OUT_OF_BOUNDS, field, description)
