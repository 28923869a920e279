"""Reading what was published, from any database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from headcount_server.counting.tally import Cell
from headcount_server.publication.rounding import Publication
from headcount_server.store.connection import Connection
from headcount_server.store.contract import PublishedProject, PublishedWeek, Retraction
from headcount_server.week import Week


def read(
    connection: Connection, first: Week | None, last: Week | None, limit: int
) -> list[PublishedWeek]:
    """Closed weeks from first to last, newest first, at most `limit`."""
    rows = connection.execute(
        "SELECT week, threshold FROM weeks WHERE closed IS NOT NULL"
        " AND week BETWEEN ? AND ? ORDER BY week DESC LIMIT ?",
        (str(first or ""), str(last or "~"), limit),
    ).fetchall()
    annotations = dict(connection.execute("SELECT week, text FROM annotations"))
    return [
        PublishedWeek(
            Week.parse(week),
            threshold,
            tuple(_projects(connection, week)),
            annotations.get(week, ""),
        )
        for week, threshold in rows
    ]


def _projects(connection: Connection, week: str) -> Iterator[PublishedProject]:
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
        yield PublishedProject(
            name=project,
            digests=tuple(digests[project]),
            key_names={key: names[project, key] for key in answers},
            publication=Publication(reports, answers, {Cell(*cell): n for *cell, n in cells}),
            retractions=tuple(retractions[project]),
        )
