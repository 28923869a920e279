"""The OpenAPI description of the data files, made from their messages."""

from __future__ import annotations

from typing import Any, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from headcount.v1 import telemetry_service_pb2 as wire

_SCALARS: dict[int, dict[str, str]] = {
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_INT32: {"type": "integer", "format": "int32"},
    # The JSON form of Protocol Buffers writes 64-bit numbers as text.
    FieldDescriptor.TYPE_INT64: {"type": "string", "format": "int64"},
}
_ADDRESSES = {
    "/data/registry.json": ("Everything that is asked, and why", "GetRegistryResponse"),
    "/data/weeks/latest": ("The last week with a number, all projects", "GetStatisticsResponse"),
    "/data/weeks/{week}": ("One closed week, all projects", "GetStatisticsResponse"),
    "/data/projects/{project}": ("The last 53 weeks of a project", "GetStatisticsResponse"),
    "/data/projects/{project}/{key}": ("The last 53 weeks of a key", "GetStatisticsResponse"),
    "/data/conventions/{set}/{name}": (
        "The last 53 weeks of the keys that share a convention",
        "GetStatisticsResponse",
    ),
    "/schema/{project}/{digest}.json": (
        "What a project asked, by the digest of its registry; it never changes",
        "Project",
    ),
}
_FILES = {
    "/data/bundle.zip": (
        "Everything that was ever published, with the registry and checksums",
        "application/zip",
    ),
    "/data/projects/{project}/{key}/all.csv": (
        "All weeks of a key, a line each number",
        "text/csv",
    ),
    "/weeks/feed.atom": ("Published weeks, newest first", "application/atom+xml"),
    "/changes/feed.atom": ("What changed in what is asked, newest first", "application/atom+xml"),
    "/changes/{project}/feed.atom": (
        "What changed in what a project asks, newest first",
        "application/atom+xml",
    ),
}
_PLACES = {
    "week": ("ISO 8601 week", "2026-W47"),
    "project": ("Name of a project", "backdrop"),
    "key": ("Name of a key", "php_version"),
    "set": ("Set of conventions", "common"),
    "name": ("Name of a convention that several projects follow", "php_version"),
    "digest": ("Digest of a registry that a published week names, or that is in force", "0" * 64),
}


def description() -> dict[str, Any]:
    """Return the document, in OpenAPI 3.1."""
    schemas: dict[str, Any] = {}
    for message in (wire.GetStatisticsResponse, wire.GetRegistryResponse):
        _describe(cast("Descriptor", message.DESCRIPTOR), schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Published totals",
            "version": "1",
            "description": (
                "Weekly totals of what installations of software report. Every number n is "
                "rounded down to a multiple of its week's threshold k: the true number is from n "
                "to n + k - 1. Numbers below k are absent. `tooFew` names questions that too few "
                "answered, `notAsked` those that nobody was asked. The files change when a week "
                "closes, when the operator takes totals down, and when the questions change."
            ),
        },
        "paths": dict(_paths()),
        "components": {"schemas": schemas},
    }


def _paths() -> list[tuple[str, Any]]:
    paths = []
    for address, (summary, message) in _ADDRESSES.items():
        if address.endswith(".json"):
            paths.append((address, _get(address, summary, _json(message))))
            continue
        paths.append((f"{address}.json", _get(address, summary, _json(message))))
        line = {"text/csv": {"schema": {"type": "string"}}}
        paths.append((f"{address}.csv", _get(address, f"{summary}, a line each number", line)))
    paths += [(at, _get(at, summary, {kind: {}})) for at, (summary, kind) in _FILES.items()]
    return paths


def _json(message: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{message}"}}}


def _get(address: str, summary: str, content: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": summary,
        "responses": {
            "200": {"description": "The published totals", "content": content},
            "304": {"description": "Unchanged since the entity tag in If-None-Match"},
            "404": {"description": "No such week, project or key"},
        },
    }
    places = [name for name in _PLACES if f"{{{name}}}" in address]
    if places:
        operation["parameters"] = [
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": _PLACES[name][0],
                "schema": {"type": "string"},
                "example": _PLACES[name][1],
            }
            for name in places
        ]
    return {"get": operation}


def _describe(message: Descriptor, schemas: dict[str, Any]) -> None:
    """Add the schema of a message, and those of the messages in it."""
    if message.name in schemas:
        return
    schemas[message.name] = {"type": "object", "additionalProperties": False, "properties": {}}
    if message.full_name == "google.protobuf.Duration":
        schemas[message.name] = {"type": "string", "example": "172800s"}
        return
    for field in message.fields:
        form = _form(field, schemas)
        if field.is_repeated:
            form = {"type": "array", "items": form}
        schemas[message.name]["properties"][field.json_name] = form


def _form(field: FieldDescriptor, schemas: dict[str, Any]) -> dict[str, Any]:
    if field.message_type is not None:
        _describe(field.message_type, schemas)
        return {"$ref": f"#/components/schemas/{field.message_type.name}"}
    if field.enum_type is not None:
        return {"type": "string", "enum": [value.name for value in field.enum_type.values]}
    return dict(_SCALARS[field.type])
