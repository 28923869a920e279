"""What travels between a host and the server: a report in its envelope, and an answer.

How it travels is told by `grpc_transport` and `http_transport`; nothing else
opens a connection.
"""

from __future__ import annotations

from headcount.model.frozen import Frozen

TYPE_CHECKING = False  # `typing` itself is too dear for the host's start
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    from headcount.v1.telemetry_service_pb2 import SubmitReportRequest, SubmitReportResponse

    class Transport(Protocol):
        """Anything that can submit a report."""

        def submit(self, request: Request, timeout: float) -> Answer:
            """Sends one report; answers within `timeout` seconds, errors included."""


SUBMIT_REPORT = "/headcount.v1.TelemetryService/SubmitReport"
GET_REGISTRY = "/headcount.v1.TelemetryService/GetRegistry"
OPEN_WEEKS = "headcount-open-weeks"
"""Trailing metadata of FAILED_PRECONDITION: the open weeks, current first."""

LARGEST_ANSWER = 256 * 1024
"""Bytes of an answer that are read at most."""


class Request(Frozen):
    """One report in its envelope.

    `week` is an ISO week such as `2026-W47`, `token` 16 bytes, `report` the
    bytes of `headcount.projects.<project>.v1.Report`.
    """

    week: str
    token: bytes
    registry_digest: str
    project: str
    report: bytes


class Ignored(Frozen):
    """A key that the server left out: its name (`""` where unknown), number and reason."""

    key: str
    number: int
    reason: str
    message: str


class Answer(Frozen):
    """What came back: `code` is the name of a gRPC status, such as `OK`."""

    code: str
    open_weeks: tuple[str, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    message: str = ""


def message(request: Request) -> SubmitReportRequest:
    """A request as the wire has it."""
    from headcount.v1.telemetry_service_pb2 import (  # noqa: PLC0415 - only where one is sent
        SubmitReportRequest,
    )

    sent = SubmitReportRequest(
        week=request.week, token=request.token, registry_digest=request.registry_digest
    )
    sent.report.type_url = f"type.googleapis.com/headcount.projects.{request.project}.v1.Report"
    sent.report.value = request.report
    return sent


def question(project: str) -> bytes:
    """The request for a project's registry and policy, as the wire has it."""
    from headcount.v1.telemetry_service_pb2 import (  # noqa: PLC0415 - only where one is sent
        GetRegistryRequest,
    )

    return GetRegistryRequest(project=project).SerializeToString()


def accepted(response: SubmitReportResponse) -> Answer:
    """The answer that the server gives to a report that it counted."""
    from headcount.v1.telemetry_service_pb2 import IgnoredReason  # noqa: PLC0415 - as above

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


def listed_weeks(values: Iterable[str]) -> tuple[str, ...]:
    """The open weeks that the values of a header name, in their order."""
    return tuple(week.strip() for week in ",".join(values).split(",") if week.strip())
