"""Reads published totals and their terms from any database."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TypeAlias

from headcount_server.counting.tally import Cell
from headcount_server.publication.key_terms import NO_TERMS, KeyTerms, ProjectTerms
from headcount_server.publication.places import Places
from headcount_server.publication.published import (
    Coverage,
    PublishedProject,
    PublishedWeek,
    Retraction,
)
from headcount_server.publication.rounding import Publication
from headcount_server.publication.terms import Policy
from headcount_server.store.connection import Connection
from headcount_server.store.database import Database
from headcount_server.week import Week

Schemas: TypeAlias = Mapping[tuple[str, str], str]
"""What projects declared, as JSON, by project and digest."""

_EVERY_WEEK = 1_000_000
_USUAL = Policy(5, timedelta(days=2))


def every_week(database: Database) -> list[PublishedWeek]:
    """Return every closed week of a database, newest first. Raises StoreError."""
    with database.reading() as connection:
        return read(connection, None, None, _EVERY_WEEK)


def policy(database: Database) -> Policy:
    """Return the terms of a database's newest week, open or closed. Raises StoreError."""
    with database.reading() as connection:
        newest = connection.execute(
            "SELECT week, threshold, closes FROM weeks ORDER BY week DESC LIMIT 1"
        ).fetchone()
    if newest is None:
        return _USUAL
    week, threshold, closes = newest
    return Policy(threshold, datetime.fromisoformat(closes) - Week.parse(week).end)


def read(
    connection: Connection, first: Week | None, last: Week | None, limit: int
) -> list[PublishedWeek]:
    """Return at most `limit` closed weeks from first to last, newest first."""
    rows = connection.execute(
        "SELECT week, threshold FROM weeks WHERE closed IS NOT NULL"
        " AND week BETWEEN ? AND ? ORDER BY week DESC LIMIT ?",
        (str(first or ""), str(last or "~"), limit),
    ).fetchall()
    annotations = dict(connection.execute("SELECT week, text FROM annotations"))
    schemas = _schemas(connection)
    coverages: defaultdict[str, list[Coverage]] = defaultdict(list)
    for week, *its in connection.execute(
        "SELECT week, project, installations, source FROM coverages ORDER BY week, project"
    ):
        coverages[week].append(Coverage(*its))
    return [
        PublishedWeek(
            Week.parse(week),
            threshold,
            tuple(projects(connection, week, schemas)),
            annotations.get(week, ""),
            rule(connection, week),
            tuple(coverages[week]),
        )
        for week, threshold in rows
    ]


def annotation(connection: Connection, week: str) -> str:
    """Return the note on a week; empty if there is none."""
    row = connection.execute("SELECT text FROM annotations WHERE week = ?", (week,)).fetchone()
    return str(row[0]) if row else ""


def coverages(connection: Connection, week: str) -> list[Coverage]:
    """Return the numbers of installations of a week, by project."""
    rows = connection.execute(
        "SELECT project, installations, source FROM coverages WHERE week = ? ORDER BY project",
        (week,),
    )
    return [Coverage(*its) for its in rows]


def published_before(connection: Connection, project: str, week: str, limit: int) -> list[str]:
    """Return the last weeks of a project that were published when a week began, newest first."""
    rows = connection.execute(
        "SELECT week FROM published_reports JOIN weeks USING (week)"
        " WHERE project = ? AND week < ? AND closed <= ? ORDER BY week DESC LIMIT ?",
        (project, week, Week.parse(week).start.isoformat(), limit),
    )
    return [before for (before,) in rows]


def latest(
    connection: Connection, project: str, before: Week, limit: int
) -> list[PublishedProject]:
    """Return what the last weeks before one published of a project, at most `limit`, newest first.

    Weeks that published nothing of it are left out.
    """
    weeks = connection.execute(
        "SELECT week FROM published_reports WHERE project = ? AND week < ?"
        " ORDER BY week DESC LIMIT ?",
        (project, str(before), limit),
    ).fetchall()
    return [
        found for (week,) in weeks for found in projects(connection, week) if found.name == project
    ]


def version_key(connection: Connection, project: str) -> int:
    """Return the number of a project's key `version`; 0 if it never had one."""
    row = connection.execute(
        "SELECT key FROM keys WHERE project = ? AND name = 'version'", (project,)
    ).fetchone()
    return int(row[0]) if row else 0


