"""The health of the server, by `grpc.health.v1`.

grpcio's HealthServicer notifies watchers while holding the lock that every other health call needs,
so one watcher that stops reading can block the server. This implementation does not.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import grpc
from google.protobuf.message import DecodeError
from grpc_health.v1 import health_pb2

from headcount_server.doors.silent_calls import SilentCalls

SERVICE = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
WATCHES = 4
"""Most watchers at once; each holds a thread."""

_LOOK_SECONDS = 1.0

_Request = health_pb2.HealthCheckRequest
_Response = health_pb2.HealthCheckResponse


class Health:
    """Tells whether the server, or one of these services, can do its work."""

    def __init__(self, services: tuple[str, ...], patience: SilentCalls) -> None:
        self._services = ("", *services)
        self._patience = patience
        self._changed = threading.Condition()
        self._serving = False
        self._leaving = False
        self._free = threading.BoundedSemaphore(WATCHES)

    def tell(self, *, serving: bool) -> None:
        """Set whether the server can do its work; after `leave` it stays at no."""
        with self._changed:
            self._serving = serving and not self._leaving
            self._changed.notify_all()

    @property
    def serving(self) -> bool:
        """Return what `tell` said last."""
        return self._serving

    def leave(self) -> None:
        """Report that the server is about to end, and end all watches."""
        with self._changed:
            self._serving, self._leaving = False, True
            self._changed.notify_all()

    def handler(self) -> grpc.GenericRpcHandler:
        """Return the handler of the calls."""
        to_bytes = _Response.SerializeToString
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "Check": grpc.stream_unary_rpc_method_handler(
                    self._check, response_serializer=to_bytes
                ),
                "Watch": grpc.stream_stream_rpc_method_handler(
                    self._watch, response_serializer=to_bytes
                ),
            },
        )

    def _check(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> _Response:
        if not self._is_known(messages, context):
            context.abort(grpc.StatusCode.NOT_FOUND, "no such service here")
        return self._answer()

    def _watch(
        self, messages: Iterator[bytes], context: grpc.ServicerContext
    ) -> Iterator[_Response]:
        if not self._free.acquire(blocking=False):
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many watch health")
        try:
            if not self._is_known(messages, context):  # and never will be, so no change can come
                yield _Response(status=_Response.SERVICE_UNKNOWN)
                return
            told = None
            while context.is_active() and not (self._leaving and told is False):
                with self._changed:
                    if self._serving is told:
                        self._changed.wait(_LOOK_SECONDS)
                    new = self._serving
                if new is not told:
                    told = new
                    yield self._answer()
        finally:
            self._free.release()

    def _is_known(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> bool:
        try:
            request = _Request.FromString(self._patience.next(messages, context) or b"")
        except DecodeError:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "not a health check request")
        return request.service in self._services

    def _answer(self) -> _Response:
        return _Response(status=_Response.SERVING if self._serving else _Response.NOT_SERVING)
