"""The close of a week: its totals become what is published, and go.

Both steps belong to one transaction of the caller's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from headcount_server.counting.tally import Cell, Tally
from headcount_server.publication.rounding import Publication
from headcount_server.publication.rounding import publish as published
from headcount_server.store import retractions
from headcount_server.store.connection import Connection
from headcount_server.week import Week

_OPEN_TABLES = ("open_reports", "open_answers", "open_values")


def publish(connection: Connection, week: Week, threshold: int) -> None:
    """Write what the threshold leaves of a week's totals."""
    for project, tally in _tallies(connection, week):
        publication = published(tally, threshold)
        if publication is not None:
            publication = retractions.withhold(connection, str(week), project, publication)
            _write(connection, (str(week), project), publication)


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


def forget(connection: Connection, week: Week) -> None:
    """Drop a week's totals on SQLite, and every trace of them in the tables of the other weeks."""
    for table in _OPEN_TABLES:
        # `secure_delete` overwrites the rows, but not the copies of rows that
        # SQLite leaves in a page when it splits it; emptying a table wipes its
        # pages whole.
        kept = connection.execute(
            f"SELECT * FROM {table} WHERE week <> ?",  # noqa: S608 - our names
            (str(week),),
        ).fetchall()
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our names
        if kept:
            places = ", ".join("?" * len(kept[0]))
            connection.executemany(f"INSERT INTO {table} VALUES ({places})", kept)  # noqa: S608
