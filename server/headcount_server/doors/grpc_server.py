"""The gRPC door: the service, health and reflection on one port."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn, cast

import grpc
from google.protobuf.message import Message
from grpc_status import rpc_status
from headcount.v1 import telemetry_service_pb2 as wire

from headcount_server.doors.address import Address
from headcount_server.doors.health import SERVICE as HEALTH
from headcount_server.doors.health import Health
from headcount_server.doors.rate_limits import Gate, Visit
from headcount_server.doors.reflection import reflection_handlers
from headcount_server.doors.shared_port import SharedPort
from headcount_server.doors.silent_calls import SilentCalls
from headcount_server.doors.status import OPEN_WEEKS, CallMeter, fault, status
from headcount_server.doors.thread_pools import FullPool
from headcount_server.doors.tls import Identity
from headcount_server.errors import ConfigError, InvalidReport, Refusal, Violation, WeekNotOpen
from headcount_server.registry.current import CurrentRegistry
from headcount_server.service.telemetry_service import SERVICE, Service, decoded

THREADS = 128
"""Most calls in work at once. Each waits for its commit, so no commit has more reports."""
CROWD = THREADS // 2
"""Number of silent calls from which each gets less time; see `silent_calls`."""
MAX_MESSAGE_BYTES = 64 * 1024
DRAIN_SECONDS = 15.0

_OPTIONS: list[tuple[str, int]] = [
    ("grpc.so_reuseport", 0),  # two servers on one port would share it silently
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_metadata_size", 8192),
    # RFC 9113, 6.5.2, advises no fewer. With 16, grpc refused streams of callers that kept to the
    # limit, because it counts streams that have just ended: a proxy would lose reports.
    ("grpc.max_concurrent_streams", 100),
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.max_connection_idle_ms", 30_000),
    ("grpc.max_connection_age_ms", 300_000),
    ("grpc.max_connection_age_grace_ms", 10_000),
    ("grpc.compression_enabled_algorithms_bitset", 1),  # identity alone
]
MAX_CALLS = 1024
"""Most calls at once, waiting ones included, but at least one of each connection; further calls
get RESOURCE_EXHAUSTED at once."""

_Call = Callable[[Iterator[bytes], grpc.ServicerContext], Message]


class GrpcDoor:
    """Listens for gRPC calls on one address.

    Networks share a quarter of the connections that grpcio may hold. Raises ConfigError if
    the door cannot listen there.
    """

    def __init__(  # noqa: PLR0913 - the composition root hands over one of each
        self,
        service: Service,
        registry: CurrentRegistry,
        gate: Gate,
        meter: CallMeter,
        address: Address,
        identity: Identity | None = None,
    ) -> None:
        self._pool = FullPool(THREADS, "grpc")
        self._serving: list[threading.Thread] = []
        self._started = False
        self._stopped = threading.Event()
        most = max(MAX_CALLS, gate.connections)
        self._server = grpc.server(
            cast("ThreadPoolExecutor", self._pool),  # of which grpc asks for no more than `submit`
            options=[
                *_OPTIONS,
                ("grpc.max_allowed_incoming_connections", gate.connections),
                # A call of each connection may wait to be looked at. grpc would end calls from the
                # thousandth on by lot, as CANCELLED.
                ("grpc.server.max_pending_requests", most),
                ("grpc.server.max_pending_requests_hard_limit", most),
            ],
            maximum_concurrent_rpcs=most,
        )
        self._patience = SilentCalls(CROWD)
        self._health = Health((SERVICE,), self._patience)
        self._server.add_generic_rpc_handlers(
            [
                _telemetry(service, gate, self._patience, meter),
                self._health.handler(),
                *reflection_handlers(registry, (SERVICE, HEALTH), self._patience),
            ]
        )
        try:
            if identity is None:
                self.port = self._server.add_insecure_port(str(address))
            else:
                self.port = self._server.add_secure_port(str(address), identity.for_grpc())
        except RuntimeError:
            self.port = 0
        if not self.port:
            msg = f"--grpc {address}: cannot listen there; is the port taken?"
            raise ConfigError(msg)
        # grpcio bounds all connections of all networks, so it must have room for more.
        self._shared = SharedPort(address.at(self.port), max(1, gate.connections // 4))

    @property
    def threads(self) -> list[threading.Thread]:
        """Return the threads, all of which must run while the door answers."""
        return [self._patience.thread, self._shared.thread, *self._serving]

    def start(self) -> None:
        """Start to answer calls. Raises RuntimeError if a thread cannot be started."""
        self._patience.start()
        self._shared.start()
        self._pool.start()
        before = set(threading.enumerate())
        self._server.start()
        self._started = True
        self._serving = [
            thread
            for thread in threading.enumerate()
            if thread not in before and "_serve" in thread.name  # as grpc calls it
        ]
        self.tell(serving=True)

    def tell(self, *, serving: bool) -> None:
        """Set in health whether the server takes reports; after `leave` it stays at no."""
        self._health.tell(serving=serving)

    @property
    def serving(self) -> bool:
        """Return what health says."""
        return self._health.serving

    def leave(self) -> None:
        """Report in health that this server is about to end."""
        self._health.leave()

    def begin_to_stop(self) -> None:
        """Take no more calls."""
        self.leave()
        if self._started:
            try:
                self._stopped = self._server.stop(DRAIN_SECONDS)
            except RuntimeError:  # no thread to wait with, so running calls end at once
                self._stopped = self._server.stop(None)

    def stop(self) -> None:
        """Let running calls finish, then end."""
        if self._started:
            self._stopped.wait()
        self._pool.stop()  # no wait for a call that does not end
        self._patience.stop()
        self._shared.stop()


def _telemetry(
    service: Service, gate: Gate, patience: SilentCalls, meter: CallMeter
) -> grpc.GenericRpcHandler:
    def submit(request: wire.SubmitReportRequest, size: int, visit: Visit) -> Message:
        visit.said(request.token)
        return service.submit_report(request, size, visit.network)

    def unary(
        call: Callable[[Any, int, Visit], Message], request: type[Message], response: type[Message]
    ) -> grpc.RpcMethodHandler[Any, Any]:
        def bounded(messages: Iterator[bytes], context: grpc.ServicerContext) -> Message:
            visit = gate.admit(context.peer(), _forwarded(context) if gate.trusting else "")
            message = patience.next(messages, context)
            if message is None:
                raise InvalidReport(Violation("request", "the call ended without one"))
            # grpc itself would answer INTERNAL, and callers would try again.
            return call(decoded(request, message), len(message), visit)

        # A stream of one message is the same on the wire; see `silent_calls`.
        return grpc.stream_unary_rpc_method_handler(
            _answering(bounded, meter), response_serializer=response.SerializeToString
        )

    return grpc.method_handlers_generic_handler(
        SERVICE,
        {
            "SubmitReport": unary(submit, wire.SubmitReportRequest, wire.SubmitReportResponse),
            "GetRegistry": unary(
                lambda request, _size, _visit: service.get_registry(request),
                wire.GetRegistryRequest,
                wire.GetRegistryResponse,
            ),
            "GetStatistics": unary(
                lambda request, _size, _visit: service.get_statistics(request),
                wire.GetStatisticsRequest,
                wire.GetStatisticsResponse,
            ),
        },
    )


def _answering(call: _Call, meter: CallMeter) -> _Call:
    def answer(messages: Iterator[bytes], context: grpc.ServicerContext) -> Message:
        try:
            response = call(messages, context)
        except Refusal as refusal:
            end(context, refusal)
        except grpc.RpcError:  # the caller is gone, or was sent away for its silence
            raise
        except Exception as error:  # noqa: BLE001 - logged by `fault`, and the caller told
            end(context, fault(error))
        else:
            meter.called("grpc", "ok")
            return response

    def end(context: grpc.ServicerContext, refusal: Refusal) -> NoReturn:
        meter.called("grpc", refusal.code.name.lower())
        context.abort_with_status(_Status(refusal))

    return answer


def _forwarded(context: grpc.ServicerContext) -> str:
    values = [value for key, value in context.invocation_metadata() if key == "x-forwarded-for"]
    return ",".join(value for value in values if isinstance(value, str))


class _Status(grpc.Status):
    """A refusal as grpc's status, with details and open weeks in the trailers."""

    def __init__(self, refusal: Refusal) -> None:
        rich = rpc_status.to_status(status(refusal))
        self.code = rich.code
        self.details = rich.details
        self.trailing_metadata = rich.trailing_metadata
        if isinstance(refusal, WeekNotOpen):
            weeks = ",".join(refusal.open_weeks)
            self.trailing_metadata = (*rich.trailing_metadata, (OPEN_WEEKS, weeks))
