"""The close of a week, which turns its totals into published ones.

It runs within a transaction of the caller, who then drops the totals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from headcount_server.counting.tally import Cell, Tally
from headcount_server.publication import partition, rounding
from headcount_server.publication.key_terms import NO_TERMS
from headcount_server.publication.rounding import Publication
from headcount_server.store import publication_log, published_tables, retractions
from headcount_server.store.connection import Connection
from headcount_server.week import Week


def publish(connection: Connection, week: Week, threshold: int, note: str) -> None:
    """Write what the thresholds leave of a week's totals, the note for its readers, and the log.

    What earlier weeks published settles which releases are told apart, so weeks must be
    closed in order.
    """
    if note:
        connection.execute(
            "INSERT INTO annotations VALUES (?, ?) ON CONFLICT (week) DO NOTHING",
            (str(week), note),
        )
    terms = published_tables.terms(connection, week)
    places = published_tables.places(connection, week)
    for project, tally in _tallies(connection, week):
        its = terms.get(project, NO_TERMS)
        version_key = published_tables.version_key(connection, project)
        source = next(iter(published_tables.latest(connection, project, week, 1)), None)
        releases = places.get(project, {}).get(version_key, frozenset())
        apart = partition.told_apart(source, its, version_key, releases)
        publication = rounding.publish(partition.fold(tally, apart), threshold, its)
        if publication is not None:
            publication = retractions.withhold(connection, str(week), project, publication)
            _write(connection, (str(week), project), rounding.under(publication, apart))
    publication_log.record(connection, week, threshold)


def _tallies(connection: Connection, week: Week) -> Iterator[tuple[str, Tally]]:
    where = "FROM {} WHERE week = ? AND project = ?"
    projects = connection.execute(
        "SELECT project, reports FROM open_reports WHERE week = ?", (str(week),)
    ).fetchall()
    for project, reports in projects:
        at = (str(week), project)
        answers = connection.execute(f"SELECT key, answers {where.format('open_answers')}", at)
        values = connection.execute(
            f"SELECT key, value, release, reports {where.format('open_values')}", at
        )
        cells = Counter({Cell(*cell): n for *cell, n in values})
        yield project, Tally(reports, Counter(dict(answers)), cells)


def _write(connection: Connection, at: tuple[str, str], publication: Publication) -> None:
    connection.execute("INSERT INTO published_reports VALUES (?, ?, ?)", (*at, publication.reports))
    connection.executemany(
        "INSERT INTO published_answers VALUES (?, ?, ?, ?)",
        [(*at, key, n) for key, n in publication.answers.items()],
    )
    connection.executemany(
        "INSERT INTO published_values VALUES (?, ?, ?, ?, ?, ?)",
        [(*at, *cell, n) for cell, n in publication.values.items()],
    )
    connection.executemany(
        "INSERT INTO told_apart VALUES (?, ?, ?, ?, ?)",
        [
            (*at, *cell, release)
            for cell, releases in publication.told_apart.items()
            for release in sorted(releases)
        ],
    )
