"""How a report travels: a request, an answer, and gRPC between them.

Nothing but this module and `http_transport` opens a connection, and gRPC is
imported when the first report leaves over it.
"""

from __future__ import annotations

from headcount.endpoint import Endpoint, trusted_roots
from headcount.frozen import Frozen

TYPE_CHECKING = False  # `typing` itself is too dear for the host's start
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Protocol

    import grpc

    from headcount.v1.telemetry_service_pb2 import SubmitReportRequest, SubmitReportResponse

    class Transport(Protocol):
        """Anything that can submit a report."""

        def submit(self, request: Request, timeout: float) -> Answer:
            """Sends one report; answers within `timeout` seconds, errors included."""


METHOD = "/headcount.v1.TelemetryService/SubmitReport"
OPEN_WEEKS = "headcount-open-weeks"
"""Trailing metadata of FAILED_PRECONDITION: the open weeks, current first."""

LARGEST_ANSWER = 256 * 1024
"""Bytes of an answer that are read at most."""

# A server that restarts is tried again at once, within the deadline of the
# call; tries beyond that are counted and spaced by the plan, over hours.
_SERVICE = """{"methodConfig": [{
  "name": [{"service": "headcount.v1.TelemetryService", "method": "SubmitReport"}],
  "retryPolicy": {"maxAttempts": 3, "initialBackoff": "0.5s", "maxBackoff": "2s",
                  "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"]}
}]}"""


class Request(Frozen):
    """One report in its envelope.

    `week` is an ISO week such as `2026-W47`, `token` 16 bytes, `report` the
    bytes of `headcount.projects.<project>.v1.Report`.
    """

    __slots__ = ("project", "registry_digest", "report", "token", "week")

    week: str
    token: bytes
    registry_digest: str
    project: str
    report: bytes

    def __init__(
        self, *, week: str, token: bytes, registry_digest: str, project: str, report: bytes
    ) -> None:
        self._fill(
            week=week, token=token, registry_digest=registry_digest, project=project, report=report
        )


class Ignored(Frozen):
    """A key that the server left out: its name (`""` where unknown), number and reason."""

    __slots__ = ("key", "message", "number", "reason")

    key: str
    number: int
    reason: str
    message: str

    def __init__(self, *, key: str, number: int, reason: str, message: str) -> None:
        self._fill(key=key, number=number, reason=reason, message=message)


class Answer(Frozen):
    """What came back: `code` is the name of a gRPC status, such as `OK`."""

    __slots__ = ("code", "ignored", "message", "open_weeks")

    code: str
    open_weeks: tuple[str, ...]
    ignored: tuple[Ignored, ...]
    message: str

    def __init__(
        self,
        *,
        code: str,
        open_weeks: tuple[str, ...] = (),
        ignored: tuple[Ignored, ...] = (),
        message: str = "",
    ) -> None:
        self._fill(code=code, open_weeks=open_weeks, ignored=ignored, message=message)


class GrpcTransport:
    """Sends over gRPC: one connection per report, closed at once.

    `grpcs://` trusts `root_certificates` (PEM), else the file that the variable
    SSL_CERT_FILE names, else gRPC's own roots.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        allow_plaintext: bool = False,
        root_certificates: bytes | None = None,
    ) -> None:
        self.endpoint = Endpoint.parse(endpoint, allow_plaintext=allow_plaintext)
        self._roots = root_certificates

    def submit(self, request: Request, timeout: float) -> Answer:
        """Sends one report; answers within `timeout` seconds, errors included."""
        import grpc  # noqa: PLC0415 - only where a report is sent

        from headcount.v1.telemetry_service_pb2 import (  # noqa: PLC0415 - as above
            SubmitReportRequest,
            SubmitReportResponse,
        )

        with self._channel(grpc) as channel:
            call = channel.unary_unary(
                METHOD,
                request_serializer=SubmitReportRequest.SerializeToString,
                response_deserializer=SubmitReportResponse.FromString,
            )
            try:
                return accepted(call(message(request), timeout=timeout))
            except grpc.RpcError as error:
                return _refused(error)

    def describe(self, project: str, timeout: float) -> tuple[Answer, bytes]:
        """Asks for a project's registry and policy: OK and its bytes, or why not."""
        import grpc  # noqa: PLC0415 - only where somebody asks

        from headcount import promise  # noqa: PLC0415 - as above

        with self._channel(grpc) as channel:
            try:
                call: Any = channel.unary_unary(promise.METHOD)  # bytes in, bytes out
                return Answer(code="OK"), call(promise.question(project), timeout=timeout)
            except grpc.RpcError as error:
                return _refused(error), b""

    def _channel(self, library: Any) -> grpc.Channel:  # noqa: ANN401 - a module
        options: list[tuple[str, int | str]] = [
            # A pool of its own: no connection outlives or is shared between reports.
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.enable_retries", 1),
            ("grpc.service_config", _SERVICE),
            ("grpc.max_receive_message_length", LARGEST_ANSWER),
        ]
        if proxy := self.endpoint.proxy:
            options.append(("grpc.http_proxy", proxy))
        else:
            options.append(("grpc.enable_http_proxy", 0))
        if not self.endpoint.encrypted:
            channel: grpc.Channel = library.insecure_channel(self.endpoint.target, options)
        else:
            trust = library.ssl_channel_credentials(trusted_roots(self._roots))
            channel = library.secure_channel(self.endpoint.target, trust, options)
        return channel


def opened(
    endpoint: str, *, allow_plaintext: bool = False, root_certificates: bytes | None = None
) -> Transport:
    """The transport that an endpoint asks for."""
    kind: type[GrpcTransport | HttpTransport] = GrpcTransport
    if endpoint.strip().startswith("http"):
        from headcount.http_transport import HttpTransport  # noqa: PLC0415 - only where asked for

        kind = HttpTransport
    return kind(endpoint, allow_plaintext=allow_plaintext, root_certificates=root_certificates)


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


def _refused(error: Any) -> Answer:  # noqa: ANN401 - RpcError's type lacks what every call's has
    trailing = error.trailing_metadata() or ()
    weeks = [value for key, value in trailing if key == OPEN_WEEKS and isinstance(value, str)]
    return Answer(
        code=error.code().name,
        open_weeks=listed_weeks(weeks),
        message=error.details() or "",
    )
