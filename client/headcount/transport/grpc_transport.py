"""The way over gRPC: one connection per call.

gRPC is the extra `headcount[grpc]`. It is imported with this module, so when the
first report leaves: that takes a host longer than all else here.
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

# A server that restarts is tried again at once, within the deadline of the
# call; tries beyond that are counted and spaced by the plan, over hours.
_SERVICE = """{"methodConfig": [{
  "name": [{"service": "headcount.v1.TelemetryService", "method": "SubmitReport"}],
  "retryPolicy": {"maxAttempts": 3, "initialBackoff": "0.5s", "maxBackoff": "2s",
                  "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"]}
}]}"""


class GrpcTransport(UnaryTransport):
    """Sends over gRPC; by default it trusts gRPC's own roots."""

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
