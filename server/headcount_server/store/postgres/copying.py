"""A PostgreSQL database that is copied from or into; see `copying`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg

from headcount_server.errors import StoreError
from headcount_server.publication.terms import Terms
from headcount_server.store.database import Row
from headcount_server.store.postgres import prepare, schema, weeks
from headcount_server.store.postgres.connections import (
    Adapter,
    connected,
    message_of,
    refuse_strange,
)
from headcount_server.store.postgres.schema import (
    COPIED,
    LOCKS,
    SERVERS_LOCK,
    PostgresConnection,
    number,
)
from headcount_server.store.postgres.url import PostgresUrl
from headcount_server.week import Week

_AT_ONCE = 10_000
"""Rows of one fetch."""

_QUERIES = {
    "weeks": "SELECT week, threshold, closes, closed, key FROM headcount.weeks"
    " LEFT JOIN headcount_secret.week_keys USING (week)",
    "tokens": "SELECT week, uuid_send(token), shard FROM headcount_open.tokens",
}
_PLACES = {
    "week_registries": "headcount.week_registries",
    "schemas": "headcount.schemas",
    "keys": "headcount.keys",
    "published_reports": "headcount.published_reports",
    "published_answers": "headcount.published_answers",
    "published_values": "headcount.published_values",
    "key_terms": "headcount.key_terms",
    "places": "headcount.places",
    "told_apart": "headcount.told_apart",
    "retractions": "headcount.retractions",
    "annotations": "headcount.annotations",
    "coverages": "headcount.coverages",
    "log_leaves": "headcount.log_leaves",
    "log_salts": "headcount.log_salts",
    "open_reports": "headcount_open.shard_reports",
    "open_answers": "headcount_open.shard_answers",
    "open_values": "headcount_open.shard_values",
}


class PostgresSide:
    """A PostgreSQL database within a transaction."""

    def __init__(self, url: PostgresUrl, connection: PostgresConnection) -> None:
        self.connection = Adapter(connection)
        self._url = url
        self._postgres = connection

    def rows(self, table: str) -> Iterator[Row]:
        """Yield the rows of a table in the order of its columns."""
        query = _QUERIES.get(table, f"SELECT * FROM {table}")  # noqa: S608 - our names
        with _told(self._url), self._postgres.cursor("copying") as cursor:
            cursor.itersize = _AT_ONCE
            width = len(self._postgres.execute(f"{query} LIMIT 0".encode()).description or ())
            order = ", ".join(map(str, range(1, width + 1)))
            for row in cursor.execute(f"{query} ORDER BY {order}".encode()):
                yield _week(row) if table == "tokens" else row

    def put(self, table: str, rows: Iterable[Row]) -> None:
        """Add rows to a table."""
        with _told(self._url):
            if table == "weeks":
                self._put_weeks(rows)
            elif table == "tokens":
                self._stream("headcount_open.tokens (week, token, shard)", map(_token, rows))
            elif table.startswith("open_"):
                self._stream(_PLACES[table], ((COPIED, *row) for row in rows))
            else:
                self._stream(_PLACES[table], rows)
            if table == "open_values":
                self._admit()

    def _stream(self, place: str, rows: Iterable[Row]) -> None:
        with self._postgres.cursor().copy(f"COPY {place} FROM STDIN".encode()) as stream:
            for row in rows:
                stream.write_row(row)

    def _put_weeks(self, rows: Iterable[Row]) -> None:
        for text, threshold, closes, closed, key in rows:
            if closed is None:
                terms = Terms(threshold, datetime.fromisoformat(closes))
                weeks.begin(self._postgres, Week.parse(text), terms, bytes(key))
            else:
                self._stream("headcount.closed_weeks", [(text, threshold, closes, closed)])

    def _admit(self) -> None:
        """Admit the values that the open weeks tally."""
        self._postgres.execute(
            "INSERT INTO headcount_open.admitted_values"
            " SELECT DISTINCT week, project, key, value FROM headcount_open.shard_values"
        )


def _week(row: Row) -> Row:
    week, token, shard = row
    return f"{week // 100:04}-W{week % 100:02}", token, None if shard == COPIED else shard


def _token(row: Row) -> Row:
    week, token, shard = row
    return number(Week.parse(week)), token.hex(), COPIED if shard is None else shard


@contextmanager
def leaving(url: PostgresUrl) -> Iterator[PostgresSide]:
    """Give a database that no server runs on. Raises StoreError."""
    with _alone(url) as connection:
        refuse_strange(connection, url, older=False)
        connection.execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield PostgresSide(url, connection)
        connection.execute("ROLLBACK")


@contextmanager
def arriving(url: PostgresUrl) -> Iterator[PostgresSide]:
    """Give an empty database, which stores rows as they are put. Raises StoreError."""
    with _alone(url) as connection:
        prepare.refuse_unfit(connection, url)
        with connection.transaction():
            schema.migrate(connection, str(url))
            for table in ("headcount.weeks", *_PLACES.values()):
                query = f"SELECT 1 FROM {table} LIMIT 1"  # noqa: S608 - our names
                if connection.execute(query.encode()).fetchone():
                    msg = (
                        f"--to {url}: {table} is not empty; a copy needs a database of its own: "
                        "name another one, or drop this one and create it anew"
                    )
                    raise StoreError(msg)
            # Before there is a log, because that of a database without identity is begun anew.
            weeks.settle_identity(connection)
            yield PostgresSide(url, connection)


@contextmanager
def _alone(url: PostgresUrl) -> Iterator[PostgresConnection]:
    with connected(url) as connection:
        # The other side may be slow.
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        try:
            # It waits some seconds, because a session that has just ended still holds its lock.
            connection.execute("SELECT pg_advisory_lock(%s, %s)", (LOCKS, SERVERS_LOCK))
        except psycopg.errors.LockNotAvailable as error:
            msg = f"{url}: a server or another copy is at work on it; stop that first"
            raise StoreError(msg) from error
        yield connection


@contextmanager
def _told(url: PostgresUrl) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        msg = f"{url}: {message_of(error)}"
        raise StoreError(msg) from error
