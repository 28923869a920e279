"""Reflection: the gRPC door describes every type that a report can have."""

from __future__ import annotations

from collections.abc import Iterator
from threading import BoundedSemaphore

import grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

from headcount_server.doors.silent_calls import SilentCalls
from headcount_server.registry.current import CurrentRegistry

REFLECTION_STREAMS = 4
"""Most reflection streams at once; each holds a thread for as long as its caller likes."""

_REFLECTION = (reflection.SERVICE_NAME, "grpc.reflection.v1.ServerReflection")


def reflection_handlers(
    registry: CurrentRegistry, services: tuple[str, ...], patience: SilentCalls
) -> list[grpc.GenericRpcHandler]:
    """Return reflection under both names; v1 and v1alpha have the same messages on the wire."""
    names = (*services, *_REFLECTION)
    free = BoundedSemaphore(REFLECTION_STREAMS)

    def info(
        requests: Iterator[reflection_pb2.ServerReflectionRequest], context: grpc.ServicerContext
    ) -> Iterator[reflection_pb2.ServerReflectionResponse]:
        if not free.acquire(blocking=False):
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many reflection streams")
        # A servicer keeps its first pool, so each stream gets a servicer of the present one.
        servicer = reflection.ReflectionServicer(names, pool=registry.schema.pool)
        try:
            while (request := patience.next(requests, context)) is not None:
                yield from servicer.ServerReflectionInfo(iter([request]), context)
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
