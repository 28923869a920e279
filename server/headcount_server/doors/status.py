"""A refusal as `google.rpc.Status`, the form that every door returns.

`errors` gives each condition its code; this module gives each code its HTTP status.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator, Mapping
from typing import Protocol

import grpc
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

from headcount_server.errors import Fault, InvalidReport, Overloaded, Refusal, TooLarge, WeekNotOpen

OPEN_WEEKS = "headcount-open-weeks"
"""Trailing metadata or HTTP header that lists the open weeks, the current one first."""

HTTP_STATUS: Mapping[grpc.StatusCode, int] = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.INTERNAL: 500,
}
"""The HTTP status of each code, by Connect's table."""
_CONTENT_TOO_LARGE = 413

RETRY_SECONDS = 6 * 3600
"""Seconds that an overloaded server asks callers to stay away."""


class CallMeter(Protocol):
    """Receives the code of every call."""

    def called(self, door: str, code: str) -> None:
        """Record that a call through this door got this code."""
        ...


log = logging.getLogger(__name__)


def fault(error: Exception) -> Fault:
    """Return the refusal for an error of the server itself, and log where it was raised."""
    # The error's message is left out, because it might repeat what was sent.
    trace = "".join(traceback.format_tb(error.__traceback__))
    log.error("a call failed: %s\n%s", type(error).__name__, trace)
    return Fault()


def http_status(refusal: Refusal) -> int:
    """Return the HTTP status of a refusal: its own if it has one, or that of its code."""
    return _CONTENT_TOO_LARGE if isinstance(refusal, TooLarge) else HTTP_STATUS[refusal.code]


def status(refusal: Refusal) -> status_pb2.Status:
    """Return code, message and details of a refusal; its message alone names the field."""
    answer = status_pb2.Status(code=code_pb2.Code.Value(refusal.code.name), message=str(refusal))
    for detail in _details(refusal):
        answer.details.add().Pack(detail)
    return answer


def headers(refusal: Refusal) -> dict[str, str]:
    """Return a refusal's HTTP headers: when to come back, and which weeks are open."""
    match refusal:
        case WeekNotOpen():
            return {OPEN_WEEKS: ",".join(refusal.open_weeks)}
        case Overloaded():
            return {"retry-after": str(RETRY_SECONDS)}
    return {}


def _details(refusal: Refusal) -> Iterator[Message]:
    match refusal:
        case InvalidReport():
            bad = error_details_pb2.BadRequest()
            for violation in refusal.violations:
                bad.field_violations.add(field=violation.field, description=violation.description)
            yield bad
        case WeekNotOpen():
            failure = error_details_pb2.PreconditionFailure()
            for week in refusal.open_weeks:
                failure.violations.add(type="OPEN_WEEK", subject=week, description="takes reports")
            yield failure
        case Overloaded():
            retry = error_details_pb2.RetryInfo()
            retry.retry_delay.FromSeconds(RETRY_SECONDS)
            yield retry
