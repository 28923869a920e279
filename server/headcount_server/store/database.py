"""The database that a flag names: a SQLite file, or a PostgreSQL server.

The modules of PostgreSQL are imported where one is named, since its driver is
an extra of this distribution.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

from headcount_server.errors import StoreError
from headcount_server.store import closing
from headcount_server.store.connection import Connection
from headcount_server.store.contract import Store
from headcount_server.store.sqlite import connections
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.week import Week

_URL = re.compile(r"postgres(ql)?://", re.IGNORECASE)
_PASSWORD = re.compile(r"(://[^/@:]*):[^/@]*@|(?<=[?&]password=)[^&]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PostgresUrl:
    """A database on a PostgreSQL server, as libpq writes it: `postgresql://user@host/name`."""

    text: str

    def __str__(self) -> str:
        return _PASSWORD.sub(lambda found: f"{found[1]}@" if found[1] else "", self.text)

    def __repr__(self) -> str:
        return f"PostgresUrl({str(self)!r})"


Database: TypeAlias = Path | PostgresUrl


def parse(text: str) -> Database:
    """The database written as a URL or as a path."""
    return PostgresUrl(text) if _URL.match(text) else Path(text)


def open_store(database: Database) -> Store:
    """The store of a server; makes the database's tables where there are none.

    Raises StoreError.
    """
    if isinstance(database, Path):
        return SqliteStore(database)
    store: Store = postgres(database, "store").PostgresStore(database)
    return store


def reading(database: Database, *, older: bool = False) -> AbstractContextManager[Connection]:
    """A connection that cannot write, on one snapshot; works beside running servers.

    Raises StoreError where the database is missing, unreadable, of a newer
    schema, or of an older one unless that is asked for.
    """
    if isinstance(database, Path):
        return connections.reading(database, older=older)
    connection = postgres(database, "connections")
    found: AbstractContextManager[Connection] = connection.reading(database, older=older)
    return found


def writing(database: Database) -> AbstractContextManager[Connection]:
    """The connection of a command that corrects, in one transaction. Raises StoreError."""
    if isinstance(database, Path):
        return connections.writing(database)
    connection = postgres(database, "connections")
    found: AbstractContextManager[Connection] = connection.writing(database)
    return found


def open_tables(database: Database) -> str:
    """How the names of the tables begin that hold exact totals of open weeks."""
    return "open" if isinstance(database, Path) else "shard"


def forget(database: Database, connection: Connection, week: Week) -> None:
    """Drop an open week with its tokens and totals, within a transaction of `writing`."""
    if isinstance(database, PostgresUrl):
        postgres(database, "weeks").give_up(connection, week)
        return
    closing.forget(connection, week)
    connection.execute("DELETE FROM weeks WHERE week = ?", (str(week),))
    connection.execute(f"DROP TABLE IF EXISTS {connections.token_table(week)}")


def only_file(database: Database, remedy: str) -> Path:
    """The path of a SQLite file. Raises StoreError with the remedy for anything else."""
    if isinstance(database, Path):
        return database
    msg = f"--database {database}: this command is for SQLite files; {remedy}"
    raise StoreError(msg)


def postgres(database: PostgresUrl, module: str) -> ModuleType:
    """A module of ours that needs the driver. Raises StoreError where that is missing."""
    try:
        import_module("psycopg_pool")
    except ImportError as error:
        msg = (
            f"--database {database}: PostgreSQL needs a driver that is not installed ({error}); "
            "install it with: pip install 'headcount-server[postgresql]'"
        )
        raise StoreError(msg) from error
    return import_module(f"headcount_server.store.postgres.{module}")
