"""Connections to PostgreSQL: the pool of a server, and those of commands."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from psycopg import conninfo
from psycopg_pool import ConnectionPool

from headcount_server.errors import StoreError
from headcount_server.store.connection import Connection, Rows
from headcount_server.store.postgres import schema, session
from headcount_server.store.postgres.schema import (
    LOCKS,
    SERVERS_LOCK,
    STEPS,
    WEEKS_LOCK,
    PostgresConnection,
)
from headcount_server.store.postgres.url import PostgresUrl

POOL_SECONDS = 2.0
"""Seconds that a caller waits for a connection."""
log = logging.getLogger(__name__)

_PARAMETERS = {
    "connect_timeout": "3",
    # A broken network is noticed after about ten seconds.
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
    "application_name": "headcount-server",
}
_PUBLISHED = (
    "headcount.published_reports, headcount.published_answers, headcount.published_values,"
    " headcount.told_apart, headcount.places, headcount.log_salts"
)


class Adapter:
    """A PostgreSQL connection with the methods of `store.connection.Connection`."""

    def __init__(self, connection: PostgresConnection) -> None:
        self.postgres = connection

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Rows:
        """Run a statement."""
        return self.postgres.execute(_translated(sql), tuple(parameters))

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> None:
        """Run a statement once per row of parameters."""
        self.postgres.cursor().executemany(_translated(sql), map(tuple, parameters))


def of(connection: Connection) -> PostgresConnection:
    """Return the connection behind one that `reading` or `writing` gave."""
    return cast("Adapter", connection).postgres


def _translated(sql: str) -> bytes:
    return sql.replace("%", "%%").replace("?", "%s").encode()


def information(url: PostgresUrl) -> str:
    """Return connection parameters, with bounds on waiting unless the URL has its own.

    Raises StoreError.
    """
    try:
        given = conninfo.conninfo_to_dict(url.text)
    except psycopg.Error as error:
        msg = f"--database {url}: {message_of(error)}"
        raise StoreError(msg) from error
    more = {name: value for name, value in _PARAMETERS.items() if name not in given}
    return conninfo.make_conninfo(url.text, **more, **session.PARAMETERS)


def pool(url: PostgresUrl, size: int, identity: int) -> ConnectionPool[PostgresConnection]:
    """Return the connections of a server, made when needed and replaced when they break.

    A connection that leads to a database of another identity is refused.
    """

    def configure(connection: PostgresConnection) -> None:
        session.configure(connection)
        if schema.identity(connection) != identity:
            log.error("%s: leads to another database than before; restart the server", url)
            raise psycopg.OperationalError("another database")
        # The lock shows a copy that a server runs; it is released when the connection ends.
        connection.execute("SELECT pg_advisory_lock_shared(%s, %s)", (LOCKS, SERVERS_LOCK))

    return ConnectionPool(
        information(url),
        min_size=1,
        max_size=size,
        timeout=POOL_SECONDS,
        # One try at a time: the next caller that needs a connection makes the next try.
        reconnect_timeout=1.0,
        configure=configure,
        open=False,
        name="headcount",
    )


def message_of(error: psycopg.Error) -> str:
    """Return the words of the server or the driver in one line, without anybody's data."""
    if error.sqlstate is not None:
        return str(error.diag.message_primary or type(error).__name__)
    return " ".join(str(error).split()) or type(error).__name__


@contextmanager
def connected(url: PostgresUrl) -> Iterator[PostgresConnection]:
    """Give the connection of a command. Raises StoreError if anything fails."""
    try:
        with psycopg.connect(information(url)) as connection:
            session.configure(connection)
            yield connection
    except psycopg.Error as error:
        msg = f"{url}: {message_of(error)}"
        raise StoreError(msg) from error


@contextmanager
def reading(url: PostgresUrl, *, older: bool = False) -> Iterator[Adapter]:
    """Give one snapshot that cannot be written to; it works beside running servers.

    Raises StoreError if the database has no schema of headcount, a newer one, or, unless
    `older` is set, an older one.
    """
    with connected(url) as connection:
        refuse_strange(connection, url, older=older)
        connection.execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield Adapter(connection)
        connection.execute("ROLLBACK")


@contextmanager
def writing(url: PostgresUrl) -> Iterator[Adapter]:
    """Give one transaction that corrects; running servers show its outcome within seconds.

    Afterwards the published tables are rewritten, so that no unused page keeps deleted
    rows. Raises StoreError.
    """
    with connected(url) as connection:
        refuse_strange(connection, url, older=False)
        with connection.transaction():
            schema.lock(connection, WEEKS_LOCK)
            schema.hold_intake(connection)
            yield Adapter(connection)
            connection.execute("UPDATE headcount.revision SET revision = revision + 1")
        _write_anew(connection)
        if not schema.drop_leftovers(connection):
            log.warning("tables of a week that is no longer open are left; a server drops them")


@contextmanager
def noting(url: PostgresUrl) -> Iterator[Adapter]:
    """Give one transaction that deletes no totals and keeps no server waiting.

    Raises StoreError.
    """
    with connected(url) as connection:
        refuse_strange(connection, url, older=False)
        with connection.transaction():
            yield Adapter(connection)


@contextmanager
def delivering(url: PostgresUrl) -> Iterator[bool]:
    """Hold the right to deliver to destinations; give False if another session has it.

    It ends with the session, and so with the process that delivers. Raises StoreError.
    """
    with connected(url) as connection:
        row = connection.execute(
            "SELECT pg_try_advisory_lock(%s, %s)", (LOCKS, schema.DELIVERIES_LOCK)
        ).fetchone()
        yield row == (True,)


def _write_anew(connection: PostgresConnection) -> None:
    """Rewrite the published tables, unless that keeps others waiting for long."""
    try:
        # It excludes readers from its request for the lock to its end.
        connection.execute("SET statement_timeout = '900ms'")
        connection.execute("SET lock_timeout = '100ms'")
        connection.execute(f"VACUUM (FULL) {_PUBLISHED}".encode())
    except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable):
        log.warning(
            "the correction is made; left to do, since others were reading, is to write the "
            "tables anew, without which unused pages keep what was there: VACUUM (FULL) %s",
            _PUBLISHED,
        )
    finally:
        connection.execute("RESET statement_timeout")


def refuse_strange(connection: PostgresConnection, url: PostgresUrl, *, older: bool) -> None:
    """Raise StoreError if the schema is missing or not one of this program's."""
    done = schema.applied(connection)
    schema.refuse_newer(done, str(url))
    if not done:
        msg = (
            f"{url}: headcount has no tables there; `headcount-server database prepare` makes them"
        )
        raise StoreError(msg)
    if len(done) < len(STEPS) and not older:
        msg = (
            f"{url}: its schema is version {len(done)}; `headcount-server database prepare` with "
            f"this program brings it to {len(STEPS)}"
        )
        raise StoreError(msg)
