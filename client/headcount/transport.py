"""How a report travels: a request, an answer, and gRPC between them.

Nothing but this module opens a connection, and gRPC is imported when the first
report leaves.
"""

from __future__ import annotations

from headcount.errors import EndpointError
from headcount.frozen import Frozen

TYPE_CHECKING = False  # `typing` itself is too dear for the host's start
if TYPE_CHECKING:
    from typing import Any, Protocol

    import grpc

    from headcount.v1.telemetry_service_pb2 import SubmitReportResponse

    class Transport(Protocol):
        """Anything that can submit a report."""

        def submit(self, request: Request, timeout: float) -> Answer:
            """Sends one report; answers within `timeout` seconds, errors included."""


METHOD = "/headcount.v1.TelemetryService/SubmitReport"
OPEN_WEEKS = "headcount-open-weeks"
"""Trailing metadata of FAILED_PRECONDITION: the open weeks, current first."""

_HOW = "write grpcs://host[:port], or grpc://localhost:port on the same machine"
_LARGEST_ANSWER = 256 * 1024  # bytes
_HIGHEST_PORT = 65_535


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


class Endpoint(Frozen):
    """Where reports go: `target` is `host:port` as gRPC takes it."""

    __slots__ = ("scheme", "target")

    scheme: str
    target: str

    def __init__(self, scheme: str, target: str) -> None:
        self._fill(scheme=scheme, target=target)

    @classmethod
    def parse(cls, text: str, *, allow_plaintext: bool = False) -> Endpoint:
        """Reads `grpcs://host[:port]` (port 443) or `grpc://host[:port]` (port 80).

        EndpointError for anything else, and for plaintext beyond the loopback
        unless `allow_plaintext`.
        """
        scheme, mark, place = text.strip().partition("://")
        if not mark or scheme not in {"grpc", "grpcs"}:
            raise EndpointError(f"{text!r} is not an endpoint that reports can go to; {_HOW}")
        place = place.removesuffix("/")
        host, port = _host_and_port(place, "443" if scheme == "grpcs" else "80")
        if not host or not _is_port(port) or any(c in host for c in "/?#@ "):
            raise EndpointError(f"{text!r} names no host and port; {_HOW}")
        if scheme == "grpc" and not allow_plaintext and not _is_loopback(host):
            raise EndpointError(
                f"{text!r} would send reports unencrypted beyond this machine; write "
                f"grpcs://{place}, or pass allow_plaintext=True if that is meant"
            )
        return cls(scheme, f"{host}:{port}")


class GrpcTransport:
    """Sends over gRPC: one connection per report, closed at once.

    `grpcs://` trusts gRPC's own roots (or the file that the variable
    GRPC_DEFAULT_SSL_ROOTS_FILE_PATH names), or `root_certificates` (PEM).
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

        message = SubmitReportRequest(
            week=request.week, token=request.token, registry_digest=request.registry_digest
        )
        message.report.type_url = (
            f"type.googleapis.com/headcount.projects.{request.project}.v1.Report"
        )
        message.report.value = request.report
        with self._channel(grpc) as channel:
            call = channel.unary_unary(
                METHOD,
                request_serializer=SubmitReportRequest.SerializeToString,
                response_deserializer=SubmitReportResponse.FromString,
            )
            try:
                return _accepted(call(message, timeout=timeout))
            except grpc.RpcError as error:
                return _refused(error)

    def _channel(self, library: Any) -> grpc.Channel:  # noqa: ANN401 - a module
        options = (
            # A pool of its own: no connection outlives or is shared between reports.
            ("grpc.use_local_subchannel_pool", 1),
            # Tries are counted and spaced by the plan, over hours.
            ("grpc.enable_retries", 0),
            ("grpc.max_receive_message_length", _LARGEST_ANSWER),
        )
        if self.endpoint.scheme == "grpc":
            channel: grpc.Channel = library.insecure_channel(self.endpoint.target, options)
        else:
            trust = library.ssl_channel_credentials(self._roots)
            channel = library.secure_channel(self.endpoint.target, trust, options)
        return channel


def _accepted(response: SubmitReportResponse) -> Answer:
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


def _refused(error: Any) -> Answer:  # noqa: ANN401 - RpcError's type lacks what every call's has
    trailing = error.trailing_metadata() or ()
    weeks = [value for key, value in trailing if key == OPEN_WEEKS and isinstance(value, str)]
    return Answer(
        code=error.code().name,
        open_weeks=tuple(week.strip() for week in ",".join(weeks).split(",") if week.strip()),
        message=error.details() or "",
    )


def _host_and_port(place: str, usual: str) -> tuple[str, str]:
    if place.startswith("["):  # IPv6 in brackets
        host, _, rest = place.partition("]")
        return f"{host}]", rest.removeprefix(":") if rest else usual
    host, mark, port = place.partition(":")
    return host, port if mark else usual


def _is_port(port: str) -> bool:
    return port.isascii() and port.isdigit() and 0 < int(port) <= _HIGHEST_PORT


def _is_loopback(host: str) -> bool:
    if host in {"localhost", "[::1]"}:
        return True
    parts = host.split(".")
    return parts[0] == "127" and len(parts) == 4 and all(part.isdigit() for part in parts)  # noqa: PLR2004 - IPv4
