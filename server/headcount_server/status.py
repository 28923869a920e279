"""A refusal as `google.rpc.Status`, the form that every door answers in."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

from headcount_server.errors import InvalidReport, Overloaded, Refusal, WeekNotOpen

RETRY_SECONDS = 6 * 3600
"""How long an overloaded server asks callers to stay away."""


def status(refusal: Refusal) -> status_pb2.Status:
    """Code, message and details of a refusal; the message names the field by itself."""
    answer = status_pb2.Status(code=code_pb2.Code.Value(refusal.code.name), message=str(refusal))
    for detail in _details(refusal):
        answer.details.add().Pack(detail)
    return answer


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
