"""A report over gRPC: one connection per report.

gRPC is imported when the first report leaves, since that takes a host longer
than all else here.
"""

from __future__ import annotations

from headcount.transport.endpoint import Endpoint, trusted_roots
from headcount.transport.messages import (
    GET_REGISTRY,
    LARGEST_ANSWER,
    OPEN_WEEKS,
    SUBMIT_REPORT,
    Answer,
    Request,
    accepted,
    listed_weeks,
    message,
    question,
)

TYPE_CHECKING = False  # `typing` itself is too dear for the host's start
if TYPE_CHECKING:
    from typing import Any

    import grpc

# A server that restarts is tried again at once, within the deadline of the
# call; tries beyond that are counted and spaced by the plan, over hours.
_SERVICE = """{"methodConfig": [{
  "name": [{"service": "headcount.v1.TelemetryService", "method": "SubmitReport"}],
  "retryPolicy": {"maxAttempts": 3, "initialBackoff": "0.5s", "maxBackoff": "2s",
                  "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"]}
}]}"""


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
                SUBMIT_REPORT,
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

        with self._channel(grpc) as channel:
            try:
                call: Any = channel.unary_unary(GET_REGISTRY)  # bytes in, bytes out
                return Answer(code="OK"), call(question(project), timeout=timeout)
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


def _refused(error: Any) -> Answer:  # noqa: ANN401 - RpcError's type lacks what every call's has
    trailing = error.trailing_metadata() or ()
    weeks = [value for key, value in trailing if key == OPEN_WEEKS and isinstance(value, str)]
    return Answer(
        code=error.code().name,
        open_weeks=listed_weeks(weeks),
        message=error.details() or "",
    )
