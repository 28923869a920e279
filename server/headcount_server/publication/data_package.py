"""The description of a bundle for programs of data people (Data Package, Frictionless)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from headcount_server.publication import table

_FIELDS: Mapping[str, str] = {
    "week": "ISO 8601 week, in UTC",
    "threshold": "counts of the line are published in multiples of it",
    "project": "the project that was reported on",
    "key": "the question; empty for the project as a whole",
    "measure": "kind of line: reports, answers, value, range, too few, not asked, installations",
    "value": "the answer; why nobody was asked; or the source of installations",
    "version": "the release of the project, if the question is told apart by it",
    "reports": "the number, rounded down",
    "lower": "the smallest number that the published numbers allow",
    "upper": "the largest one; empty if there is no bound",
}
_NUMBERS = {"threshold", "reports", "lower", "upper"}
_KINDS = {"json": "application/json", "csv": "text/csv", "binpb": "application/octet-stream"}


@dataclass(frozen=True, slots=True)
class File:
    """A file of a bundle."""

    name: str
    digest: str
    """SHA-256, in hexadecimal digits."""
    size: int


def description(files: Iterable[File], licence: str) -> dict[str, Any]:
    """Return the description of these files; the licence may be empty.

    A licence is an address or one of the names of SPDX.
    """
    told: dict[str, Any] = {
        "profile": "data-package",
        "name": "published-totals",
        "title": "Published totals",
        "description": "Weekly totals of what installations of software report.",
        "resources": [_resource(file) for file in files],
    }
    if licence:
        told["licenses"] = [{"path" if "://" in licence else "name": licence}]
    return told


def licence(described: str) -> str:
    """Return the licence in a description; empty if it names none. Raises ValueError."""
    told = json.loads(described).get("licenses") or [{}]
    return str(told[0].get("path") or told[0].get("name") or "")


def _resource(file: File) -> dict[str, Any]:
    name = file.name.lower()
    ending = name.rpartition(".")[2]
    told = {
        "name": name.replace("/", "-"),
        "path": file.name,
        "mediatype": _KINDS.get(ending, "text/plain"),
        "hash": f"sha256:{file.digest}",
        "bytes": file.size,
    }
    if ending != "csv":
        return told
    fields = [
        {
            "name": name,
            "type": "integer" if name in _NUMBERS else "string",
            "description": _FIELDS[name],
        }
        for name in table.Row._fields
    ]
    return told | {
        "profile": "tabular-data-resource",
        "encoding": "utf-8",
        "schema": {"fields": fields, "missingValues": [""]},
    }
