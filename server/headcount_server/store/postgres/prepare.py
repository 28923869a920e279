"""Prepares a PostgreSQL database before servers run on it."""

from __future__ import annotations

from collections.abc import Iterator

from headcount_server.errors import StoreError
from headcount_server.store.postgres import citus as postgres_citus
from headcount_server.store.postgres import schema
from headcount_server.store.postgres.connections import connected
from headcount_server.store.postgres.schema import SCHEMAS, STEPS, PostgresConnection
from headcount_server.store.postgres.url import PostgresUrl

_DEMO = "Made by headcount-server demo, which replaces it."


def prepare(url: PostgresUrl) -> Iterator[str]:
    """Make or update the tables, and distribute them with Citus; yield each step in words.

    Raises StoreError.
    """
    with connected(url) as connection:
        refuse_unfit(connection, url)
        taken = schema.migrate(connection, str(url))
        yield f"{url}: schema {len(STEPS)}, " + (
            f"{len(taken)} steps taken" if taken else "as it was"
        )
        citus = postgres_citus.version(connection)
        if citus is None:
            yield "Citus is not in this database: all tables stay on this server"
            return
        tables = postgres_citus.distribute(connection)
        yield f"Citus {citus}: " + (
            f"distributed by shard: {', '.join(tables)}" if tables else "distributed as it was"
        )


def refuse_unfit(connection: PostgresConnection, url: PostgresUrl) -> None:
    """Raise StoreError if the server is too old, or its encoding cannot hold every text."""
    if connection.info.server_version < 150000:  # noqa: PLR2004 - as libpq writes 15.0
        msg = f"{url}: the server is too old; PostgreSQL 15 or later is needed"
        raise StoreError(msg)
    row = connection.execute("SELECT current_setting('server_encoding')").fetchone()
    if row != ("UTF8",):
        msg = f"{url}: the database's encoding is {row and row[0]}; create it with ENCODING 'UTF8'"
        raise StoreError(msg)


def begin_demonstration(url: PostgresUrl) -> None:
    """Clear a database of a former demonstration, and of nothing else. Raises StoreError."""
    with connected(url) as connection:
        if schema.applied(connection):
            row = connection.execute(
                "SELECT obj_description('headcount'::regnamespace, 'pg_namespace')"
            ).fetchone()
            if row != (_DEMO,):
                msg = (
                    f"--database {url}: has tables of headcount that are no demonstration's; name "
                    "another database"
                )
                raise StoreError(msg)
            drop(connection)
        schema.migrate(connection, str(url))
        connection.execute(f"COMMENT ON SCHEMA headcount IS '{_DEMO}'".encode())


def drop(connection: PostgresConnection) -> None:
    """Drop everything of headcount."""
    connection.execute(f"DROP SCHEMA IF EXISTS {', '.join(SCHEMAS)} CASCADE".encode())
