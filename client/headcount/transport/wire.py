"""The service's messages in bytes: requests, and the answers to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from headcount.transport.messages import Answer, Ignored
from headcount.v1.telemetry_service_pb2 import (
    GetRegistryRequest,
    GetRegistryResponse,
    IgnoredReason,
    SubmitReportRequest,
    SubmitReportResponse,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from headcount.transport.messages import Request


def submit_request(request: Request) -> bytes:
    """Return a report in its envelope."""
    sent = SubmitReportRequest(
        week=request.week, token=request.token, registry_digest=request.registry_digest
    )
    sent.report.type_url = f"type.googleapis.com/headcount.projects.{request.project}.v1.Report"
    sent.report.value = request.report
    return sent.SerializeToString()


def registry_request(project: str) -> bytes:
    """Return the request for a project's registry and policy."""
    return GetRegistryRequest(project=project).SerializeToString()


def submit_answer(data: bytes) -> Answer:
    """Return what the server says about a report that it counted."""
    try:
        response = SubmitReportResponse.FromString(data)
    except DecodeError as error:
        return Answer(code="INTERNAL", message=f"an answer that is none: {error}")
    names = {number: name for name, number in IgnoredReason.items()}
    ignored = tuple(
        Ignored(
            key=item.key,
            number=item.number,
            reason=names.get(item.reason, str(item.reason)),
            message=item.message,
        )
        for item in response.ignored
    )
    return Answer(code="OK", ignored=ignored)


def open_weeks(data: bytes) -> tuple[str, ...]:
    """Return the open weeks that a described registry names, the current one first."""
    try:
        return tuple(GetRegistryResponse.FromString(data).policy.open_weeks)
    except DecodeError:
        return ()


def listed_weeks(values: Iterable[str]) -> tuple[str, ...]:
    """Return the open weeks that the values of a header name, in their order."""
    return tuple(week.strip() for week in ",".join(values).split(",") if week.strip())
