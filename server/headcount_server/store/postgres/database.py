"""A database on a PostgreSQL server, which implements `store.database.Database`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from headcount_server.store.audit import Audit
from headcount_server.store.connection import Connection
from headcount_server.store.database import Side, Target
from headcount_server.store.postgres import audit, connections, copying, prepare, weeks
from headcount_server.store.postgres.store import PostgresStore
from headcount_server.store.postgres.url import PostgresUrl
from headcount_server.week import Week


@dataclass(frozen=True, slots=True)
class PostgresDatabase:
    """A database that any number of servers share; see `store.database.Database`."""

    url: PostgresUrl
    files: ClassVar[tuple[Path, ...]] = ()
    open_tables: ClassVar[str] = "shard"
    socket: ClassVar[None] = None

    def __str__(self) -> str:
        return str(self.url)

    def open_store(self) -> PostgresStore:
        """Return the store of a server."""
        return PostgresStore(self.url)

    def reading(self, *, older: bool = False) -> AbstractContextManager[Connection]:
        """Give a snapshot that cannot be written to."""
        return connections.reading(self.url, older=older)

    def writing(self) -> AbstractContextManager[Connection]:
        """Give one transaction that corrects."""
        return connections.writing(self.url)

    def noting(self) -> AbstractContextManager[Connection]:
        """Give one transaction that notes a delivery."""
        return connections.noting(self.url)

    def delivering(self) -> AbstractContextManager[bool]:
        """Hold the right to deliver."""
        return connections.delivering(self.url)

    def give_up(self, connection: Connection, week: Week) -> None:
        """Drop an open week; servers then begin it anew."""
        weeks.forget(connections.of(connection), week)

    def audit(self) -> Audit:
        """Return the result of an audit."""
        return audit.audit(self.url)

    def copy_from(self) -> AbstractContextManager[Side]:
        """Give the database as the source of a copy."""
        return copying.leaving(self.url)

    def copy_into(self) -> AbstractContextManager[Target]:
        """Give the database as the target of a copy."""
        return copying.arriving(self.url)

    def prepare(self) -> Iterator[str]:
        """Make or update the tables, and distribute them with Citus; yield each step in words."""
        return prepare.prepare(self.url)

    def begin_demonstration(self) -> None:
        """Clear the database of a former demonstration."""
        prepare.begin_demonstration(self.url)
