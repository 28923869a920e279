"""The opening of a week, which settles the terms of its keys and its reserved places.

Both are written once, from the registry and the totals published by then, and hold until
the close. A registry that is replaced within the week can only narrow them. The opening
runs within a transaction of the caller.
"""

from __future__ import annotations

from collections.abc import Mapping

from headcount_server.publication import key_terms, places
from headcount_server.publication.key_terms import NO_TERMS, ProjectTerms
from headcount_server.publication.places import Places
from headcount_server.registry.response import declared
from headcount_server.registry.schema import Project, Schema
from headcount_server.store import published_tables
from headcount_server.store.connection import Connection
from headcount_server.week import Week


def settle(connection: Connection, week: Week, threshold: int, schema: Schema) -> None:
    """Write a week's registry, terms and places, or narrow those that it has."""
    _note(connection, week, schema)
    before = published_tables.terms(connection, week)
    reserved = published_tables.places(connection, week)
    for project in schema.projects.values():
        now = key_terms.settle(project, threshold)
        if before:
            known = before.get(project.name, NO_TERMS)
            _narrow(connection, week, project, reserved.get(project.name, {}))
            now = key_terms.merge(known, now, project.version_key)
        else:
            earlier = published_tables.latest(connection, project.name, week, places.WEEKS)
            _reserve(connection, week, project, places.reserve(project, earlier))
        _write(connection, week, project.name, now)
    for name in sorted({*before} - {*schema.projects}):
        _write(connection, week, name, key_terms.merge(before[name], NO_TERMS, 0))


def _note(connection: Connection, week: Week, schema: Schema) -> None:
    connection.executemany(
        "INSERT INTO week_registries VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(str(week), *item) for item in schema.digests().items()],
    )
    connection.executemany(
        "INSERT INTO schemas VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [
            (project.name, project.declaration.digest, declared(project))
            for project in schema.projects.values()
        ],
    )
    connection.executemany(
        "INSERT INTO keys VALUES (?, ?, ?)"
        " ON CONFLICT (project, key) DO UPDATE SET name = excluded.name",
        [
            (project.name, number, key.name)
            for project in schema.projects.values()
            for number, key in project.keys.items()
        ],
    )


def _write(connection: Connection, week: Week, project: str, terms: ProjectTerms) -> None:
    connection.executemany(
        "INSERT INTO key_terms VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (week, project, key)"
        " DO UPDATE SET threshold = excluded.threshold, crossed = excluded.crossed",
        [
            (str(week), project, key, its.threshold, int(its.crossed), its.kind, int(its.folded))
            for key, its in terms.items()
        ],
    )


def _reserve(connection: Connection, week: Week, project: Project, reserved: Places) -> None:
    named = {key: places.declared(project.keys[key]) for key in reserved}
    connection.executemany(
        "INSERT INTO places VALUES (?, ?, ?, ?, ?)",
        [
            (str(week), project.name, key, value, int(value in named[key]))
            for key in reserved
            for value in sorted(reserved[key])
        ],
    )


def _narrow(
    connection: Connection, week: Week, project: Project, before: Mapping[int, frozenset[str]]
) -> None:
    kept = places.keep(before, project)
    connection.executemany(
        "DELETE FROM places WHERE week = ? AND project = ? AND key = ? AND value = ?",
        [
            (str(week), project.name, key, value)
            for key, values in before.items()
            for value in sorted(values - kept.get(key, frozenset()))
        ],
    )
