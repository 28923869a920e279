"""The database that a flag names, of either engine, as servers and commands use it.

An engine is a folder beside this file. `open` alone knows all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from headcount_server.store.audit import Audit
from headcount_server.store.connection import Connection
from headcount_server.store.contract import Store
from headcount_server.week import Week

Row: TypeAlias = tuple[Any, ...]


class Side(Protocol):
    """A database that is copied from or into, within one transaction; see `copying`."""

    @property
    def connection(self) -> Connection:
        """Return the connection of the transaction."""
        ...

    def rows(self, table: str) -> Iterator[Row]:
        """Yield the rows of one of `copying.TABLES`. Raises StoreError."""
        ...


class Target(Side, Protocol):
    """A database that is copied into, and is empty before."""

    def put(self, table: str, rows: Iterable[Row]) -> None:
        """Add rows of one of `copying.TABLES`. Raises StoreError."""
        ...


class Database(Protocol):
    """A place for the tally. Its text, in the form that `--database` takes, has no password.

    A method that cannot do its work raises StoreError, with the database's name and a remedy.
    """

    @property
    def files(self) -> Sequence[Path]:
        """Return the database's files, the main one first; none if a database server holds them."""
        ...

    @property
    def open_tables(self) -> str:
        """Return the prefix of the tables that hold exact totals of open weeks."""
        ...

    @property
    def socket(self) -> Path | None:
        """Return where a running server takes corrections; None if commands make them beside it."""
        ...

    def open_store(self) -> Store:
        """Return the store of a server, and make the database's tables if there are none."""
        ...

    def reading(self, *, older: bool = False) -> AbstractContextManager[Connection]:
        """Give a connection that cannot write, on one snapshot; it works beside running servers.

        Refuses a newer schema, and an older one unless `older` is set.
        """
        ...

    def writing(self) -> AbstractContextManager[Connection]:
        """Give the connection of a command that corrects, in one transaction."""
        ...

    def noting(self) -> AbstractContextManager[Connection]:
        """Give the connection of a command that notes a delivery, in one transaction."""
        ...

    def delivering(self) -> AbstractContextManager[bool]:
        """Hold the right to deliver to destinations; give False if another process has it."""
        ...

    def give_up(self, connection: Connection, week: Week) -> None:
        """Drop an open week with its tokens and totals, within a transaction of `writing`."""
        ...

    def audit(self) -> Audit:
        """Return the result of an audit, which also works beside running servers."""
        ...

    def copy_from(self) -> AbstractContextManager[Side]:
        """Give the database as the source of a copy; no server may run on it."""
        ...

    def copy_into(self) -> AbstractContextManager[Target]:
        """Give the database as the target of a copy; it must be empty.

        It stays empty if anything fails.
        """
        ...

    def prepare(self) -> Iterator[str]:
        """Prepare the database for servers that may not make tables; yield each step in words."""
        ...

    def begin_demonstration(self) -> None:
        """Clear the database of a former demonstration, and of nothing else."""
        ...
