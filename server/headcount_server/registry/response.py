"""A project and its keys as wire messages."""

from __future__ import annotations

from google.protobuf.json_format import MessageToJson
from headcount.v1 import telemetry_service_pb2 as wire

from headcount_server.registry.schema import Key, Project


def describe(project: Project) -> wire.Project:
    """Return a project and its keys as the wire carries them."""
    return wire.Project(
        declaration=project.declaration, keys=map(_describe_key, project.keys.values())
    )


def declared(project: Project) -> str:
    """Return a project and its keys as JSON; the same project gives the same text."""
    return MessageToJson(describe(project), ensure_ascii=False, sort_keys=True) + "\n"


def _describe_key(key: Key) -> wire.Key:
    values = [wire.Value(number=number, text=text) for number, text in key.values.items()]
    return wire.Key(number=key.number, declaration=key.declaration, values=values)