def terms(connection: Connection, week: Week) -> dict[str, ProjectTerms]:
    """Return the terms of each project's keys in a week, open or closed."""
    found: defaultdict[str, dict[int, KeyTerms]] = defaultdict(dict)
    for project, key, threshold, crossed, kind, folded in connection.execute(
        "SELECT project, key, threshold, crossed, kind, folded FROM key_terms WHERE week = ?"
        " ORDER BY project, key",
        (str(week),),
    ):
        found[project][key] = KeyTerms(threshold, bool(crossed), kind, bool(folded))
    return dict(found)


def places(connection: Connection, week: Week) -> dict[str, Places]:
    """Return the values with a reserved place in a week, open or closed, by project."""
    found: defaultdict[str, defaultdict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for project, key, value in connection.execute(
        "SELECT project, key, value FROM places WHERE week = ?", (str(week),)
    ):
        found[project][key].add(value)
    return {
        project: {key: frozenset(values) for key, values in keys.items()}
        for project, keys in found.items()
    }


def rule(connection: Connection, week: str) -> int:
    """Return the rule under which a week counts keys per release; see `PublishedWeek`."""
    row = connection.execute("SELECT 1 FROM key_terms WHERE week = ? LIMIT 1", (week,)).fetchone()
    return 2 if row else 1


def _apart(connection: Connection, week: str) -> dict[str, dict[tuple[int, str], frozenset[str]]]:
    found: defaultdict[str, defaultdict[tuple[int, str], set[str]]] = defaultdict(
        lambda: defaultdict(set)
    )
    for project, key, value, release in connection.execute(
        "SELECT project, key, value, release FROM told_apart WHERE week = ?", (week,)
    ):
        found[project][key, value].add(release)
    return {
        project: {at: frozenset(releases) for at, releases in sorted(values.items())}
        for project, values in found.items()
    }


def _schemas(connection: Connection) -> Schemas:
    return {
        (project, digest): sys.intern(declared)  # weeks that are read later have the same ones
        for project, digest, declared in connection.execute(
            "SELECT project, digest, declared FROM schemas"
        )
    }


def projects(
    connection: Connection, week: str, schemas: Schemas = MappingProxyType({})
) -> Iterator[PublishedProject]:
    """Yield what a week publishes of each project, by name, with those schemas that are given."""
    apart, its_terms = _apart(connection, week), terms(connection, Week.parse(week))
    its_places = places(connection, Week.parse(week))
    digests: defaultdict[str, list[str]] = defaultdict(list)
    for project, digest in connection.execute(
        "SELECT project, digest FROM week_registries WHERE week = ? ORDER BY digest", (week,)
    ):
        digests[project].append(digest)
    names = {
        (project, key): name
        for project, key, name in connection.execute("SELECT project, key, name FROM keys")
    }
    retractions: defaultdict[str, list[Retraction]] = defaultdict(list)
    for project, key, reason, date in connection.execute(
        "SELECT project, key, reason, retracted FROM retractions WHERE week = ? ORDER BY key",
        (week,),
    ):
        retractions[project].append(Retraction(key, names[project, key], reason, date))
    for project, reports in connection.execute(
        "SELECT project, reports FROM published_reports WHERE week = ? ORDER BY project", (week,)
    ).fetchall():
        answers = dict(
            connection.execute(
                "SELECT key, answers FROM published_answers WHERE week = ? AND project = ?",
                (week, project),
            )
        )
        cells = connection.execute(
            "SELECT key, value, release, reports FROM published_values"
            " WHERE week = ? AND project = ?",
            (week, project),
        )
        its = its_terms.get(project, NO_TERMS)
        taken_down = {notice.key for notice in retractions[project]}
        yield PublishedProject(
            name=project,
            digests=tuple(digests[project]),
            key_names={key: names[project, key] for key in answers},
            publication=Publication(
                reports,
                answers,
                {Cell(*cell): n for *cell, n in cells},
                apart.get(project, {}),
            ),
            retractions=tuple(retractions[project]),
            terms=its,
            places=its_places.get(project, {}),
            version_key=version_key(connection, project),
            too_few={
                key: names[project, key]
                for key in sorted(its)
                if key not in answers and key not in taken_down
            },
            schemas={
                digest: schemas[project, digest]
                for digest in digests[project]
                if (project, digest) in schemas
            },
        )
