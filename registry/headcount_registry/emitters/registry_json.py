"""The file `registry.json`: everything declared, for other tools.

docs/maintainers/registry.md documents the shape. Every property is always present.
`format` grows when a property is removed or changes its meaning, not when one is added.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from headcount_registry.declarations import names
from headcount_registry.emitters import report_proto

if TYPE_CHECKING:
    from collections.abc import Iterable

    from headcount_registry.declarations.model import Key, Project, Registry, Retired, Translation

FORMAT = 1


def emit(registry: Registry) -> str:
    """Return the text of `registry.json`, with projects by name and keys by number."""
    model = {"format": FORMAT, "projects": [project(each) for each in registry.projects]}
    return json.dumps(model, ensure_ascii=False, indent=2) + "\n"


def project(project: Project) -> dict[str, object]:
    """Return one project, as it stands in the file."""
    return {
        "name": project.name,
        "title": project.title,
        "homepage": project.homepage,
        "recipient": project.recipient,
        "contact": project.contact,
        "endpoint": project.endpoint,
        "mode": project.mode,
        "relay": project.relay,
        "oblivious_key": project.oblivious_key,
        "language": project.language,
        "translations": _translations(project.translations),
        "digest": project.digest,
        "consent_digest": project.consent_digest,
        "message": f"{report_proto.package(project)}.Report",
        "metric": names.metrics(project.name)[0],
        "keys": [_key(project, key) for key in project.keys],
        "retired": _retired(project.retired),
        "ignored": list(project.ignored),
    }


def _key(project: Project, key: Key) -> dict[str, object]:
    return {
        "number": key.number,
        "name": key.name,
        "field": key.field,
        "message": f"{report_proto.package(project)}.{names.camel(key.field)}",
        "metric": names.metrics(project.name, key.name)[0],
        "label": key.label,
        "description": key.description,
        "purpose": key.purpose,
        "issue": key.issue,
        "type": key.type,
        "level": key.level,
        "values": [
            {"number": value.number, "text": value.text, "identifier": value.identifier}
            for value in key.values
        ],
        "retired_values": _retired(key.retired_values),
        "aliases": dict(key.aliases),
        "catalogue": key.catalogue,
        "precision": key.precision,
        "buckets": key.buckets,
        "max_items": key.max_items,
        "by": key.by,
        "threshold": key.threshold,
        "since": key.since,
        "expires": key.expires,
        "review": key.review,
        "owner": key.owner,
        "formerly": key.formerly,
        "successor": key.successor,
        "convention": key.convention and asdict(key.convention),
        "translations": _translations(key.translations),
    }


def _translations(found: Iterable[Translation]) -> dict[str, dict[str, str]]:
    return {each.language: dict(each.texts) for each in found}


def _retired(retired: Iterable[Retired]) -> list[dict[str, object]]:
    return [{"number": each.number, "name": each.name} for each in retired]
