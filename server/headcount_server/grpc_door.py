"""The gRPC door: the service, health and reflection on one port."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import Any

import grpc
from google.protobuf.message import DecodeError, Message
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2
from grpc_status import rpc_status
from headcount.v1 import telemetry_service_pb2 as wire

from headcount_server.errors import ConfigError, InvalidReport, Refusal, Violation, WeekNotOpen
from headcount_server.schema import Schema
from headcount_server.service import Service
from headcount_server.status import status

SERVICE = wire.DESCRIPTOR.services_by_name["TelemetryService"].full_name
OPEN_WEEKS_METADATA = "headcount-open-weeks"
"""Trailing metadata of FAILED_PRECONDITION: the open weeks, the current one first."""

THREADS = 32
REFLECTION_STREAMS = 4
"""Reflection streams at once: each holds a thread for as long as its caller likes."""
MAX_MESSAGE_BYTES = 64 * 1024
DRAIN_SECONDS = 15.0

_OPTIONS: list[tuple[str, int]] = [
    ("grpc.so_reuseport", 0),  # two servers on one port would share it without a word
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_metadata_size", 8192),
    ("grpc.max_concurrent_streams", 32),
    ("grpc.max_connection_idle_ms", 30_000),
    ("grpc.max_connection_age_ms", 300_000),
    ("grpc.max_connection_age_grace_ms", 10_000),
    ("grpc.compression_enabled_algorithms_bitset", 1),  # identity alone
]
_MAX_CALLS = 4096

_REFLECTION = (reflection.SERVICE_NAME, "grpc.reflection.v1.ServerReflection")

log = logging.getLogger(__name__)


class GrpcDoor:
    """Listens for gRPC calls on one address.

    Raises ConfigError where it cannot listen there.
    """

    def __init__(self, service: Service, schema: Schema, address: str) -> None:
        # grpc exhausts its pool only when calls outnumber _MAX_CALLS, which
        # are refused with RESOURCE_EXHAUSTED at once.
        self._server = grpc.server(
            ThreadPoolExecutor(THREADS, thread_name_prefix="grpc"),
            options=_OPTIONS,
            maximum_concurrent_rpcs=_MAX_CALLS,
        )
        self._health = health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self._server.add_generic_rpc_handlers([_telemetry(service), *_reflection(schema)])
        try:
            self.port = self._server.add_insecure_port(address)
        except RuntimeError:
            self.port = 0
        if not self.port:
            msg = f"--grpc {address}: cannot listen there; is the port taken?"
            raise ConfigError(msg)

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()
        for name in ("", SERVICE):
            self._health.set(name, health_pb2.HealthCheckResponse.SERVING)

    def stop(self) -> None:
        """Say so in health, let running calls finish, and end."""
        self._health.enter_graceful_shutdown()
        self._server.stop(DRAIN_SECONDS).wait()


def _telemetry(service: Service) -> grpc.GenericRpcHandler:
    def unary(
        call: Callable[[Any], Message], request: type[Message], response: type[Message]
    ) -> grpc.RpcMethodHandler[Any, Any]:
        return grpc.unary_unary_rpc_method_handler(
            _answering(call, request),
            response_serializer=response.SerializeToString,
        )

    return grpc.method_handlers_generic_handler(
        SERVICE,
        {
            "SubmitReport": unary(
                service.submit_report, wire.SubmitReportRequest, wire.SubmitReportResponse
            ),
            "GetRegistry": unary(
                service.get_registry, wire.GetRegistryRequest, wire.GetRegistryResponse
            ),
            "GetStatistics": unary(
                service.get_statistics, wire.GetStatisticsRequest, wire.GetStatisticsResponse
            ),
        },
    )


def _answering(
    call: Callable[[Any], Message],
    request: type[Message],
) -> Callable[[bytes, grpc.ServicerContext], Message]:
    def answer(data: bytes, context: grpc.ServicerContext) -> Message:
        try:
            return call(_decoded(request, data))
        except Refusal as refusal:
            context.abort_with_status(_Status(refusal))
        except Exception as error:  # noqa: BLE001 - logged below, and the caller told
            # Without the error's own words, which might repeat what was sent.
            trace = "".join(traceback.format_tb(error.__traceback__))
            log.error("a call failed: %s\n%s", type(error).__name__, trace)  # noqa: TRY400
            context.abort(grpc.StatusCode.INTERNAL, "the server failed; it has been logged")

    return answer


def _decoded(request: type[Message], data: bytes) -> Message:
    # Not by grpc, which would answer INTERNAL and make callers try again.
    try:
        return request.FromString(data)
    except DecodeError:
        violation = Violation("request", f"not a {request.DESCRIPTOR.full_name}")
        raise InvalidReport(violation) from None


class _Status(grpc.Status):
    """A refusal as grpc ends a call with it, details and open weeks in the trailers."""

    def __init__(self, refusal: Refusal) -> None:
        rich = rpc_status.to_status(status(refusal))
        self.code = rich.code
        self.details = rich.details
        self.trailing_metadata = rich.trailing_metadata
        if isinstance(refusal, WeekNotOpen):
            weeks = ",".join(refusal.open_weeks)
            self.trailing_metadata = (*rich.trailing_metadata, (OPEN_WEEKS_METADATA, weeks))


def _reflection(schema: Schema) -> list[grpc.GenericRpcHandler]:
    """Reflection under both names; the messages of v1 and v1alpha are the same on the wire."""
    services = (SERVICE, health.SERVICE_NAME, *_REFLECTION)
    servicer = reflection.ReflectionServicer(services, pool=schema.pool)
    free = BoundedSemaphore(REFLECTION_STREAMS)

    def info(
        requests: Iterator[reflection_pb2.ServerReflectionRequest], context: grpc.ServicerContext
    ) -> Iterator[reflection_pb2.ServerReflectionResponse]:
        if not free.acquire(blocking=False):
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many reflection streams")
        try:
            yield from servicer.ServerReflectionInfo(requests, context)
        finally:
            free.release()

    method = grpc.stream_stream_rpc_method_handler(
        info,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    return [
        grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": method})
        for name in _REFLECTION
    ]
