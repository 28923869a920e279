"""Reports of twenty keys, like real ones, in the forms in which they are sent."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.registry import schema
from headcount_server.week import Week

REGISTRY = Path(__file__).resolve().parents[1] / "registry" / "generated" / "registry.binpb"
PROJECT, KEYS = "backdrop", 20
TOKEN_BYTES = 16
TOKEN = bytes(range(0xE0, 0xE0 + TOKEN_BYTES))
"""The place of the token in an envelope; each report gets its own there."""
RPC = "/headcount.v1.TelemetryService/SubmitReport"

# The fields of a report are known only at run time, hence Any.


def _ordinary(field: Any, key: schema.Key) -> None:  # noqa: ANN401
    names = field.DESCRIPTOR.fields_by_name
    if "values" in names:
        among: list[Any] = sorted(key.catalogue) or sorted(key.values)
        field.values.extend(among[:8])
    elif "version" in names:
        field.value, field.version = min(key.values), "10.11"
    elif key.values:
        field.value = min(key.values)
    else:
        field.value = "8.2" if key.declaration.precision else 1


def _any(field: Any, key: schema.Key, chance: random.Random) -> None:  # noqa: ANN401
    names = field.DESCRIPTOR.fields_by_name
    if "values" in names:
        among: list[Any] = sorted(key.catalogue) or sorted(key.values)
        field.values.extend(chance.sample(among, min(len(among), chance.randint(1, 8))))
    elif "version" in names:
        field.value, field.version = chance.choice(list(key.values)), f"10.{chance.randint(1, 20)}"
    elif key.values:
        field.value = chance.choice(list(key.values))
    elif key.declaration.precision:
        field.value = f"{chance.randint(5, 8)}.{chance.randint(0, 9)}"
    elif key.declaration.buckets:
        field.value = chance.choice([0, *key.declaration.buckets])
    else:
        field.value = chance.randint(0, 1)


def report(registry: Path = REGISTRY, chance: random.Random | None = None) -> bytes:
    """Return a report in its binary form; it is always the same unless left to chance."""
    project = schema.load(registry).projects[PROJECT]
    return _report(project, chance)


def _report(project: schema.Project, chance: random.Random | None) -> bytes:
    message: Any = project.report_class()
    for number, key in list(project.keys.items())[:KEYS]:
        field = getattr(message, message.DESCRIPTOR.fields_by_number[number].name)
        field.SetInParent()
        if chance is None:
            _ordinary(field, key)
        else:
            _any(field, key, chance)
    data: bytes = message.SerializeToString()
    return data


def several(count: int, registry: Path = REGISTRY) -> Sequence[bytes]:
    """Return this many different reports, the same ones each time."""
    project, chance = schema.load(registry).projects[PROJECT], random.Random(7)  # noqa: S311 - data
    return [_report(project, chance) for _ in range(count)]


def envelope(registry: Path = REGISTRY) -> wire.SubmitReportRequest:
    """Return the ordinary report as it is submitted now."""
    request = wire.SubmitReportRequest(week=str(Week.of(datetime.now(UTC))), token=TOKEN)
    request.report.type_url = f"type.googleapis.com/headcount.projects.{PROJECT}.v1.Report"
    request.report.value = report(registry)
    return request


def framed(registry: Path = REGISTRY) -> bytes:
    """Return the envelope as gRPC frames it."""
    data = envelope(registry).SerializeToString()
    return b"\0" + len(data).to_bytes(4, "big") + data


def as_json(registry: Path = REGISTRY) -> bytes:
    """Return the envelope as the JSON door takes it."""
    from google.protobuf import json_format  # noqa: PLC0415 - the pool has to know the report first

    pool = schema.load(registry).pool
    text: str = json_format.MessageToJson(envelope(registry), descriptor_pool=pool, indent=None)
    return text.encode()


BACKDROP = json.dumps(
    {
        PROJECT: {
            "version": "1.27.1",
            "ckeditor5_version": "40.2.0",
            "php_version": "8.2.36",
            "mysql_version": "10.11.19-MariaDB-0+deb12u1",
            "server_os": "Linux",
            "web_server": "Other",
            "install_profile": "standard",
            "multisite": "No",
            "ckeditor_module_version": "CKEditor 5",
        }
    }
).encode()
"""The request of a site of Backdrop 1.27, without the site's key, which is in a header."""
