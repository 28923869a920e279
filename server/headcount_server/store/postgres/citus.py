"""Citus: the tables that a report touches, distributed by shard and kept together.

All other tables stay on the node that the servers connect to. Statements and behaviour:
https://docs.citusdata.com, `create_distributed_table`.
"""

from __future__ import annotations

import psycopg

from headcount_server.store.postgres import schema
from headcount_server.store.postgres.schema import DISTRIBUTED, SCHEMA_LOCK, PostgresConnection

_PRESENT = "SELECT extversion FROM pg_extension WHERE extname = 'citus'"


def version(connection: PostgresConnection) -> str | None:
    """Return the version of the extension in this database; None if it is not there."""
    row = connection.execute(_PRESENT).fetchone()
    return str(row[0]) if row else None


def distributed(connection: PostgresConnection) -> set[str]:
    """Return headcount's tables that are distributed; the extension must be there."""
    rows = connection.execute(
        "SELECT c.relname FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'headcount_open' AND p.partmethod = 'h'"
    )
    return {name for (name,) in rows}


def is_distributed(connection: PostgresConnection) -> bool:
    """Return whether shards are on several nodes."""
    return version(connection) is not None and bool(distributed(connection))


def distribute(connection: PostgresConnection) -> list[str]:
    """Distribute the tables that are not distributed yet; return their names.

    Raises psycopg.Error.
    """
    first, *_ = DISTRIBUTED
    with connection.transaction():
        schema.lock(connection, SCHEMA_LOCK)
        done = distributed(connection)
        missing = [table for table in DISTRIBUTED if table not in done]
        for table in missing:
            together = "none" if table == first else f"headcount_open.{first}"
            connection.execute(
                "SELECT create_distributed_table(%s::regclass, 'shard', colocate_with => %s)",
                (f"headcount_open.{table}", together),
            )
    return missing


def explained(
    connection: PostgresConnection, statement: bytes, parameters: tuple[object, ...]
) -> str:
    """Return how the cluster would run a statement with `$1` parameters."""
    cursor = psycopg.RawCursor(connection)
    cursor.execute(b"EXPLAIN (VERBOSE) " + statement, parameters)
    return "\n".join(str(line) for (line,) in cursor.fetchall())
