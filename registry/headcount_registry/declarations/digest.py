"""Digests of a project: SHA-256 over canonical JSON of its resolved model.

Canonical JSON has sorted names, no spaces, and only ASCII. Protobuf's bytes are not
canonical. The full digest changes with every change of the declarations, except of their
translations and the names of conventions, which change nothing that is asked or counted. The
consent digest changes with the terms of consent: keys, purposes, values, precision, buckets,
size, axes and level. It does not change with wording, catalogue items, aliases, owners or dates.

A digest cannot tell wider from narrower. If two digests are equal, nobody needs to be
asked. If they differ, the client compares the terms of consent key by key.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headcount_registry.declarations.model import Key, Project, Registry


def with_digests(registry: Registry) -> Registry:
    """Return the registry with both digests of every project."""
    return replace(
        registry,
        projects=tuple(
            replace(project, digest=digest(project), consent_digest=consent_digest(project))
            for project in registry.projects
        ),
    )


def digest(project: Project) -> str:
    """Return the SHA-256 (hex) of all declarations, with their numbers."""
    model = asdict(project)
    for name in ("digest", "consent_digest", "retired", "ignored", "language", "translations"):
        del model[name]
    if not project.relay:  # so that a project without one keeps the digest that it had
        del model["relay"], model["oblivious_key"]
    for key in model["keys"]:
        del key["location"], key["translations"], key["convention"]
        del key["retired_values"]
        for name in ("threshold", "review", "successor"):
            if not key[name]:  # so that a key without one keeps the digest that it had
                del key[name]
    return _sha256(model)


def consent_digest(project: Project) -> str:
    """Return the SHA-256 (hex) of the terms of consent."""
    return _sha256(
        {"project": project.name, "keys": [_agreed(key) for key in project.keys]},
    )


def _agreed(key: Key) -> dict[str, object]:
    own = {"threshold": key.threshold} if key.threshold else {}
    return own | {
        "number": key.number,
        "purpose": key.purpose,
        "type": key.type,
        "level": key.level,
        "values": sorted(value.number for value in key.values),
        "precision": key.precision,
        "buckets": key.buckets,
        "max_items": key.max_items,
        "by": sorted(key.by),
    }


def _sha256(model: object) -> str:
    text = json.dumps(model, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
