"""Questions to a running server, asked as anyone may: over gRPC and HTTP."""

from __future__ import annotations

from typing import TypeVar
from urllib.request import urlopen

import grpc
from google.protobuf.message import Message
from headcount.v1 import telemetry_service_pb2 as wire
from prometheus_client.parser import text_string_to_metric_families

from headcount_server.doors.address import Address
from headcount_server.service.telemetry_service import SERVICE
from headcount_server.week import Week

SECONDS = 10.0

_Answer = TypeVar("_Answer", bound=Message)


def registry(server: Address) -> wire.GetRegistryResponse:
    """Return all that is collected there."""
    return _call(server, "GetRegistry", wire.GetRegistryRequest(), wire.GetRegistryResponse)


def statistics(server: Address, first: Week, last: Week) -> wire.GetStatisticsResponse:
    """What is published there of some weeks."""
    request = wire.GetStatisticsRequest(first_week=str(first), last_week=str(last))
    return _call(server, "GetStatistics", request, wire.GetStatisticsResponse)


def answered(operations: Address) -> dict[str, int]:
    """Reports answered since the server's start, by outcome."""
    with urlopen(f"http://{operations}/metrics", timeout=SECONDS) as response:
        families = text_string_to_metric_families(response.read().decode())
    return {
        sample.labels["outcome"]: int(sample.value)
        for family in families
        for sample in family.samples
        if sample.name == "headcount_server_reports_total"
    }


def _call(server: Address, method: str, request: Message, answer: type[_Answer]) -> _Answer:
    with grpc.insecure_channel(str(server)) as channel:
        call = channel.unary_unary(
            f"/{SERVICE}/{method}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=answer.FromString,
        )
        response: _Answer = call(request, timeout=SECONDS)
        return response
