"""The transport over gRPC, with one connection for each call.

gRPC is the extra `headcount[grpc]`. Its import takes longer than everything else here,
so this module is imported only when the first report leaves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc

from headcount.transport.messages import LARGEST_ANSWER, OPEN_WEEKS, Answer
from headcount.transport.trust import pem, trusted
from headcount.transport.unary import UnaryTransport
from headcount.transport.wire import listed_weeks

if TYPE_CHECKING:
    from headcount.model.deadline import Deadline

# While a server restarts, gRPC retries at once, within the deadline of the call.
# The plan counts later attempts, and spaces them over hours.
_SERVICE = """{"methodConfig": [{
  "name": [{"service": "headcount.v1.TelemetryService", "method": "SubmitReport"}],
  "retryPolicy": {"maxAttempts": 3, "initialBackoff": "0.5s", "maxBackoff": "2s",
                  "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"]}
}]}"""


class GrpcTransport(UnaryTransport):
    """A transport over gRPC. By default it trusts gRPC's own roots."""

    native = True

    def _exchange(self, method: str, body: bytes, deadline: Deadline) -> tuple[Answer, bytes]:
        with self._channel() as channel:
            call: Any = channel.unary_unary(method)  # bytes in, bytes out
            try:
                return Answer(code="OK"), call(body, timeout=deadline.left)
            except grpc.RpcError as error:
                return _refusal(error), b""

    def _channel(self) -> grpc.Channel:
        options: list[tuple[str, int | str]] = [
            # With a pool of its own, no connection outlives its report or serves another.
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
            return grpc.insecure_channel(self.endpoint.target, options)
        roots = trusted(self._roots)
        trust = grpc.ssl_channel_credentials(pem(roots) if roots else None)
        return grpc.secure_channel(self.endpoint.target, trust, options)


def _refusal(error: Any) -> Answer:  # noqa: ANN401 - RpcError's type lacks what every call's has
    trailing = error.trailing_metadata() or ()
    weeks = [value for key, value in trailing if key == OPEN_WEEKS and isinstance(value, str)]
    return Answer(
        code=error.code().name,
        open_weeks=listed_weeks(weeks),
        message=error.details() or "",
    )
